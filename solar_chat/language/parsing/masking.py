"""What in a text is not prose: code, links, paths, numbers, emoji and quoted mentions.

Every pattern here runs in linear time, because it also reads text from strangers. Regions never overlap and keep their order. Nothing here decides
what language or speech level anything is in; a quotation counts as a mention only while its line has words of its own.
"""

from __future__ import annotations

import functools
import itertools
import math
import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from solar_chat.language.parsing.markup import comments, front_matter, link_targets, tags
from solar_chat.language.types import SpanKind

_EXTENSIONS: Final = (
    "py|js|ts|tsx|jsx|json|jsonl|ya?ml|toml|md|mdx|txt|csv|tsv|html?|css|xml|sh|bash|bat|ps1|exe|dll|zip|gz|tar|pdf|png|jpe?g|gif|svg|mp[34]|wav|docx?"
    "|xlsx?|pptx?|hwpx?|java|kt|c|cc|cpp|h|hpp|rs|go|rb|php|sql|ini|cfg|conf|log|lock|safetensors|gguf|bin|pt|ipynb"
)
# A particle after a Hangul path (문서를) is grammar, not address.
_KOREAN_TAIL: Final = r"[가-힣][가-힣!-~]*"
_PARTICLE: Final = re.compile(r"(?<=[가-힣/=?&#_-])(?:에서는|에서도|으로는|에는|에서|으로|까지|부터|처럼|이라는|라는|이나|[을를에의로은는와과])$")
_ADDRESS: Final = re.compile(
    rf"(?P<url>(?:https?|ftp)://[!-~]+(?:(?<=[/=?&#_-]){_KOREAN_TAIL})?|(?<![A-Za-z0-9.])www\.[!-~]+(?:(?<=[/=?&#_-]){_KOREAN_TAIL})?"
    rf"|(?<![A-Za-z0-9.@-])[A-Za-z0-9-]{{1,63}}\.(?:com|org|net|io|dev|kr|co\.kr|ai)\b(?:/[!-~]*(?:(?<=[/=?&#_-]){_KOREAN_TAIL})?)?)"
    r"|(?P<email>(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,6})"
    r"|(?P<handle>(?<![\w@.])@[A-Za-z][A-Za-z0-9_-]{1,40}(?:/[A-Za-z0-9._-]{1,60})?(?<![._-]))"
    r"|(?P<path>(?<![A-Za-z0-9가-힣/~.])(?:(?:~|\.{1,2})?/[A-Za-z0-9._-]+|(?:~|\.{1,2})/[가-힣]+[A-Za-z0-9._-]*)(?:/[A-Za-z0-9._가-힣-]+)*/?"
    r"|(?<![A-Za-z0-9])[A-Za-z]:\\[A-Za-z0-9._\\가-힣-]+"
    rf"|(?<![A-Za-z0-9._/-])[A-Za-z0-9_][A-Za-z0-9_/-]{{0,120}}\.(?:{_EXTENSIONS})(?![A-Za-z0-9]))"
)
_ADDRESS_SIGN: Final = re.compile(r"[/\\@]|\.[A-Za-z]")
# The lookbehind stands after the first character, where it is tried at digits and signs only.
_NUMBER: Final = re.compile(r"[+\-0-9](?<![A-Za-z0-9][+\-0-9])(?:(?<=\d)|\d)\d{0,39}(?:[.,:]\d{1,40})*(?:%|(?!\d))")
_EMOJI: Final = re.compile(
    r"[\U0001F1E6-\U0001F1FF\U0001F300-\U0001FAFF\u2600-\u27BF\u2B50\u2B55\u203C\u2049]"
    r"[\U0001F1E6-\U0001F1FF\U0001F300-\U0001FAFF\u2600-\u27BF\uFE0F\u200D\U0001F3FB-\U0001F3FF]*"
)
_INLINE_CODE: Final = re.compile(r"(?<!`)(`{1,8})(?!`)([^\n]{1,2000}?)(?<!`)\1(?!`)")
_FENCE: Final = re.compile(r"[ \t]{0,12}(?:[-*>] )?(```+|~~~+)")
_TRAILING: Final = ".,;:!?)\"'`>]}*"
_STRAIGHT: Final = re.compile(
    # 27" is a size and it's is spelling: neither opens a quotation.
    r"(?<!\d)\"[^\"\n]{1,400}\"|(?<![A-Za-z0-9'])'(?=[^\s'])[^'\n]{1,400}(?<=[^\s'])'(?![A-Za-z'])"
)
_PAIRS: Final = {"“": "”", "„": "”", "‘": "’", "「": "」", "『": "』", "《": "》", "〈": "〉", "«": "»"}
_CURVED: Final = re.compile(r"[\n" + "".join({*_PAIRS, *_PAIRS.values()}) + "]")
_APOSTROPHE: Final = re.compile(r"[A-Za-z]’[A-Za-z]")
_LONGEST_QUOTE: Final = 400
_NOT_PROSE: Final = re.compile(r"[`<{\"'/\\@0-9“„‘「『《〈«\u203C\u2049\u2600-\u27BF\u2B50\u2B55\U0001F1E6-\U0001FAFF]|\.[A-Za-z]|\]\(|~~~|^---")
"""One of these stands in every text that has a region."""
_QUOTE_SIGN: Final = re.compile(r"[\"'“„‘「『《〈«]")
_LETTER: Final = re.compile(r"[A-Za-z가-힣ㄱ-ㅎㅏ-ㅣ]")


