"""A text cut into pieces by script, and the tiles that cover it without a gap.

Every character belongs to exactly one tile. Code, links and quotations come from `masking`; numbers with their units, emoji, emoticons and account
names are found here. Which language the message is in, is decided elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from solar_chat.language.identification.brands import BRANDS, is_term
from solar_chat.language.parsing.masking import Region, regions
from solar_chat.language.types import Span, SpanKind, SpanLanguage

HANGUL: Final = "가-힣ᄀ-ᇿㄱ-ㆌㆎꥠ-ꥼힰ-ퟻﾡ-ￜ"
LATIN: Final = "A-Za-zÀ-ÖØ-öø-ʯᴀ-ᶿḀ-ỿＡ-Ｚａ-ｚ\U0001d400-\U0001d7cb"
_HAN: Final = "々〆㐀-䶿一-鿿豈-龎\U00020000-\U000323af"
_COUNTING: Final = "ªº²³¹¼-¾⁰-₟℀-⅏⅐-↋①-⓿❶-➓㈀-㋿㌀-㏿ㆍ"
"""Signs that Unicode calls letters or numbers and nobody reads as a word."""
_KANA: Final = "ぁ-ゖゝ-ゟァ-ヺー-ヿㇰ-ㇿｦ-ﾝ"
_MARKS: Final = (
    r"\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u0900-\u0dff\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1-\u0ebc\u0ec8-\u0ecd\u0f00-\u0fff"
    r"\u1000-\u109f\u1780-\u17ff\u200c"
)
"""Vowel signs and the like: they belong to the letter before them."""
_PICTURE: Final = (
    r"[\U0001f000-\U0001faff\u2600-\u27bf\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\u203c\u2049\u2139\u2194-\u21aa\u231a\u231b\u2328\u23cf"
    r"\u23e9-\u23fa\u24c2\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe\u2934\u2935\u3030\u303d\u3297\u3299]|[©®™](?=\ufe0f)|[0-9#*]\ufe0f?\u20e3"
)
_EMOJI: Final = rf"(?:(?:{_PICTURE})[\ufe0e\ufe0f\u200d\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]*)+"
_LATIN_EMOTICON: Final = r"(?<![A-Za-z0-9])(?:[xX]D++|TT++|[TQ][_.][TQ]|[oO0][_.][oO0]|orz|OTL|OTZ)(?![A-Za-z0-9])"
_EMOTICON: Final = r"(?<![A-Za-z0-9])(?:[:;]['^o-]?[)(DPp]++|=[)(]++|>[_.]<|-[_.]-|<3++)(?![A-Za-z0-9])|\^[_.~ㅡㅗ-]?\^;*+|¯\\_\(ツ\)_/¯"
_UNIT: Final = (
    r"(?: ?(?:km|cm|mm|nm|kg|mg|ml|mL|GB|MB|KB|TB|GiB|MiB|KiB|TiB|kHz|MHz|GHz|Hz|kWh|kW|mAh|fps|px|dpi"
    r"|Mbps|Gbps|ms|km/h|m/s|kcal|USD|KRW|EUR|AM|PM|am|pm|a\.m\.|p\.m\.|hrs?)"
    r"|st|nd|rd|th|[mglshkxKMVWB]|min|sec|oz|lb|ft|in|pt|em|rem|[%‰°℃℉]+[CF]?)"
)
_NUMBER: Final = rf"(?<![\w.])[+\-−]?[$₩€£¥]?\d{{1,40}}+(?:[.,:/\-~]\d{{1,40}}+)*+(?:{_UNIT}(?![A-Za-z0-9])|(?![A-Za-z0-9_]))"
_LETTER: Final = rf"[{LATIN}0-9\u0300-\u036f_]"
_WORD: Final = (
    rf"(?:(?:[A-Za-z]\.){{2,}}(?![a-z]{{2}})"  # U.S., e.g.
    rf"|(?:[0-9]++(?=[A-Za-z_])|[{LATIN}])(?:{_LETTER}++|[+#](?![{LATIN}0-9]))*+"
    rf"(?:['’`´&\-](?=[{LATIN}0-9]){_LETTER}++|/(?=[A-Z0-9]{{1,4}}(?![a-z]))(?<=[A-Z0-9]/){_LETTER}++|\.(?=\d|js\b|NET\b|io\b|ai\b){_LETTER}++)*+)"
)
_PIECE: Final = re.compile(
    # The commonest first: at most places of a text the first or second branch ends the search.
    rf"(?P<gap>[\s,.!?]+)|(?P<ko>[{HANGUL}]+)|(?P<smile>{_LATIN_EMOTICON})|(?P<en>(?![0-9]){_WORD})|(?P<emoji>{_EMOJI}|{_EMOTICON})|(?P<number>{_NUMBER})"
    rf"|(?P<name>(?<![\w.])@[A-Za-z0-9_.]{{1,30}})|(?P<digit>[0-9]{_WORD}|{_WORD})|(?P<kana>[{_KANA}]+)|(?P<han>[{_HAN}]+)"
    rf"|(?P<other>(?:[^\W\d_{HANGUL}{LATIN}{_HAN}{_KANA}{_COUNTING}][{_MARKS}]*+)++)|(?P<digits>[\d{_COUNTING}]+)"
)
_NEUTRAL: Final[dict[str, SpanKind]] = {"emoji": "emoji", "smile": "emoji", "number": "number", "name": "url", "digits": "number"}
_KNOWN_FILES: Final = frozenset(name for name in BRANDS if "." in name)
_SPOKEN: Final = re.compile(rf"[{HANGUL}{LATIN}{_HAN}{_KANA}]")
_HANGUL_RUN: Final = re.compile(f"[{HANGUL}]")
_LATIN_RUN: Final = re.compile(f"[{LATIN}]")
_CAPITALS: Final = re.compile(r"[A-Z]{2,}")
_BETWEEN: Final = re.compile(r"[^\w\n`]{1,8}")
"""What may stand inside a run of words of one language: spaces and a little punctuation."""


class Piece(NamedTuple):
    """A word, a number, an emoji or a masked stretch; offsets in characters, half open."""

    start: int
    end: int
    language: SpanLanguage
    kind: SpanKind


def pieces(text: str) -> list[Piece]:
    """Everything in `text` that is no space or punctuation, in order. Linear in the length of the text."""
    shouted = text.isupper() and len(_CAPITALS.findall(text)) > 2
    found: list[Piece] = []
    position = 0
    for region in [*_masked(text), Region(len(text), len(text), "text")]:
        for match in _PIECE.finditer(text, position, region.start):
            group = match.lastgroup or "gap"
            if group != "gap":
                found.append(_piece(text, match, group, shouted))
        if region.end > region.start:
            found.append(Piece(region.start, region.end, _quoted(text, region), region.kind))
        position = region.end
    return found


def _piece(text: str, match: re.Match[str], group: str, shouted: bool) -> Piece:
    start, end = match.span()
    if group == "ko":
        return Piece(start, end, "ko", "text")
    if group in ("en", "digit"):
        return Piece(start, end, "en", "term" if is_term(match.group(), shouted=shouted) else "text")
    if group in _NEUTRAL:
        return Piece(start, end, "none", _NEUTRAL[group])
    if group == "han" and _HANGUL_RUN.search(text[max(0, start - 2) : start] + text[end : end + 2]):
        return Piece(start, end, "ko", "text")  # Hanja in a Korean text
    return Piece(start, end, "other", "text")


def _masked(text: str) -> list[Region]:
    """Code, links and quotations. A quotation is a mention wherever the text has words outside of it."""
    found = [region for region in regions(text, lone_quotes=True) if region.kind in ("code", "url", "quote")]
    if any(region.kind == "quote" for region in found):
        outside: list[str] = []
        position = 0
        for region in found:
            outside.append(text[position : region.start])
            position = region.end
        if len(_SPOKEN.findall(" ".join([*outside, text[position:]]))) < 2:
            found = [region for region in regions(text) if region.kind in ("code", "url")]
    return [region for region in found if region.kind != "url" or text[region.start : region.end].lower() not in _KNOWN_FILES]


def _quoted(text: str, region: Region) -> SpanLanguage:
    if region.kind != "quote":
        return "none"
    inside = text[region.start : region.end]
    if _HANGUL_RUN.search(inside):
        return "ko"
    if _LATIN_RUN.search(inside):
        return "en"
    return "other" if _SPOKEN.search(inside) else "none"


def tiles(text: str, found: Iterable[Piece]) -> tuple[Span, ...]:
    """Pieces merged into runs of one language, and the gaps between them filled: together they are the whole text."""
    tiled: list[Span] = []
    start, end = 0, 0
    language: SpanLanguage = "none"
    kind: SpanKind = "text"
    for piece in found:
        if piece.kind == kind == "text" and piece.language == language and end and _joined(text, end, piece.start):
            end = piece.end
            continue
        if end:
            tiled.append(Span(start, end, language, kind))
        if piece.start > end:
            tiled.append(Span(end, piece.start, "none", "text"))
        start, end, language, kind = piece
    if end:
        tiled.append(Span(start, end, language, kind))
    if end < len(text):
        tiled.append(Span(end, len(text), "none", "text"))
    return tuple(tiled)


def _joined(text: str, start: int, end: int) -> bool:
    return start == end or text[start:end] == " " or _BETWEEN.fullmatch(text, start, end) is not None
