"""The one Kiwi instance of the process, and the sentences it finds.

Texts are read line by line in bounded pieces, code, links and quotations taken out first, and every offset that leaves this module is one of the
original text. Nothing here knows about speech levels.
"""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from solar_chat.language.parsing.copula import with_copula
from solar_chat.language.parsing.masking import Region, fenced_blocks, regions
from solar_chat.language.parsing.morpheme import Morpheme
from solar_chat.language.parsing.prepared import STAND_IN, Prepared, prepare
from solar_chat.language.vocabulary import words

if TYPE_CHECKING:
    from kiwipiepy import Kiwi, Token

__all__ = ["Morpheme", "ParsedSentence", "join", "kiwi", "parse"]

PIECE_CHARACTERS: Final = 1500
"""Longest stretch given to Kiwi at once: its memory grows with the length of a sentence."""
UNBROKEN_CHARACTERS: Final = 300
"""A longer line without one space is no prose; Kiwi would try every way to cut it."""
_LIST: Final = re.compile(r"[ \t]*(?:#{1,6}|[-*+•·▪◦‣]|\d{1,3}[.)]|[①-⑳])[ \t]+")
_MARK: Final = re.compile(r"[ \t]*(?:(?:#{1,6}|>|[-*+•·▪◦‣]|\d{1,3}[.)]|[①-⑳]|\[[ xX]\])[ \t]+)*")
_CELL_EDGE: Final = re.compile(r"(?<!\\)\|")
_LINE_BREAK: Final = re.compile(r"[ \t]*\n[ \t>]*")
_WRAPPED_CHARACTERS: Final = 40
"""A shorter line that stops at a connective is an utterance (나 지금 가는데), not a wrapped one."""
_NEVER_FINAL: Final = words("고 으며 며 면서 으면서 도록 느라 려면 으려면 다가 자마자 므로 으므로 거나 어서 고서 면 으면")
"""Connectives with which nobody ends a line that has another one below it, however short."""
_ABBREVIATIONS: Final = words("mr. mrs. ms. dr. vs. no. st. cf. fig. etc. inc. co. ltd. jr. e.g. i.e. approx. ver. vol. pp. ch. sec.")
_HANGUL: Final = re.compile(r"[가-힣ㄱ-ㅎㅏ-ㅣ]")
_SENTENCE_END: Final = re.compile(r"[.?!…~]+[\"'”’)\]]*(?=\s)")
_WORD: Final = re.compile(r"[A-Za-z가-힣ㄱ-ㅎㅏ-ㅣ0-9]")
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class ParsedSentence:
    """A sentence and its morphemes; none where it holds no Hangul. It may run over the end of a wrapped line."""

    start: int
    end: int
    morphemes: tuple[Morpheme, ...]
    listed: bool
    """It stands in a list item, a heading or a table cell."""


# Names of speech levels are made of endings: without these entries 합쇼체 is read as a verb in that level, and rewritten.
_LEVEL_NAMES = ("합쇼체", "하십시오체", "합니다체", "해요체", "해체", "해라체", "하오체", "하게체", "반말체")


@functools.cache
def _build() -> Kiwi:
    from kiwipiepy import Kiwi

    # Both dictionaries hold names from encyclopaedias. They change no ending, and cost 250 MiB and a second.
    kiwi = Kiwi(num_workers=1, load_multi_dict=False, load_default_dict=False)
    for name in _LEVEL_NAMES:
        kiwi.add_user_word(name, "NNG", 5.0)
    kiwi.tokenize("준비합니다.")  # The first call builds tables lazily; without it the first sentence of a reply waits for seconds.
    return kiwi


def kiwi() -> Kiwi:
    """The shared analyser; the first call takes a second and about 250 MiB."""
    with _lock:
        return _build()


def join(morphemes: list[tuple[str, str]]) -> str:
    """Inflect: morphemes to surface text, without inner spaces."""
    # Kiwi contracts 못하다 as a verb (못해) and forgets to as an auxiliary (못하아).
    return str(kiwi().join([(form, "VV" if form == "못하" else tag, False) for form, tag in morphemes]))


