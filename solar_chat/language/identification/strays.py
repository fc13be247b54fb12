"""What in a reply is in a language or a script that nobody asked for.

Measured against what the person wrote: a translation, a text to correct, words of a language they named or a script they used are no strays. In
doubt nothing is one, because a reply that is begun anew costs a person time and a short English line costs nothing. Which language a reply shall be
in is decided elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from solar_chat.language.identification.identify import identify
from solar_chat.language.parsing.masking import regions
from solar_chat.language.types import Identification
from solar_chat.language.vocabulary import words

Stray = Literal["language", "script"]
Standing = Literal["right", "neutral", "open", "language", "script"]
"""How the beginning of a reply looks: settled as right, says nothing (code, numbers), too little to tell, or wrong."""

_LETTERS: Final = {
    "han": "\u3005\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff",
    "kana": "\u3041-\u3096\u30a1-\u30fa\u30fc\u31f0-\u31ff\uff66-\uff9d",
    "cyrillic": "\u0400-\u052f",
    # Armenian to Georgian without the marks between them: Hebrew, Arabic, the scripts of India, Thai, Lao, Tibetan, Burmese.
    "rest": "\u0531-\u0556\u0561-\u0586\u05d0-\u05ea\u0620-\u064a\u0671-\u06d3\u0904-\u0e30\u0e32-\u0fbc\u1000-\u10ff",
}
_ALL: Final = frozenset(_LETTERS)
# One character is an abbreviation that newspapers use (美, 中) or part of a face (ツ, Д); a word has two, in alphabets three.
_SHORTEST: Final = {"han": 2, "kana": 2, "cyrillic": 3, "rest": 3}
_ANY_FOREIGN: Final = re.compile(f"[{''.join(_LETTERS.values())}]{{2}}")
_GLOSS: Final = re.compile(r"(?<=[가-힣A-Za-z0-9'\"’”])\s?[(（\[〔][^()（）\[\]〔〕\n]{1,40}[)）\]〕]")
"""A reading or a spelling in brackets behind a word: 사과(沙果)."""

_NAMES_ENGLISH: Final = re.compile(r"영어|영문|영작|잉글리시|\benglish\b", re.IGNORECASE)
_NAMES_KOREAN: Final = re.compile(r"한국어|한국말|한글|우리말|국어|korean|hang[eu]{1,2}l", re.IGNORECASE)
_TRANSLATES: Final = re.compile(r"번역|통역|직역|의역|옮겨|translat|how (?:do|can|would) (?:you|i|we) say", re.IGNORECASE)
_NAMES_ALL: Final = re.compile(r"외국어|각국|나라별|언어별|여러 (?:나라|언어)|\blanguages\b|multilingual", re.IGNORECASE)
_NAMES_SCRIPT: Final = (
    (re.compile(r"한자|한문|사자성어|고사성어|중국|chinese|hanja|mandarin|cantonese|china", re.IGNORECASE), frozenset({"han"})),
    (re.compile(r"일본|일어|가나|japan|kanji|hiragana|katakana", re.IGNORECASE), frozenset({"han", "kana"})),
    (re.compile(r"러시아|키릴|우크라이나|불가리아|몽골|russia|cyrillic|ukrain|bulgaria|mongol", re.IGNORECASE), frozenset({"cyrillic"})),
    (re.compile(r"아랍|히브리|힌디|인도|태국|산스크리트|arab|hebrew|hindi|thai|sanskrit|persian", re.IGNORECASE), frozenset({"rest"})),
)
_ENGLISH_PROSE: Final = re.compile(r"(?<![A-Za-z'’])[A-Za-z][A-Za-z'’]*+(?:[ ,]++[A-Za-z][A-Za-z'’]*+){3}")
"""Four English words in a row: material a person pasted, not terms in a Korean sentence."""
_KOREAN_WORD: Final = re.compile(r"[가-힣]{2,}")
_HANGUL: Final = re.compile(r"[가-힣]")
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z'’]*")
_LIST: Final = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)])\s")
# What no list of terms and no name contains, and every English sentence does.
_FUNCTION_WORDS: Final = words(
    """
    the a an is are was were be been am do does did have has had will would can could should may might must i you he she it we they me your my
    his her its our their this that these those what which who when where why how and or but if because of in on at to for from with by about
    as not don't can't isn't i'm it's let's i'll you're here there please
    """
)
# A short English line is a name or a greeting; six letters of it say nothing about what follows.
LEAST_ENGLISH_LETTERS: Final = 12
LEAST_ENGLISH_WORDS: Final = 3
LEAST_KOREAN_SYLLABLES: Final = 4


@dataclass(frozen=True, slots=True)
class Expected:
    """What a reply may be written in."""

    language: Literal["ko", "en"]
    admits_other: bool = False
    """The reply may well be in the other of the two languages: a translation, a corrected text."""
    scripts: frozenset[str] = frozenset()
    """Scripts beside Hangul and Latin that the person used or asked about."""

    @classmethod
    def after(cls, language: Literal["ko", "en"], message: str, earlier: Iterable[str] = ()) -> Expected:
        """For the reply in `language` to `message`; `earlier` is what the person wrote before."""
        return cls(language, _admits_other(language, message), _scripts("\n".join([*earlier, message])))

    def strays(self, text: str) -> Stray | None:
        """What is wrong with a sentence of the reply, where something surely is."""
        standing = self.opening(text)
        return standing if standing == "language" or standing == "script" else None

    def opening(self, text: str) -> Standing:
        """How the beginning of a reply stands."""
        if self.strays_in_script(text):
            return "script"
        if self.admits_other:
            return "right"
        found = identify(text)
        return self._korean(text, found) if self.language == "ko" else self._english(text, found)

    def strays_in_script(self, text: str) -> bool:
        """Whether a word of `text` is in a script that has no business there; code, quotations and glosses in brackets may hold any."""
        unexpected = _ALL - self.scripts
        if not unexpected or not _ANY_FOREIGN.search(text):
            return False
        bare = _GLOSS.sub(" ", _prose(text))
        return any(re.search(f"[{_LETTERS[name]}]{{{_SHORTEST[name]},}}", bare) for name in unexpected)

    def _korean(self, text: str, found: Identification) -> Standing:
        if found.language == "ko":
            return "right"
        english = _WORD.findall(_prose(text))
        functional = sum(word.lower().replace("’", "'") in _FUNCTION_WORDS for word in english)
        if found.language == "mixed":
            return "language" if found.matrix == "en" and functional >= 2 else "right"
        if not english or (_LIST.match(text) and not functional):
            return "neutral"
        enough = len(english) >= LEAST_ENGLISH_WORDS and sum(map(len, english)) >= LEAST_ENGLISH_LETTERS
        return "language" if enough and (functional or found.language == "other") else "open"

    def _english(self, text: str, found: Identification) -> Standing:
        if found.romanized or found.language == "en":
            return "right"
        if found.language == "none":
            return "neutral"
        korean = found.language == "ko" or (found.language == "mixed" and found.matrix == "ko")
        if not korean:
            return "right"
        return "language" if len(_HANGUL.findall(_prose(text))) >= LEAST_KOREAN_SYLLABLES else "open"


def _admits_other(language: str, message: str) -> bool:
    if _TRANSLATES.search(message):
        return True
    if (_NAMES_ENGLISH if language == "ko" else _NAMES_KOREAN).search(message):
        return True
    # Material needs a frame: whoever writes in the other language alone, and asked for this one, has not pasted anything.
    korean, english = len(_KOREAN_WORD.findall(message)), len(_WORD.findall(message))
    return korean >= 2 and (_ENGLISH_PROSE.search(message) is not None if language == "ko" else english >= LEAST_ENGLISH_WORDS)


def _scripts(written: str) -> frozenset[str]:
    if _NAMES_ALL.search(written):
        return _ALL
    used = {name for name, letters in _LETTERS.items() if re.search(f"[{letters}]", written)}
    named = {name for pattern, names in _NAMES_SCRIPT if pattern.search(written) for name in names}
    # Japanese is written in both.
    return frozenset(used | named | ({"han"} if "kana" in used else set()))


def _prose(text: str) -> str:
    """`text` without code, links and quotations."""
    pieces: list[str] = []
    position = 0
    for region in regions(text):
        pieces.append(text[position : region.start])
        position = max(position, region.end)
    return " ".join([*pieces, text[position:]])
