"""Which languages a message is in: spans by script, the message's language, and the one that carries its grammar.

Script decides; langdetect is asked only about Latin and Cyrillic text that is long enough. Code, links, numbers and emoji decide nothing; a quotation
shows its language but never the grammar's. Speech levels are not looked at here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from solar_chat.language.identification.foreign import foreign_language
from solar_chat.language.identification.matrix import matrix_language
from solar_chat.language.identification.romanized import is_romanized
from solar_chat.language.identification.scripts import script_language
from solar_chat.language.identification.spans import Piece, pieces, tiles
from solar_chat.language.types import Identification, Language, MatrixLanguage, SpanLanguage

_FOREIGN_FRAME: Final = 2
"""Foreign letters that outnumber the Korean ones so many times make the frame foreign: 「사랑」という韓国語の意味は何ですか."""


def identify(text: str) -> Identification:
    """Language, matrix language and spans of a message. The spans cover the text without gaps or overlaps. Never raises."""
    found = pieces(text)
    spoken = [span for span in found if span.kind in ("text", "term")]
    size = {"ko": 0, "en": 0, "other": 0}
    for span in spoken:
        size[span.language] += span.end - span.start
    quoted = {span.language for span in found if span.kind == "quote"}
    if not size["ko"] and size["en"]:
        return _latin(text, found, spoken, size, quoted)
    if size["other"] and size["other"] >= _FOREIGN_FRAME * (size["ko"] + size["en"]):
        return _result(text, found, "other", None, script_language(_joined(text, spoken, "other")))
    if not size["ko"]:
        return _result(text, found, "none", None)
    if size["en"] or "en" in quoted:
        return _korean_and_latin(text, found, spoken)
    return _result(text, found, "ko", "ko")


def _korean_and_latin(text: str, found: list[Piece], spoken: list[Piece]) -> Identification:
    latin = [span for span in spoken if span.language == "en" and span.kind == "text"]
    if latin and is_romanized(_joined(text, latin, "en"), certain=True):
        return _result(text, [_as(span, "ko") if span in latin else span for span in found], "ko", "ko", romanized=True)
    matrix = matrix_language(text, found)
    return _result(text, found, "mixed", matrix)


def _latin(text: str, found: list[Piece], spoken: list[Piece], size: dict[str, int], quoted: set[SpanLanguage]) -> Identification:
    """Latin words and no Korean outside of quotations."""
    words = _joined(text, spoken, "en")
    if is_romanized(words):
        return _result(text, [_as(span, "ko") for span in found], "ko", "ko", romanized=True)
    foreign = foreign_language(words)
    if foreign is not None:
        return _result(text, [_as(span, "other") for span in found], "other", None, foreign)
    if size["other"] > size["en"] or (size["other"] and all(span.kind == "term" for span in spoken if span.language == "en")):
        return _result(text, found, "other", None, script_language(_joined(text, spoken, "other")))
    return _result(text, found, "mixed" if "ko" in quoted else "en", "en")


def _result(
    text: str, found: list[Piece], language: Language, matrix: MatrixLanguage | None, other: str | None = None, *, romanized: bool = False
) -> Identification:
    return Identification(language, other, matrix, romanized, tiles(text, found))


def _as(span: Piece, language: SpanLanguage) -> Piece:
    return Piece(span.start, span.end, language, "text") if span.language == "en" and span.kind == "text" else span


def _joined(text: str, spoken: Sequence[Piece], language: SpanLanguage) -> str:
    return " ".join(text[span.start : span.end] for span in spoken if span.language == language)
