"""Cutting a growing text into sentences that will not change any more.

Pieces always join back to the input. Nothing is cut inside a fenced code block, inline code or a link, and a mark that may still grow (3. of 3.5, a
dot of an ellipsis) is not an end until something follows it. One pass, no Kiwi: this runs on every token of a reply.
"""

from __future__ import annotations

import re
from typing import Final

_FENCE: Final = re.compile(r"[ \t]{0,12}(?:[-*>] )?(```+|~~~+)")
_FENCE_CHARACTERS: Final = 20
"""No fence has more before its third mark."""
_MARK: Final = re.compile(r"`+|[.?!…~。？！]+[\"'”’)\]}」』》*_]*")
_KOREAN_CLOSE: Final = frozenset("다요까오죠")
_NUMBERED: Final = re.compile(r"[ \t]*(?:[-*>#]+[ \t]+)?\d{1,3}\.$")
_ABBREVIATION: Final = re.compile(r"(?:\b(?:e\.g|i\.e|Mr|Mrs|Ms|Dr|vs|No|St|cf|Fig)|\b[A-Z])\.$")


def split_settled(buffer: str) -> tuple[list[str], str]:
    """(finished sentences or lines with the whitespace after them, unfinished rest); together they are `buffer`.

    A fenced code block is one piece and is finished with its closing fence's line. Linear in the length of the buffer.
    """
    pieces: list[str] = []
    start = position = 0
    length = len(buffer)
    newline = -1
    while position < length:
        if newline < position:
            newline = buffer.find("\n", position)
            newline = length if newline < 0 else newline
        fence = _FENCE.match(buffer, position, newline)
        if fence and "`" not in buffer[fence.end() : newline]:
            if buffer[start:position].strip():
                pieces.append(buffer[start:position])
                start = position
            closed = _closing(buffer, newline, fence.group(1))
            if closed < 0:
                return pieces, buffer[start:]
            following = _spaces(buffer, closed)
        else:
            if newline == length and _may_become_fence(buffer, position):
                break
            cut = _first_cut(buffer, position, newline)
            if cut < 0 and newline == length:
                break
            # What follows a finished sentence is read like a new line, because the next call gets it without what stood before.
            following = _spaces(buffer, newline if cut < 0 else cut)
            if not buffer[start:following].strip():
                position = following
                continue
        pieces.append(buffer[start:following])
        start = position = following
    return pieces, buffer[start:]


def _spaces(buffer: str, position: int) -> int:
    while position < len(buffer) and buffer[position].isspace():
        position += 1
    return position


def _closing(buffer: str, line_end: int, mark: str) -> int:
    """Offset after the line that closes a fence, or -1 while it is open or may still grow."""
    position = line_end + 1
    while 0 < position < len(buffer):
        newline = buffer.find("\n", position)
        end = len(buffer) if newline < 0 else newline
        match = _FENCE.match(buffer, position, end)
        if match and match.group(1).startswith(mark) and not buffer[match.end() : end].strip():
            return -1 if newline < 0 else newline + 1
        position = newline + 1 if newline >= 0 else -1
    return -1


def _may_become_fence(buffer: str, position: int) -> bool:
    return len(buffer) - position < _FENCE_CHARACTERS and buffer[position:].strip() in ("`", "``", "~", "~~")


def _first_cut(buffer: str, start: int, end: int) -> int:
    """End of the first finished sentence in a line, code and links stepped over; -1 where none is finished."""
    position = start
    while match := _MARK.search(buffer, position, end):
        position, stop = match.span()
        if buffer[position] == "`":
            close = buffer.find(match.group(), stop, end)
            if close < 0:
                # Open inline code: while the line grows nothing after it is settled.
                return -1
            position = close + stop - position
        elif _ends(buffer, start, position, stop):
            return stop
        else:
            position = stop
    return -1


def _ends(buffer: str, line_start: int, mark: int, stop: int) -> bool:
    """Whether the marks at buffer[mark:stop] close a sentence for good."""
    if stop >= len(buffer):
        return False
    before = buffer[mark - 1] if mark > line_start else ""
    if not buffer[stop].isspace():
        # No space after the mark: only after a Korean ending, and not in the middle of a drawn-out word (안녕~하세요).
        return stop == mark + 1 and buffer[mark] in ".?!" and before in _KOREAN_CLOSE and "가" <= buffer[stop] <= "힣"
    if buffer[mark] == "~" and not "가" <= before <= "힣":
        return False
    return not (_NUMBERED.fullmatch(buffer[max(line_start, stop - 16) : stop]) or _ABBREVIATION.search(buffer[max(line_start, stop - 12) : stop]))