def parse(text: str, *, lone_quotes: bool = False) -> tuple[ParsedSentence, ...]:
    """The sentences of `text` with their morphemes, fenced code left out. `lone_quotes` also hides a quotation that is its whole line.

    Short texts are remembered for a moment: a guard judges, rewrites and reports one sentence, and Kiwi should read it once.
    """
    return _remembered(text, lone_quotes) if len(text) <= PIECE_CHARACTERS else _parsed(text, lone_quotes)


@functools.lru_cache(maxsize=64)
def _remembered(text: str, lone_quotes: bool) -> tuple[ParsedSentence, ...]:
    return _parsed(text, lone_quotes)


def _parsed(text: str, lone_quotes: bool) -> tuple[ParsedSentence, ...]:
    inline = regions(text, lone_quotes=lone_quotes)
    if not inline and "\n" not in text and len(text) <= PIECE_CHARACTERS:
        return tuple(_parse_line(text, 0, len(text), inline))
    fences = fenced_blocks(text)
    fenced = {region.start for region in fences}
    inline = [region for region in inline if region.kind in STAND_IN and region.start not in fenced]
    found: list[ParsedSentence] = []
    index = 0
    for start, end in _lines(text, fences):
        while index < len(inline) and inline[index].end <= start:
            index += 1
        masked: list[Region] = []
        probe = index
        while probe < len(inline) and inline[probe].start < end:
            masked.append(inline[probe])
            probe += 1
        if text[start:end].lstrip()[:1] == "|":
            for left, right in _cells(text, start, end, masked):
                found.extend(_parse_line(text, left, right, masked, cell=True))
            continue
        sentences = _parse_line(text, start, end, masked)
        if found and sentences and _wrapped(text, found[-1], sentences[0]):
            last, first = found.pop(), sentences[0]
            sentences[0] = ParsedSentence(last.start, first.end, last.morphemes + first.morphemes, last.listed)
        found.extend(sentences)
    return tuple(found)


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


def _cells(text: str, start: int, end: int, masked: list[Region]) -> Iterator[tuple[int, int]]:
    """The cells of a table row; none for the row of dashes under its head."""
    if not _WORD.search(text, start, end):
        return
    position = start
    for match in _CELL_EDGE.finditer(text, start, end):
        if not any(region.start <= match.start() < region.end for region in masked):
            yield position, match.start()
            position = match.end()
    yield position, end


def _wrapped(text: str, last: ParsedSentence, first: ParsedSentence) -> bool:
    """Whether a sentence goes on in the next line: it stopped at a particle, a comma or a connective where a wrapped line may stop."""
    if not last.morphemes or not first.morphemes or first.listed or first.end - last.start > PIECE_CHARACTERS:
        return False
    if not _LINE_BREAK.fullmatch(text, last.end, first.start):
        return False
    indented = text[first.start - 1] in " \t"
    if last.listed and not indented:
        return False
    final = last.morphemes[-1]
    if final.kind == "SP":
        return final.form == ","
    if final.kind in ("ETM", "MM"):
        return True
    if final.kind.startswith("J"):
        # -ㄹ게 and -ㄴ걸 without a period look like a noun with a particle.
        return final.kind != "JKV" and final.form != "요" and text[last.end - 1] not in "게걸"
    if final.kind != "EC":
        return False
    return indented or final.form in _NEVER_FINAL or last.end - last.start >= _WRAPPED_CHARACTERS


