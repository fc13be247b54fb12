"""The prose of a documentation page.

A paragraph is a block between blank lines with at least 25 Hangul syllables that is no heading and no table. Front matter, fenced code, comments and
tags are taken out before; inline code, links and lists stay, because a reply has them too. Lines stay where the page breaks them.
"""

from __future__ import annotations

import re
from typing import Final

from benchmarks.korean.data import Data, Item, relabelled

LEAST_SYLLABLES: Final = 25
_FRONT_MATTER: Final = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_FENCE: Final = re.compile(r"^[ \t>]*(`{3,}|~{3,}).*?^[ \t>]*\1[ \t]*$", re.DOTALL | re.MULTILINE)
_COMMENT: Final = re.compile(r"<!--.*?-->|\{/\*.*?\*/\}|\{\{.*?\}\}", re.DOTALL)
_SCRIPT: Final = re.compile(r"<(script|style|pre|svg)\b.*?</\1>", re.DOTALL)
_HTML_HEADING: Final = re.compile(r"<h([1-6])\b.*?</h\1>", re.DOTALL)
# Inline code is matched first and kept: what it holds is no tag.
_BLOCK_TAG: Final = re.compile(r"(?P<code>`[^`\n]+`)|</?(?:p|div|li|ul|ol|br|section|main|body|html|table|tr|td|th)\b[^<>]*>")
_TAG: Final = re.compile(r"(?P<code>`[^`\n]+`)|</?[A-Za-z][^<>]*>")
_CONTAINER: Final = re.compile(r"^:::.*$", re.MULTILINE)
_NO_PROSE: Final = re.compile(r"^[ \t]*(?:#{1,6}[ \t]|\|)", re.MULTILINE)
_BREAK: Final = "\f"
"""Ends a block in the middle of a line."""
_SYLLABLE: Final = re.compile(r"[가-힣]")
_LATIN: Final = re.compile(r"[A-Za-z]")
_NOT_WORDS: Final = re.compile(r"`[^`\n]*`|\]\([^)\s]*\)|https?://\S+|\S+@\S+\.\S+")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+|\n+")


def paragraphs(page: str) -> list[tuple[int, str]]:
    """(line number from 1, text) of every paragraph of a page, in order."""
    for pattern in (_FRONT_MATTER, _FENCE, _COMMENT, _SCRIPT, _HTML_HEADING, _CONTAINER):
        page = pattern.sub(_line_breaks, page)
    page = _TAG.sub(lambda match: match["code"] or _line_breaks(match), _BLOCK_TAG.sub(_block_break, page))
    found: list[tuple[int, str]] = []
    block: list[str] = []
    start = 1
    for number, line in enumerate([*page.split("\n"), ""], 1):
        for index, piece in enumerate(line.split(_BREAK)):
            if index or not piece.strip():
                _add(found, start, block)
                block = []
            if piece.strip():
                start = start if block else number
                block.append(piece.strip())
    return found


def _add(found: list[tuple[int, str]], start: int, block: list[str]) -> None:
    text = "\n".join(block)
    if len(_SYLLABLE.findall(text)) >= LEAST_SYLLABLES and not _NO_PROSE.search(text):
        found.append((start, text))


def _line_breaks(match: re.Match[str]) -> str:
    """What is taken out keeps its line breaks, so that the numbers of later lines stay true."""
    return "\n" * match.group().count("\n")


def _block_break(match: re.Match[str]) -> str:
    return str(match["code"] or _BREAK + _line_breaks(match))


def document_paragraphs(data: Data, set_name: str, label: str) -> list[Item]:
    """Every paragraph of a set of documents."""
    return [Item(name, line, text, label) for name, page in data.pages(set_name) for line, text in paragraphs(page)]


def mixed_sentences(items: list[Item]) -> list[Item]:
    """The sentences of paragraphs that have both Hangul and Latin letters outside code and links."""
    pieces = (relabelled(item, piece.strip()) for item in items for piece in _SENTENCE_END.split(item.text))
    return [piece for piece in pieces if mixes(piece.text)]


def words_only(text: str) -> str:
    """`text` without inline code, link targets and addresses: what a peer that knows none of them may fairly be asked about."""
    return _NOT_WORDS.sub(" ", text)


def mixes(text: str) -> bool:
    """Whether Hangul and Latin letters both stand outside code and links."""
    bare = words_only(text)
    return bool(_SYLLABLE.search(bare) and _LATIN.search(bare))
