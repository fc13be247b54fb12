"""Messages that answer without choosing a language: "ok", "ㅋㅋ", "lol".

Such a word is Korean or English by its letters, but a person types it in the middle of either conversation; it must not switch the reply language.
"""

from __future__ import annotations

import re

_WORDS = frozenset(
    "ok okay okey k kk yes yep yeah yup no nope nah lol lmao haha hahaha hehe hmm hm wow thx ty thanks nice cool good great bye hi plz pls".split()
)
_JAMO = re.compile(r"[ㄱ-ㅎㅏ-ㅣ]+")
_WORD = re.compile(r"[A-Za-z]+|[가-힣ㄱ-ㅎㅏ-ㅣ]+")
# "hi" and "thanks" do choose a language where they come with more words; alone, the conversation's language goes on.
_MOST_WORDS = 2


def is_reflex(text: str) -> bool:
    """Whether `text` consists of at most two such words, or of bare jamo."""
    words = _WORD.findall(text)
    return 0 < len(words) <= _MOST_WORDS and all(word.lower() in _WORDS or _JAMO.fullmatch(word) for word in words)
