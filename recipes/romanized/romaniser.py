"""Hangul to Latin letters the way people write it: by sound, with the spellings they take instead.

Revised Romanisation with liaison, nasals and aspirates, then seeded variations (eo as o or u, ch for j, oo for u). For training data only: nothing is
romanised for a reader.
"""

from __future__ import annotations

import random
from typing import Final

_ONSETS: Final = "g kk n d tt r m b pp s ss - j jj ch k t p h".replace("-", "_").split()
_VOWELS: Final = "a ae ya yae eo e yeo ye o wa wae oe yo u wo we wi yu eu ui i".split()
_CODAS: Final = " ㄱ ㄲ ㄱㅅ ㄴ ㄴㅈ ㄴㅎ ㄷ ㄹ ㄹㄱ ㄹㅁ ㄹㅂ ㄹㅅ ㄹㅌ ㄹㅍ ㄹㅎ ㅁ ㅂ ㅂㅅ ㅅ ㅆ ㅇ ㅈ ㅊ ㅋ ㅌ ㅍ ㅎ".split(" ")
_LETTERS: Final = dict(zip("ㄱ ㄲ ㄴ ㄷ ㄸ ㄹ ㅁ ㅂ ㅃ ㅅ ㅆ ㅇ ㅈ ㅉ ㅊ ㅋ ㅌ ㅍ ㅎ".split(), _ONSETS, strict=True))
_CLOSED: Final = {
    "ㄱ": "k", "ㄲ": "k", "ㅋ": "k", "ㄴ": "n", "ㄷ": "t", "ㅅ": "t", "ㅆ": "t", "ㅈ": "t", "ㅊ": "t", "ㅌ": "t", "ㅎ": "", "ㄹ": "l",
    "ㅁ": "m", "ㅂ": "p", "ㅍ": "p", "ㅇ": "ng",
}  # fmt: skip
_NASAL: Final = {"k": "ng", "t": "n", "p": "m"}
_ASPIRATED: Final = {"g": "k", "d": "t", "j": "ch"}
_VARIANTS: Final = (
    ("eo", "o"), ("eo", "u"), ("eu", "u"), ("ae", "e"), ("yeo", "yo"), ("ui", "eui"), ("si", "shi"), ("u", "oo"), ("i", "ee"), ("j", "ch"),
    ("ch", "j"), ("kk", "gg"), ("tt", "dd"), ("pp", "bb"), ("jj", "j"), ("ss", "s"), ("oe", "we"), ("wo", "weo"), ("l", "r"), ("eun", "un"),
    ("mn", "bn"), ("eo", "eoh"),
)  # fmt: skip


def romanised(word: str) -> str:
    """One Hangul word in Latin letters, as it sounds. Other characters are dropped."""
    syllables = [ord(letter) - 0xAC00 for letter in word if "가" <= letter <= "힣"]
    parts = [[_ONSETS[code // 588], _VOWELS[code // 28 % 21], _CODAS[code % 28]] for code in syllables]
    letters: list[str] = []
    for index, (onset, vowel, coda) in enumerate(parts):
        following = parts[index + 1] if index + 1 < len(parts) else None
        letters.append(onset.replace("_", "") + vowel + _closed(coda, following))
    return "".join(letters)


def _closed(coda: str, following: list[str] | None) -> str:
    """The end of a syllable, its last consonant moved to the next one where that begins with a vowel."""
    if not coda:
        return ""
    if following is not None and following[0] == "_" and coda != "ㅇ":
        first, last = coda[:-1], coda[-1]
        following[0] = "_" if last == "ㅎ" else _LETTERS[last]
        return _CLOSED[first] if first else ""
    if following is not None and coda[-1] == "ㅎ":
        following[0] = _ASPIRATED.get(following[0], following[0])
    sound = _CLOSED[coda[0]]
    if following is not None and following[0] in ("n", "m"):
        return "l" if sound == "l" else _NASAL.get(sound, sound)
    if following is not None and following[0] == "r":
        following[0] = "l" if sound in ("l", "n") else "n"
        return "l" if sound in ("l", "n") else _NASAL.get(sound, sound)
    return sound


def varied(word: str, chance: random.Random) -> str:
    """The same word as somebody else would spell it."""
    for standard, other in chance.sample(_VARIANTS, 4):
        if standard in word:
            word = word.replace(standard, other)
    return word
