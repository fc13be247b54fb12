"""What else there is, as simply as it is used elsewhere: langdetect, the script ratio, a regex on the last syllables, Kiwi's final endings.

Each is written from its own idea and shares no rule with the app, so that the two judges of a speech level can also judge the app's rewriter. A peer
is not improved here: it is the baseline.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from benchmarks.korean.paragraphs import words_only
from solar_chat.language import SentenceLevel
from solar_chat.language.parsing.analyser import kiwi

_FAMILY: Final[dict[SentenceLevel, str]] = {
    "formal": "jondaemal",
    "polite": "jondaemal",
    "hao": "jondaemal",
    "casual": "banmal",
    "plain": "banmal",
    "hage": "banmal",
    "none": "none",
}
_SEGMENT: Final = re.compile(r"[.!?~…。\n]+")
_TAIL: Final = re.compile(r"[가-힣]+(?=[^가-힣]*$)")
# Tried in order on the last syllables of a segment.
_SYLLABLES: Final[tuple[tuple[SentenceLevel, re.Pattern[str]], ...]] = (
    ("formal", re.compile(r"(?:니다|니까|십시오|십쇼|시다)$")),
    ("polite", re.compile(r"(?:요|죠)$")),
    ("hao", re.compile(r"(?:시오|하오|이오|소|구려)$")),
    ("hage", re.compile(r"(?:하게|보게|주게|쓰게|말게|게나|[가-힣]세)$")),
    ("plain", re.compile(r"(?:다|라|자|냐|니)$")),
)
# The same classes on Kiwi's form of a final ending, which may begin with a bare consonant.
_ENDINGS: Final[tuple[tuple[SentenceLevel, re.Pattern[str]], ...]] = (
    ("formal", re.compile(r"(?:니다|니까|십시오|ᆸ시오|ᆸ쇼|시다)$")),
    ("polite", re.compile(r"(?:요|죠)$")),
    ("hao", re.compile(r"(?:오|소|구려)$")),
    ("hage", re.compile(r"(?:게|게나|세)$")),
    ("plain", re.compile(r"(?:다|라|자|냐|니|구나)$")),
    ("none", re.compile(r"[ᆷ음]$")),
)


def langdetect_language(text: str) -> str:
    """langdetect's first guess with its process-wide seed set; `none` where it raises."""
    from langdetect import DetectorFactory, LangDetectException, detect

    DetectorFactory.seed = 0
    try:
        return str(detect(words_only(text)))
    except LangDetectException:
        return "none"


def script_ratio(text: str) -> str:
    """Korean where Hangul is at least half as long as Latin is, as spam filters and language pickers do it."""
    bare = words_only(text)
    hangul = len(re.findall(r"[가-힣ㄱ-ㅎㅏ-ㅣ]", bare))
    latin = len(re.findall(r"[A-Za-z]", bare))
    if not hangul and not latin:
        return "none"
    return "ko" if hangul and 2 * hangul >= latin else "en"


def regex_segments(text: str) -> list[tuple[str, SentenceLevel]]:
    """(segment, level by its last syllables) of what stands between sentence marks."""
    return [(segment, _syllable_level(segment)) for segment in _SEGMENT.split(text) if segment.strip()]


def regex_level(text: str) -> str:
    """The level that most segments have; of two as frequent, the later."""
    return _vote([level for _, level in regex_segments(text)])


def regex_family(text: str) -> str:
    """The same vote between 존댓말 and 반말."""
    return _vote([_FAMILY[level] for _, level in regex_segments(text)])


def ending_sentences(text: str) -> list[tuple[str, SentenceLevel]]:
    """(sentence, level by its last EF) as raw Kiwi splits and tags them."""
    found: list[tuple[str, SentenceLevel]] = []
    for sentence in kiwi().split_into_sents(text, return_tokens=True):
        endings = [token.form for token in sentence.tokens or () if token.tag == "EF"]
        found.append((sentence.text, _ending_level(endings[-1]) if endings else "none"))
    return found


def ending_level(text: str) -> str:
    """The level that most sentences have by their EF alone; of two as frequent, the later."""
    return _vote([level for _, level in ending_sentences(text)])


def ending_family(text: str) -> str:
    """The same vote between 존댓말 and 반말."""
    return _vote([_FAMILY[level] for _, level in ending_sentences(text)])


def _syllable_level(segment: str) -> SentenceLevel:
    """Of the last piece between commas whose syllables say something; Korean that never does is 해체."""
    tails = [tail.group() for piece in reversed(segment.split(",")) if (tail := _TAIL.search(piece))]
    levels = (level for tail in tails for level, pattern in _SYLLABLES if pattern.search(tail))
    return next(levels, "casual" if tails else "none")


def _ending_level(form: str) -> SentenceLevel:
    return next((level for level, pattern in _ENDINGS if pattern.search(form)), "casual")


def _vote(levels: Iterable[str]) -> str:
    shown = [level for level in levels if level != "none"]
    if not shown:
        return "none"
    most = max(shown.count(level) for level in shown)
    return next(level for level in reversed(shown) if shown.count(level) == most)
