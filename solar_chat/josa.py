"""The right shape of a Korean particle after any word: 을 or 를, 이에요 or 예요.

The last sounded character decides: Hangul by its final consonant, digits by their Korean reading, Latin letters by simple reading rules (an acronym
is spelled out, a word is read). Brackets, quotation marks and punctuation are silent. It knows no dictionary: an unusual reading may be wrong.
"""

from __future__ import annotations

import re
from typing import Final

_PAIRS: Final = (
    ("을", "를"), ("이", "가"), ("은", "는"), ("과", "와"), ("으로", "로"), ("이에요", "예요"), ("이야", "야"), ("이나", "나"),
    ("이랑", "랑"), ("아", "야"), ("이라", "라"), ("이라고", "라고"), ("이라는", "라는"), ("으로서", "로서"), ("으로써", "로써"),
    ("이여", "여"), ("이야말로", "야말로"), ("이든", "든"), ("이며", "며"), ("이면", "면"),
)  # fmt: skip
_SHAPES: Final = {shape: pair for pair in reversed(_PAIRS) for shape in pair}
_DIGITS: Final = {"0": "ㅇ", "1": "ㄹ", "2": "", "3": "ㅁ", "4": "", "5": "", "6": "ㄱ", "7": "ㄹ", "8": "ㄹ", "9": ""}
_LETTERS: Final = {"l": "ㄹ", "m": "ㅁ", "n": "ㄴ", "r": "ㄹ"}
_WORD: Final = re.compile(r"[A-Za-z]+$")
_PARENTHESES: Final = re.compile(r"(?<=.)\s*\([^()]*\)\s*$", re.DOTALL)


def final_consonant(word: str) -> str:
    """The sounded final consonant of `word`: "ㄹ", another sign for any other consonant, or "" for a vowel or nothing sounded."""
    word = _PARENTHESES.sub("", word[-200:])
    for index in range(len(word) - 1, -1, -1):
        character = word[index]
        if "가" <= character <= "힣":
            return ("", "ㄹ")[(ord(character) - 0xAC00) % 28 == 8] or ("ㅇ" if (ord(character) - 0xAC00) % 28 else "")
        if character in _DIGITS:
            return _DIGITS[character]
        if character == "%":
            return ""  # 퍼센트
        if character.isascii() and character.isalpha():
            match = _WORD.search(word[: index + 1])
            return _latin(match.group() if match else character)
        if character.isalpha():
            return ""
    return ""


def has_final(word: str) -> bool:
    """Whether the last sounded character of `word` ends in a consonant."""
    return final_consonant(word) != ""


def josa(word: str, particle: str) -> str:
    """The shape of `particle` (either of its two) that follows `word`; a particle with one shape comes back as it is."""
    pair = _SHAPES.get(particle)
    if pair is None:
        return particle
    final = final_consonant(word)
    closed = final != "" and not (final == "ㄹ" and pair[0].startswith("으로"))
    return pair[0] if closed else pair[1]


def _latin(word: str) -> str:
    lowered = word.lower()
    # Spelled out letter by letter: 엘, 엠, 엔, 알 end in a consonant, every other letter's name in a vowel.
    if (word.isupper() and len(word) <= 4) or len(word) == 1 or not re.search(r"[aeiouy]", lowered):
        return _LETTERS.get(lowered[-1], "")
    if lowered.endswith("ng"):
        return "ㅇ"
    if lowered[-1] in "lmn":
        return _LETTERS[lowered[-1]]
    if lowered.endswith(("le", "ile", "ole", "ule")):
        return "ㄹ"
    if lowered.endswith(("me", "ne")) and len(lowered) > 3:
        return "ㅁ" if lowered.endswith("me") else "ㄴ"
    # A final p, t, k, b after a short vowel closes the syllable (봇, 앱, 북, 챗); elsewhere Korean adds 으.
    if re.search(r"(?<![aeiou])[aeiou][ptkb]$|oo[ptk]$|[aeiou](?:ck|pp|tt)$", lowered):
        return "ㅇ"
    return ""
