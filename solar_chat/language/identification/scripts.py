"""ISO 639-1 codes of languages that their script gives away, or nearly so.

Kana is Japanese, Han without kana Chinese, Thai script Thai. Where several languages share a script, letters that only one of them has decide, then
langdetect on text long enough for it, then the language with most writers.
"""

from __future__ import annotations

import re
from typing import Final

from solar_chat.language.identification.foreign import detected

_CODES: Final = (
    ("ja", "ぁ-ゖゝ-ゟァ-ヺー-ヿㇰ-ㇿｦ-ﾝ"),
    ("zh", "㐀-䶿一-鿿豈-龎\U00020000-\U000323af"),
    ("ru", "\u0400-\u052f\u1c80-\u1c8f"),
    ("el", "\u0370-\u03ff\u1f00-\u1fff"),
    ("ar", "\u0620-\u065f\u066e-\u06d3\u06d5-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc"),
    ("he", "\u05d0-\u05ea"),
    ("th", "\u0e01-\u0e4e"),
    ("hi", "\u0900-\u097f"),
    ("bn", "\u0980-\u09ff"),
    ("pa", "\u0a00-\u0a7f"),
    ("gu", "\u0a80-\u0aff"),
    ("or", "\u0b00-\u0b7f"),
    ("ta", "\u0b80-\u0bff"),
    ("te", "\u0c00-\u0c7f"),
    ("kn", "\u0c80-\u0cff"),
    ("ml", "\u0d00-\u0d7f"),
    ("si", "\u0d80-\u0dff"),
    ("lo", "\u0e80-\u0eff"),
    ("bo", "\u0f00-\u0fff"),
    ("my", "\u1000-\u109f"),
    ("ka", "\u10a0-\u10ff"),
    ("am", "\u1200-\u139f"),
    ("km", "\u1780-\u17ff"),
    ("mn", "\u1800-\u18af"),
    ("hy", "\u0531-\u058f"),
)
_SCRIPTS: Final = tuple((code, re.compile(f"[{letters}]")) for code, letters in _CODES)
_TELLTALE: Final = {
    "ru": (
        ("uk", re.compile(r"[іїєґ]|\b(?:дякую|як|що|це|ти|мене|дуже)\b", re.IGNORECASE)),
        ("be", re.compile("ў", re.IGNORECASE)),
        ("bg", re.compile(r"\b(?:съм|това|какво|здравей|благодаря|ще)\b", re.IGNORECASE)),
        ("sr", re.compile("[ђћџљњ]", re.IGNORECASE)),
        ("mk", re.compile("[ѓќѕ]", re.IGNORECASE)),
    ),
    "ar": (("ur", re.compile("[ٹڈڑےں]")), ("fa", re.compile("[پچژگی]"))),
}
_RELATIVES: Final = {"ru": frozenset({"ru", "uk", "bg", "mk"}), "hi": frozenset({"hi", "mr", "ne"}), "ar": frozenset({"ar", "fa", "ur"})}
_LONG_ENOUGH: Final = 20


def script_language(text: str) -> str | None:
    """ISO 639-1 code for text in neither Hangul nor Latin letters; None where its script is not known here."""
    text = text[:2000]
    counts = {code: len(pattern.findall(text)) for code, pattern in _SCRIPTS}
    if counts["ja"] and counts["ja"] * 10 >= counts["zh"]:
        return "ja"
    code = max(counts, key=lambda known: counts[known])
    if not counts[code]:
        return None
    for named, letters in _TELLTALE.get(code, ()):
        if letters.search(text):
            return named
    if code in _RELATIVES and counts[code] >= _LONG_ENOUGH:
        guess = detected(text)
        if guess is not None and guess[0] in _RELATIVES[code] and guess[1] > 0.9:
            return guess[0]
    return code