def _parse_line(text: str, start: int, end: int, masked: list[Region], *, cell: bool = False) -> list[ParsedSentence]:
    listed = cell or _LIST.match(text, start, end) is not None
    mark = _MARK.match(text, start, end)
    if mark and not any(region.start < mark.end() and region.end > start for region in masked):
        start = mark.end()
    start, end = _stripped(text, start, end)
    if start >= end:
        return []
    if masked:
        masked = [region.clipped(start, end) for region in masked if region.end > start and region.start < end]
    prepared = prepare(text, start, end, masked)
    unbroken = end - start > UNBROKEN_CHARACTERS and len(text[start:end].split(None, 1)) == 1
    if unbroken or not _HANGUL.search(prepared.prose):
        return [ParsedSentence(left, right, (), listed) for left, right in _plain_sentences(text, start, end)]
    found: list[ParsedSentence] = []
    for right, morphemes in _latin_apart(text, _read(prepared, end)):
        if found and (moved := _leading_emoji(text, found[-1].end, morphemes)):
            found[-1] = ParsedSentence(found[-1].start, morphemes[moved - 1].end, found[-1].morphemes + morphemes[:moved], listed)
            morphemes = morphemes[moved:]
        left = found[-1].end if found else start
        while left < right and text[left].isspace():
            left += 1
        if left >= right:
            continue
        if found and not _WORD.search(text, left, right):
            # Kiwi makes a sentence of an emoji; it belongs to the words before it.
            last = found[-1]
            found[-1] = ParsedSentence(last.start, right, last.morphemes + morphemes, listed)
        else:
            found.append(ParsedSentence(left, right, morphemes, listed))
    return found


def _latin_apart(text: str, sentences: Iterator[tuple[int, tuple[Morpheme, ...]]]) -> Iterator[tuple[int, tuple[Morpheme, ...]]]:
    """An English sentence before a Korean one becomes one of its own: Kiwi keeps its full stop inside the word."""
    for right, morphemes in sentences:
        for index, here in enumerate(morphemes[:-1]):
            if here.tag[0] not in "SW":
                break
            ends = here.tag == "SL" and here.form.endswith(".") and here.form.count(".") == 1 and len(here.form) > 2
            if ends and morphemes[index + 1].tag[0] not in "SW" and text[here.end].isspace() and here.form.lower() not in _ABBREVIATIONS:
                yield here.end, morphemes[: index + 1]
                morphemes = morphemes[index + 1 :]
                break
        yield right, morphemes


def _leading_emoji(text: str, end: int, morphemes: tuple[Morpheme, ...]) -> int:
    """How many emoji at the head of a sentence close the one before it, which ends at `end` without a mark (좋아요 😀 내일 봐요)."""
    count = 0
    while text[end - 1] not in ".?!…~" and count < len(morphemes) and morphemes[count].tag == "W_EMOJI":
        count += 1
    return count


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _read(prepared: Prepared, end: int) -> Iterator[tuple[int, tuple[Morpheme, ...]]]:
    """Kiwi's sentences of a line that ends at `end`: where each one ends in the original, and its morphemes."""
    tokens: list[Token] = kiwi().tokenize(prepared.text)
    base, starts, ends = prepared.base, prepared.starts, prepared.ends
    first = 0
    count = len(tokens)
    while first < count:
        sentence = tokens[first].sent_position
        morphemes: list[Morpheme] = []
        last = first
        while last < count and (token := tokens[last]).sent_position == sentence:
            left, length = token.start, token.len
            if starts is None or ends is None:
                morphemes.append(Morpheme(token.form, token.tag, base + left, base + left + length))
            elif length:
                morphemes.append(Morpheme(token.form, token.tag, starts[left], ends[left + length - 1]))
            else:
                # 이다 after a vowel has no letters of its own: it stands where the noun ends.
                stands = ends[left - 1] if left else starts[0]
                morphemes.append(Morpheme(token.form, token.tag, stands, stands))
            last += 1
        morphemes = with_copula(morphemes, tokens[first:last])
        stop = tokens[last - 1].end
        if starts is None:
            yield base + stop, tuple(morphemes)
        else:
            # Closing marks go with the sentence that they close.
            yield (starts[stop] if stop < len(starts) else end), tuple(morphemes)
        first = last


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