@dataclass(frozen=True, slots=True)
class Region:
    """A stretch that is not prose; offsets in characters, half open."""

    start: int
    end: int
    kind: SpanKind
    silent: bool = False
    """A tag, a comment or the address of a link: the sentence is whole without it. Any other region stands for a noun."""

    def clipped(self, start: int, end: int) -> Region:
        """The part of it inside start:end."""
        if start <= self.start and self.end <= end:
            return self
        return Region(max(start, self.start), min(end, self.end), self.kind, self.silent)


def fenced_blocks(text: str) -> list[Region]:
    """Front matter and fenced code blocks, fence lines included; an unclosed block runs to the end."""
    return list(_fences(text))


def regions(text: str, *, lone_quotes: bool = False) -> list[Region]:
    """All non-prose of `text`, in order. `lone_quotes` also masks a quotation that is nearly all of its line."""
    # Without a quotation both questions have one answer, which is then remembered once.
    return list(_regions(text, lone_quotes and _QUOTE_SIGN.search(text) is not None))


class _Taken:
    """Regions found so far; a later one that touches an earlier one is dropped."""

    def __init__(self, first: Iterable[Region]) -> None:
        self._regions = list(first)
        self._starts = [region.start for region in self._regions]

    def add(self, candidates: Iterable[Region]) -> None:
        kept = [region for region in candidates if region.end > region.start and self._free(region)]
        if kept:
            self._regions = sorted(self._regions + kept, key=lambda region: region.start)
            self._starts = [region.start for region in self._regions]

    def regions(self) -> list[Region]:
        return self._regions

    def _free(self, region: Region) -> bool:
        index = bisect_right(self._starts, region.start) - 1
        if index >= 0 and self._regions[index].end > region.start:
            return False
        return index + 1 >= len(self._starts) or self._starts[index + 1] >= region.end


