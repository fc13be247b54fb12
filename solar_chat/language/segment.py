"""Cutting a growing text into sentences that will not change any more.

Pieces always join back to the input. Nothing is cut inside a fenced code block, inline code or a link, and a mark that may still grow (3. of 3.5, a
dot of an ellipsis) is not an end until something follows it. One pass, no Kiwi: this runs on every token of a reply.
"""

from __future__ import annotations

import re
from typing import Final

_FENCE: Final = re.compile(r"[ \t]{0,12}(?:[-*>] )?(```+|~~~+)")
_END: Final = re.compile(r"[.?!…~。？！]+[\"'”’)\]}」』》*_]*")
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
    while position < length:
        newline = buffer.find("\n", position)
        line_end = length if newline < 0 else newline
        fence = _FENCE.match(buffer, position, line_end)
        if fence and "`" not in buffer[fence.end() : line_end]:
            if buffer[start:position].strip():
                pieces.append(buffer[start:position])
                start = position
            closed = _closing(buffer, line_end, fence.group(1))
            if closed < 0:
                return pieces, buffer[start:]
            position = _spaces(buffer, closed)
            pieces.append(buffer[start:position])
            start = position
            continue
        if newline < 0 and _may_become_fence(buffer[position:]):
            break
        for cut in _cuts(buffer, position, line_end):
            following = _spaces(buffer, cut)
            pieces.append(buffer[start:following])
            start = following
        if newline < 0:
            break
        position = _spaces(buffer, line_end)
        if buffer[start:position].strip():
            pieces.append(buffer[start:position])
            start = position
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


def _may_become_fence(line: str) -> bool:
    return line.strip() in ("`", "``", "~", "~~")


def _cuts(buffer: str, start: int, end: int) -> list[int]:
    """Ends of sentences inside one line, code and links stepped over."""
    found: list[int] = []
    line_start = start
    position = start
    while position < end:
        character = buffer[position]
        if character == "`":
            ticks = position
            while ticks < end and buffer[ticks] == "`":
                ticks += 1
            close = buffer.find(buffer[position:ticks], ticks, end)
            if close < 0:
                # Open inline code: while the line grows nothing after it is settled.
                return found
            position = close + (ticks - position)
            continue
        if character in ".?!…~。？！":
            match = _END.match(buffer, position, end)
            stop = match.end() if match else position + 1
            if _ends(buffer, line_start, position, stop):
                found.append(stop)
                line_start = stop
            position = stop
            continue
        position += 1
    return found


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
