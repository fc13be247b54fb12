"""The one Kiwi instance of the process, and texts prepared for it.

Code, links and quotations become stand-in nouns before Kiwi sees them, and every offset that leaves this module is one of the original text. Long
texts go through line by line in bounded pieces. Nothing here knows about speech levels.
"""

from __future__ import annotations

import functools
import re
import threading
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from solar_chat.language.masking import Region, fenced_blocks, regions

if TYPE_CHECKING:
    from kiwipiepy import Kiwi, Token

PIECE_CHARACTERS: Final = 1500
"""Longest stretch given to Kiwi at once: its memory grows with the length of a sentence."""
UNBROKEN_CHARACTERS: Final = 300
"""A longer line without one space is no prose; Kiwi would try every way to cut it."""
_STAND_IN: Final = {"code": "코드", "url": "링크", "quote": "인용"}
_MARK: Final = re.compile(r"[ \t]*(?:(?:#{1,6}|>|[-*+•·▪◦‣]|\d{1,3}[.)]|[①-⑳]|\[[ xX]\])[ \t]+)*")
_LIST: Final = re.compile(r"[ \t]*(?:#{1,6}|[-*+•·▪◦‣]|\d{1,3}[.)]|[①-⑳])[ \t]+")
_HANGUL: Final = re.compile(r"[가-힣ㄱ-ㅎㅏ-ㅣ]")
_SENTENCE_END: Final = re.compile(r"[.?!…~]+[\"'”’)\]]*(?=\s)")
_WORD: Final = re.compile(r"[A-Za-z가-힣ㄱ-ㅎㅏ-ㅣ0-9]")
_UNSAFE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Morpheme:
    """One of Kiwi's tokens; offsets in characters of the original text. `tag` keeps -R/-I, which `join` needs."""

    form: str
    tag: str
    start: int
    end: int

    @property
    def kind(self) -> str:
        """The tag without its -R/-I."""
        return self.tag.split("-")[0]


@dataclass(frozen=True, slots=True)
class ParsedSentence:
    """A sentence and its morphemes; none where it holds no Hangul."""

    start: int
    end: int
    morphemes: tuple[Morpheme, ...]
    listed: bool
    """It stands in a list item or a heading."""


# Names of speech levels are made of endings: without these entries 합쇼체 is read as a verb in that level, and rewritten.
_LEVEL_NAMES = ("합쇼체", "하십시오체", "합니다체", "해요체", "해체", "해라체", "하오체", "하게체", "반말체")


@functools.cache
def _build() -> Kiwi:
    from kiwipiepy import Kiwi

    kiwi = Kiwi(num_workers=1, load_multi_dict=False)
    for name in _LEVEL_NAMES:
        kiwi.add_user_word(name, "NNG", 5.0)
    kiwi.tokenize("준비합니다.")  # The first call builds tables lazily; without it the first sentence of a reply waits for seconds.
    return kiwi


def kiwi() -> Kiwi:
    """The shared analyser; the first call takes seconds and about 330 MiB."""
    with _lock:
        return _build()


def warm() -> None:
    """Load Kiwi now. Safe from any thread; returns at once where it is loaded."""
    kiwi()


def join(morphemes: list[tuple[str, str]]) -> str:
    """Inflect: morphemes to surface text, without inner spaces."""
    # Kiwi contracts 못하다 as a verb (못해) and forgets to as an auxiliary (못하아).
    return str(kiwi().join([(form, "VV" if form == "못하" else tag, False) for form, tag in morphemes]))


@dataclass(slots=True)
class _Prepared:
    text: str
    starts: list[int]
    origins: list[int]
    lengths: list[int]
    replaced: list[bool]

    def origin(self, offset: int, *, end: bool = False) -> int:
        """The original offset of a prepared one; inside a stand-in, its outer edge."""
        index = bisect_right(self.starts, offset - 1 if end and offset > 0 else offset) - 1
        if self.replaced[index]:
            return self.origins[index] + (self.lengths[index] if end else 0)
        return self.origins[index] + offset - self.starts[index]


def _prepare(text: str, start: int, end: int, masked: list[Region]) -> _Prepared:
    pieces: list[str] = []
    prepared = _Prepared("", [], [], [], [])
    length = 0

    def add(piece: str, origin: int, original_length: int, replaced: bool) -> None:
        nonlocal length
        prepared.starts.append(length)
        prepared.origins.append(origin)
        prepared.lengths.append(original_length)
        prepared.replaced.append(replaced)
        pieces.append(piece)
        length += len(piece)

    position = start
    for region in masked:
        if region.start > position:
            add(_UNSAFE.sub(" ", text[position : region.start]), position, region.start - position, False)
        add(_STAND_IN[region.kind], region.start, region.end - region.start, True)
        position = region.end
    if position < end or not pieces:
        add(_UNSAFE.sub(" ", text[position:end]), position, end - position, False)
    prepared.text = "".join(pieces)
    return prepared


