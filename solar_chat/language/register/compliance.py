"""Whether a sentence may stand in an answer of a wanted speech level.

Tolerant where good Korean is: see `admits`. It judges levels that `levels` has read, and reads none itself.
"""

from __future__ import annotations

import re
from typing import Final

from solar_chat.language.types import SentenceLevel
from solar_chat.levels import Level

_TAIL_CHARACTERS: Final = 600
"""An ending is looked for in this much of a sentence's end; a link target may stand behind it."""
_BEHIND: Final = re.compile(r"\]\([^\s()]{0,500}(?:\([^\s()]{0,100}\)[^\s()]{0,100})?\)|</?[A-Za-z][^<>]{0,200}>")
_ASIDE: Final = re.compile(r"(?<=[가-힣`])\s*\([^()]{0,200}(?<![.!?])\)[^가-힣()]*$")
_LAST_WORD: Final = re.compile(r"[가-힣]+")

_ANSWERS: Final = frozenset({"네", "예", "넵", "아니요", "아니오"})
_REQUEST: Final = ("세요", "셔요", "시죠", "시지요")
_GLOSS: Final = re.compile(r"(?:말|때문|뿐|셈|격)이(?:죠|지요)$")
"""Tags that gloss the sentence before. Any other -죠 is 해요체 speaking to someone."""
_WONDER: Final = ("까", "지만")
_PLAIN_AMONG_FRIENDS: Final = ("자", "니", "냐", "라", "구나", "다", "마", "렴", "가")


def admits(wanted: Level, level: SentenceLevel, confidence: float, text: str) -> bool:
    """Whether a sentence (`text`, read as `level`) may stand in an answer of the `wanted` level.

    Tolerant where good Korean is: formal prose asks with -세요 and wonders with -ㄹ까요, -나요 and -ㄴ가요, polite prose mixes in 합쇼체, friends use
    해라체 endings, written questions end in -ㄹ까. A sentence without a level, or one that is only guessed, is always admitted.
    """
    if level == "none" or confidence < 0.5 or level == wanted:
        return True
    if wanted == "polite":
        return level == "formal"
    word, asks = _last_word(text)
    if wanted == "formal":
        return level == "polite" and bool(word in _ANSWERS or word.endswith(_REQUEST) or _GLOSS.search(word) or _asks_softly(word, asks))
    if wanted == "casual":
        return level == "plain" and word.endswith(_PLAIN_AMONG_FRIENDS)
    return level == "casual" and word.endswith(_WONDER)


def _asks_softly(word: str, asks: bool) -> bool:
    """Questions that 합쇼체 borrows: it has no ending for -ㄹ까요, and -습니까 asked of a reader sounds like an interrogation."""
    if word.endswith("까요"):
        return True
    if not asks or len(word) < 3:
        return False
    # -ㄴ가요 needs its ㄴ: 가요? alone is 가다 in 해요체.
    return word.endswith("나요") or (word.endswith("가요") and (ord(word[-3]) - 0xAC00) % 28 == 4)


def _last_word(text: str) -> tuple[str, bool]:
    """The last word in Hangul, markup and a closing aside left out, and whether a question mark follows it."""
    tail = _ASIDE.sub("", _BEHIND.sub("", text[-_TAIL_CHARACTERS:]))
    word, end = "", 0
    for match in _LAST_WORD.finditer(tail):
        word, end = match.group(), match.end()
    return word, "?" in tail[end:]
