"""Messages that answer without choosing a language: "ok", "ㅋㅋ", "lol", "네".

Such a word is Korean or English by its letters, but a person types it in the middle of either conversation; it must not switch the reply language.
A question, a request or a third word is more than a reflex.
"""

from __future__ import annotations

import re
from typing import Final

from solar_chat.language.vocabulary import words

_WORDS: Final = words(
    """
    ok okay okey k kk oki yes yep yeah yup ya no nope nah lol lmao rofl heh hmm hm mm wow omg thx ty tysm thanks nice cool good great bye
    hi plz pls gg np nvm oh ah sure right xd
    네 넵 넹 넴 옙 예 응 웅 엉 어 음 흠 오 아 와 우와 헐 굿 오키 오케 오케이 콜 노노 아니 아뇨 아니요 감사 감사합니다 감사해요 고마워 고마워요 땡큐
    """
)
_PHRASES: Final = frozenset({"thank you", "got it", "i see", "all right", "no problem", "of course"})
_JAMO: Final = re.compile(r"[ㄱ-ㅎㅏ-ㅣ]+")
_WORD: Final = re.compile(r"[A-Za-z]+|[가-힣ㄱ-ㅎㅏ-ㅣ]+")
_LAUGHTER: Final = re.compile(r"[ㅋㅎㅠㅜ]+$")
_DRAWN_OUT: Final = re.compile(r"(.)\1{2,}")
_LAUGHING: Final = re.compile(r"(?:ha|he|하|헤|히|호|크|캬){2,}h?$")
_DOUBLED: Final = re.compile(r"([가-힣]{1,2})\1+$")
_ASKING: Final = re.compile(r"[?？]")
# "hi" and "thanks" do choose a language where they come with more words; alone, the conversation's language goes on.
_MOST_WORDS: Final = 2


def is_reflex(text: str) -> bool:
    """Whether `text` consists of at most two such words, or of bare jamo, and asks nothing."""
    found = [_plain(word) for word in _WORD.findall(text)]
    if not found or _ASKING.search(text):
        return bool(found) and all(_JAMO.fullmatch(word) for word in found)
    return " ".join(found) in _PHRASES or (len(found) <= _MOST_WORDS and all(_is_light(word) for word in found))


def _is_light(word: str) -> bool:
    return word in _WORDS or _JAMO.fullmatch(word) is not None or _LAUGHING.match(word) is not None


def _plain(word: str) -> str:
    """The word in small letters, without laughter at its end and with its letters drawn out or said twice (yesss, 네네)."""
    word = word.lower()
    if _JAMO.fullmatch(word):
        return word
    word = _LAUGHTER.sub("", word) or word
    return _DOUBLED.sub(r"\1", _DRAWN_OUT.sub(r"\1", word))