def _lines(text: str, fences: list[Region]) -> Iterator[tuple[int, int]]:
    """Lines outside fenced blocks, cut into pieces of bounded length."""
    position = 0
    fence = 0
    for line in text.split("\n"):
        start, end = position, position + len(line)
        position = end + 1
        while fence < len(fences) and fences[fence].end <= start:
            fence += 1
        if fence < len(fences) and fences[fence].start <= start < fences[fence].end:
            continue
        while end - start > PIECE_CHARACTERS:
            cut = start + PIECE_CHARACTERS
            best = max((match.end() for match in _SENTENCE_END.finditer(text, start + PIECE_CHARACTERS // 2, cut)), default=0)
            best = best or text.rfind(" ", start + 1, cut) or cut
            best = best if best > start else cut
            yield start, best
            start = best
        yield start, end


def parse(text: str, *, lone_quotes: bool = False) -> tuple[ParsedSentence, ...]:
    """The sentences of `text` with their morphemes, fenced code left out. `lone_quotes` also hides a quotation that is its whole line.

    Short texts are remembered for a moment: a guard judges, rewrites and reports one sentence, and Kiwi should read it once.
    """
    return _remembered(text, lone_quotes) if len(text) <= PIECE_CHARACTERS else _parsed(text, lone_quotes)


@functools.lru_cache(maxsize=64)
def _remembered(text: str, lone_quotes: bool) -> tuple[ParsedSentence, ...]:
    return _parsed(text, lone_quotes)


def _parsed(text: str, lone_quotes: bool) -> tuple[ParsedSentence, ...]:
    fences = fenced_blocks(text)
    fenced = {region.start for region in fences}
    inline = [region for region in regions(text, lone_quotes=lone_quotes) if region.kind in _STAND_IN and region.start not in fenced]
    found: list[ParsedSentence] = []
    index = 0
    for start, end in _lines(text, fences):
        while index < len(inline) and inline[index].end <= start:
            index += 1
        here: list[Region] = []
        probe = index
        while probe < len(inline) and inline[probe].start < end:
            region = inline[probe]
            here.append(Region(max(start, region.start), min(end, region.end), region.kind))
            probe += 1
        found.extend(_parse_line(text, start, end, here))
    return tuple(found)


def _parse_line(text: str, start: int, end: int, masked: list[Region]) -> list[ParsedSentence]:
    line = text[start:end]
    listed = _LIST.match(line) is not None
    mark = _MARK.match(line)
    if mark and not any(region.start < start + mark.end() for region in masked):
        start += mark.end()
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start >= end:
        return []
    masked = [Region(max(start, region.start), min(end, region.end), region.kind) for region in masked if region.end > start and region.start < end]
    prepared = _prepare(text, start, end, masked)
    unbroken = end - start > UNBROKEN_CHARACTERS and len(text[start:end].split(None, 1)) == 1
    if unbroken or not _HANGUL.search(prepared.text) or not _HANGUL.search(_outside(text, start, end, masked)):
        return [ParsedSentence(left, right, (), listed) for left, right in _plain_sentences(text, start, end)]
    found: list[ParsedSentence] = []
    for sentence in kiwi().split_into_sents(prepared.text, return_tokens=True):
        morphemes = tuple(_morpheme(token, prepared) for token in sentence.tokens or ())
        left, right = prepared.origin(sentence.start), prepared.origin(sentence.end, end=True)
        if found and not _WORD.search(text[left:right]):
            # Kiwi makes a sentence of an emoji; it belongs to the words before it.
            last = found[-1]
            found[-1] = ParsedSentence(last.start, right, last.morphemes + morphemes, listed)
        else:
            found.append(ParsedSentence(left, right, morphemes, listed))
    return found


def _morpheme(token: Token, prepared: _Prepared) -> Morpheme:
    start = prepared.origin(token.start)
    # 이다 after a vowel has no letters of its own: it stands where the noun ends.
    end = prepared.origin(token.end, end=True) if token.len else start
    return Morpheme(token.form, token.tagged_form.rsplit("/", 1)[1], start, end)


def _outside(text: str, start: int, end: int, masked: list[Region]) -> str:
    pieces: list[str] = []
    for region in masked:
        pieces.append(text[start : region.start])
        start = region.end
    pieces.append(text[start:end])
    return "".join(pieces)


def _plain_sentences(text: str, start: int, end: int) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for match in _SENTENCE_END.finditer(text, start, end):
        if match.end() > start:
            found.append((start, match.end()))
            start = match.end()
            while start < end and text[start].isspace():
                start += 1
    if start < end:
        found.append((start, end))
    return found
