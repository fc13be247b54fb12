"""Sentences and clauses of a text as words with a side: Korean, English, or neither.

Cut at marks, line ends, emoji and laughter. Laughter, hashtags, account names and numbers are left out; a term, a quotation, code or a link is a
word of neither language. Whose grammar a clause has, `matrix` says.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from solar_chat.language.identification.grammar import is_suffix
from solar_chat.language.identification.spans import Piece

_SENTENCE_END: Final = re.compile(r"[.!?…。？！]|\n")
_CLAUSE_END: Final = re.compile(r"[,;:、，~—–|/()\[\]<>]|\s-\s")
_ABBREVIATIONS: Final = frozenset("vs mr mrs ms dr st no to feat ft etc prof fig inc jr sr".split())
_APOSTROPHE: Final = re.compile("[’`´]")
_LAUGHING: Final = "ㅋㅎㅠㅜㅡㄷ"
_CLOSERS: Final = ")]}\"'`”’"


@dataclass(slots=True)
class Clause:
    """Words between two marks, and what they show."""

    words: list[str] = field(default_factory=list)
    sides: list[str] = field(default_factory=list)
    """Per word: k Korean, e English, x a term, quotation, code or link."""
    attached: list[int] = field(default_factory=list)
    """Places of Korean words that touch the Latin word or quotation before them as its particle."""
    colon: bool = False


def sentences_of(text: str, found: Sequence[Piece]) -> list[list[Clause]]:
    """Sentences as lists of clauses."""
    sentences: list[list[Clause]] = []
    current = [Clause()]
    end = 0
    for piece in found:
        gap = text[end : piece.start]
        clause = current[-1]
        if clause.words and ((gap and gap != " ") or piece.kind == "emoji"):
            if _SENTENCE_END.search(gap) and not (clause.words[-1].lower() in _ABBREVIATIONS and gap[0] == "."):
                clause.colon = ":" in gap
                sentences.append(current)
                current = [Clause()]
            elif piece.kind == "emoji" or _CLAUSE_END.search(gap):
                clause.colon = ":" in gap
                current.append(Clause())
        # A hashtag is no part of a sentence.
        if piece.kind not in ("emoji", "number") and text[piece.start - 1 : piece.start] != "#" and text[piece.start] != "@":
            _add(current[-1], text, piece, gap)
            if piece.language == "ko" and text[piece.end - 1] in _LAUGHING:
                current.append(Clause())
        end = piece.end
    sentences.append(current)
    return [[clause for clause in sentence if clause.words] for sentence in sentences]


def _add(clause: Clause, text: str, piece: Piece, gap: str) -> None:
    word = text[piece.start : piece.end]
    if piece.kind != "text" or piece.language not in ("ko", "en"):
        clause.words.append(word)
        clause.sides.append("x")
    elif piece.language == "en":
        clause.words.append(word if word.isalpha() else _APOSTROPHE.sub("'", word))
        clause.sides.append("e")
    else:
        if word[-1] in _LAUGHING:
            word = word.rstrip(_LAUGHING)
        if not word:
            return
        if gap != " " and clause.sides and clause.sides[-1] != "k" and not gap.strip(_CLOSERS) and is_suffix(word):
            clause.attached.append(len(clause.words))
        clause.words.append(word)
        clause.sides.append("k")
