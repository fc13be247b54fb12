"""A line as Kiwi gets to see it, and the way back from its offsets to those of the text.

Code, links and quotations become stand-in nouns, marks of Markdown disappear, characters that Kiwi stumbles over become spaces. Nothing is analysed
here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from solar_chat.language.parsing.markup import marks
from solar_chat.language.parsing.masking import Region

STAND_IN: Final = {"code": "코드", "url": "링크", "quote": "인용"}
"""Kinds of regions that Kiwi must not read, and the noun that stands for each."""
_UNSAFE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_MARK_SIGN: Final = re.compile(r"[*_\]]|~~")


@dataclass(frozen=True, slots=True)
class Prepared:
    """`text` for Kiwi. Its character i begins at `starts[i]` and ends at `ends[i]` of the original; both None where only `base` is to be added."""

    text: str
    base: int
    starts: Sequence[int] | None
    ends: Sequence[int] | None
    prose: str
    """The line's own words, stand-ins left out."""


def prepare(text: str, start: int, end: int, masked: list[Region]) -> Prepared:
    """The line text[start:end], whose masked stretches (clipped to it, in order) Kiwi must not see."""
    line = text[start:end]
    dropped = _marks(line, start, masked) if _MARK_SIGN.search(line) else []
    if not masked and not dropped:
        safe = _UNSAFE.sub(" ", line)
        return Prepared(safe, start, None, None, safe)
    pieces: list[str] = []
    prose: list[str] = []
    starts: list[int] = []
    ends: list[int] = []

    def keep(first: int, last: int) -> None:
        if first < last:
            piece = _UNSAFE.sub(" ", text[first:last])
            pieces.append(piece)
            prose.append(piece)
            starts.extend(range(first, last))
            ends.extend(range(first + 1, last + 1))

    position = start
    for first, last, noun in sorted([*((region.start, region.end, _noun(region)) for region in masked), *((*mark, "") for mark in dropped)]):
        keep(position, first)
        pieces.append(noun)
        starts.extend([first] * len(noun))
        ends.extend([last] * len(noun))
        position = last
    keep(position, end)
    return Prepared("".join(pieces), start, starts, ends, "".join(prose))


def _noun(region: Region) -> str:
    return "" if region.silent else STAND_IN[region.kind]


def _marks(line: str, start: int, masked: list[Region]) -> list[tuple[int, int]]:
    """Marks of Markdown that stand outside masked stretches."""
    found = [(first + start, last + start) for first, last in marks(line)]
    if not masked or not found:
        return found
    kept: list[tuple[int, int]] = []
    index = 0
    for first, last in found:
        while index < len(masked) and masked[index].end <= first:
            index += 1
        if index >= len(masked) or masked[index].start >= last:
            kept.append((first, last))
    return kept
