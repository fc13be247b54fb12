"""Marks of Markdown and HTML that stand around words: emphasis, link brackets, tags, comments, front matter.

They say nothing and split words from their endings (`**한다**는`), so the analyser reads the text without them. Every pattern runs in linear time.
Which stretches are code, links or quotations is not decided here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_FRONT_MATTER: Final = re.compile(r"---[ \t]*\n(?=[A-Za-z_][\w-]{0,60}:)(?:(?!---[ \t]*(?:\n|\Z))[^\n]{0,1000}\n){1,100}---[ \t]*(?=\n|\Z)")
_COMMENTS: Final = (("<!--", "-->"), ("{/*", "*/}"))
_LONGEST_COMMENT: Final = 4000
_TAG: Final = re.compile(
    # A type parameter (Array<string>) is no tag; inside a tag a quoted value may hold anything.
    r"(?:</|(?<![A-Za-z0-9])<)[A-Za-z][A-Za-z0-9.:-]{0,40}(?:\s(?:[^<>\"'\n]|\"[^\"\n]{0,400}\"|'[^'\n]{0,400}'){0,400})?/?>"
)
_TARGET: Final = re.compile(
    r"\]\(\s{0,3}<?([^\s()<>\"]{1,1000}(?:\([^\s()]{0,200}\)[^\s()]{0,200})?)>?"
    r"(?:\s{1,3}(?:\"[^\"\n]{0,200}\"|'[^'\n]{0,200}'))?\s{0,3}\)"
)
_BRACKET: Final = re.compile(r"\]\(|!?\[")
_EMPHASIS: Final = re.compile(r"\*{1,3}(?<!\s\*(?=\s))(?<!\s\*\*(?=\s))|~~|(?<![A-Za-z0-9_])_{1,3}(?=[^\s_])|(?<=[^\s_])_{1,3}(?![A-Za-z0-9_])")
_PRODUCT: Final = re.compile(r"[A-Za-z0-9]\*{1,3}[A-Za-z0-9]")


def front_matter(text: str) -> int:
    """Where a document's front matter ends; 0 where it has none."""
    match = _FRONT_MATTER.match(text) if text.startswith("---") else None
    return match.end() if match else 0


def comments(text: str) -> Iterator[tuple[int, int]]:
    """Comments of HTML and MDX in order; one that is never closed is text."""
    position = 0
    for start, end in sorted(span for opening, closing in _COMMENTS if opening in text for span in _enclosed(text, opening, closing)):
        if start >= position:
            yield start, end
            position = end


def _enclosed(text: str, opening: str, closing: str) -> Iterator[tuple[int, int]]:
    start, end = text.find(opening), -1
    while start >= 0:
        if end < start + len(opening):
            end = text.find(closing, start + len(opening))
        if end < 0:
            return
        stop = end + len(closing)
        if stop - start <= _LONGEST_COMMENT:
            yield start, stop
        start = text.find(opening, stop if stop - start <= _LONGEST_COMMENT else start + 1)


def tags(text: str) -> Iterator[tuple[int, int]]:
    """HTML and JSX tags."""
    if "<" in text:
        for match in _TAG.finditer(text):
            yield match.span()


def link_targets(text: str) -> Iterator[tuple[int, int]]:
    """The address in `[text](address)`, without its parentheses."""
    if "](" in text:
        for match in _TARGET.finditer(text):
            yield match.span(1)


def marks(line: str) -> list[tuple[int, int]]:
    """Emphasis marks and the brackets of links in one line: stretches to read over. Ordered, none overlapping."""
    found: list[tuple[int, int]] = []
    if "](" in line:
        found += _link_brackets(line)
    if "*" in line or "_" in line or "~~" in line:
        runs = [match.span() for match in _EMPHASIS.finditer(line)]
        by_sign: dict[str, list[tuple[int, int]]] = {}
        for start, end in runs:
            if not _PRODUCT.match(line, max(0, start - 1), end + 1):
                by_sign.setdefault(line[start], []).append((start, end))
        for pairs in by_sign.values():
            # One mark alone is no emphasis: a footnote, a wildcard, a name.
            found += pairs if len(pairs) > 1 else []
    return sorted(found)


def _link_brackets(line: str) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    opened: list[tuple[int, int]] = []
    position = 0
    while match := _BRACKET.search(line, position):
        position = match.end()
        if match.group() != "](":
            opened.append(match.span())
        elif opened:
            target = _TARGET.match(line, match.start())
            if target:
                found += [opened.pop(), (match.start(), target.start(1)), (target.end(1), target.end())]
                position = target.end()
    return found
