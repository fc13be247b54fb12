"""Whether a sentence may stand in an answer of a wanted speech level.

Tolerant where good Korean is: see `admits`. It judges levels that `levels` has read, and reads none itself.
"""

from __future__ import annotations

import re
from typing import Final

from solar_chat.language.types import Level, SentenceLevel

_REQUEST: Final = re.compile(r"(?:^(?:네|예|넵|아니요|아니오)|[세셔]요|시[지]요|시죠|셔요)[\"'”’)\]\s.!?~…]*$")
_PLAIN_AMONG_FRIENDS: Final = re.compile(r"(?:자|니|냐|라|구나|다|마|렴|가)[\"'”’)\]\s.!?~…]*$")

_WONDER: Final = re.compile(r"(?:까|지만)[\"'”’)\]\s.!?~…]*$")


def admits(wanted: Level, level: SentenceLevel, confidence: float, text: str) -> bool:
    """Whether a sentence (`text`, read as `level`) may stand in an answer of the `wanted` level.

    Tolerant where good Korean is: formal prose asks with -세요, polite prose mixes in 합쇼체, friends use 해라체 endings, written questions end in
    -ㄹ까. A sentence without a level, or one that is only guessed, is always admitted.
    """
    if level == "none" or confidence < 0.5 or level == wanted:
        return True
    if wanted == "formal":
        return level == "polite" and _REQUEST.search(text) is not None
    if wanted == "polite":
        return level == "formal"
    if wanted == "casual":
        return level == "plain" and _PLAIN_AMONG_FRIENDS.search(text) is not None
    return level == "casual" and _WONDER.search(text) is not None
