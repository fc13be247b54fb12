"""Text on a terminal, where a Hangul syllable is two columns wide."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator


def width(text: str) -> int:
    """Columns that `text` takes."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def fitted(line: str, columns: int) -> str:
    """As much of `line` as there is room for, and spaces over what stood there before. Not every Windows console knows an escape for that."""
    used = 0
    for at, letter in enumerate(line):
        if used + width(letter) > columns:
            line = line[:at]
            break
        used += width(letter)
    return line + " " * (columns - used)


def wrapped(text: str, columns: int) -> Iterator[str]:
    """`text` in lines of at most `columns`, broken between words; a longer word stays whole, so that an address can be copied."""
    line = ""
    for word in text.split():
        if line and width(line) + 1 + width(word) > columns:
            yield line
            line = word
        else:
            line = f"{line} {word}".lstrip()
    if line:
        yield line