@functools.lru_cache(maxsize=4)
def _regions(text: str, lone_quotes: bool) -> tuple[Region, ...]:
    """Remembered, because language and speech level of one text are asked for one after the other."""
    if not _NOT_PROSE.search(text):
        return ()
    taken = _Taken(_fences(text))
    if "`" in text:
        taken.add(Region(match.start(), match.end(), "code") for match in _INLINE_CODE.finditer(text))
    taken.add(Region(start, end, "code", silent=True) for start, end in comments(text))
    taken.add(Region(start, end, "code", silent=True) for start, end in tags(text))
    # A link inside a quotation belongs to the quotation; code never does.
    taken.add(region for region in _quotations(text) if lone_quotes or _is_mention(text, region))
    taken.add(Region(start, end, "url", silent=True) for start, end in link_targets(text))
    if _ADDRESS_SIGN.search(text):
        taken.add(_trimmed(text, match) for match in _ADDRESS.finditer(text))
    taken.add(Region(match.start(), match.end(), "number") for match in _NUMBER.finditer(text))
    if not text.isascii():
        taken.add(Region(match.start(), match.end(), "emoji") for match in _EMOJI.finditer(text))
    return tuple(taken.regions())


@functools.lru_cache(maxsize=4)
def _fences(text: str) -> tuple[Region, ...]:
    return tuple(_blocks(text))


def _blocks(text: str) -> list[Region]:
    position = front_matter(text)
    found = [Region(0, position, "code")] if position else []
    if "```" not in text and "~~~" not in text:
        return found
    opened: tuple[int, str] | None = None
    for line in text[position:].split("\n"):
        match = _FENCE.match(line)
        if match:
            fence = match.group(1)
            if opened is None:
                if "`" not in line[match.end() :]:
                    opened = (position, fence)
            elif fence.startswith(opened[1]) and not line[match.end() :].strip():
                found.append(Region(opened[0], position + len(line.rstrip("\r")), "code"))
                opened = None
        position += len(line) + 1
    if opened is not None:
        found.append(Region(opened[0], len(text), "code"))
    return found


def _trimmed(text: str, match: re.Match[str]) -> Region:
    end = match.end()
    if match.lastgroup in ("url", "path"):
        while end > match.start() and text[end - 1] in _TRAILING:
            end -= 1
        particle = _PARTICLE.search(text, max(match.start(), end - 8), end)
        end = particle.start() if particle else end
    return Region(match.start(), end, "url")


def _quotations(text: str) -> list[Region]:
    """Outermost quotations, each within a line."""
    found = [Region(match.start(), match.end(), "quote") for match in _STRAIGHT.finditer(text)] if '"' in text or "'" in text else []
    if not text.isascii():
        found += _curved(text)
    outermost: list[Region] = []
    for region in sorted(found, key=lambda region: (region.start, -region.end)):
        if not outermost or region.start >= outermost[-1].end:
            outermost.append(region)
    return outermost


def _curved(text: str) -> list[Region]:
    found: list[Region] = []
    opened: list[tuple[int, str]] = []
    for match in _CURVED.finditer(text):
        position, character = match.start(), match.group()
        if character == "\n":
            opened.clear()
        elif character in _PAIRS:
            opened.append((position, _PAIRS[character]))
        elif character != "’" or not _APOSTROPHE.match(text, max(0, position - 1)):
            # The nearest opening mark of that kind; what was opened inside it and never closed is forgotten.
            depth = next((index for index in range(len(opened) - 1, max(-1, len(opened) - 9), -1) if opened[index][1] == character), None)
            if depth is not None:
                start = opened[depth][0]
                del opened[depth:]
                if position + 1 - start <= _LONGEST_QUOTE and position - start > 1:
                    found.append(Region(start, position + 1, "quote"))
    return found


def _is_mention(text: str, region: Region) -> bool:
    """Whether the rest of the line is prose that speaks about the quotation (notes: 2 letters and 15 % of the quotation's length)."""
    before = text[max(0, region.start - 400) : region.start].rpartition("\n")[2]
    after = text[region.end : region.end + 400].partition("\n")[0]
    needed = max(2, math.ceil(0.15 * (region.end - region.start)))
    letters = itertools.chain(_LETTER.finditer(before), _LETTER.finditer(after))
    return sum(1 for _ in itertools.islice(letters, needed)) == needed
