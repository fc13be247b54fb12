"""What the letters of a word say about its speech level where Kiwi's tags do not: whole answers, chat spellings, and forms it takes for nouns.

Endings as people spell them, no morphemes. A word that merely looks like an ending (필요, 중요, 케냐) is listed here, so that it stays a noun.
"""

from __future__ import annotations

import re
from typing import Final

from solar_chat.language.types import SentenceLevel
from solar_chat.language.vocabulary import words

_EDGES: Final = " \t.!?~…,^;:()[]*_\"'”’ㅋㅎㅠㅜ♡♥"
_POLITE_ANSWERS: Final = words(
    """
    네 예 넵 넹 옙 넴 네네 네넹 넹넹 네넵 넵넵 네에 네엥 예예 넨 아니요 아뇨 아니오 안녕하세요 그쵸 그죠 맞죠 여보세요 저기요 글쎄요
    """
)
_CASUAL_ANSWERS: Final = words(
    """
    응 어 엉 웅 웅웅 응응 으응 어어 그래 아니 야 음 안녕 ㅇㅇ ㄴㄴ ㄱㄱ ㅇㅇㅇ ㄱㄱㄱ ㄴㄴㄴ 그치 그치그치 글쎄 맞아 고마웡
    가 와 해 봐 줘 자 마 돼 써 타
    """
)
_ANSWERS: Final[dict[str, SentenceLevel]] = {**dict.fromkeys(_POLITE_ANSWERS, "polite"), **dict.fromkeys(_CASUAL_ANSWERS, "casual")}
"""Whole messages with a level of their own; verbs of one syllable are among them, because Kiwi takes them for nouns."""
_MARKED: Final = frozenset("ㅋㅎㅠㅜ")

_CLOSED_BY_B: Final = "".join(chr(0xAC00 + 28 * index + 17) for index in range(399))
_OPEN: Final = "".join(chr(0xAC00 + 28 * index) for index in range(399))
_WORD: Final = re.compile(r"[가-힣ㄱ-ㅎㅏ-ㅣ]+")
_FORMAL: Final = re.compile(rf"(?:[{_CLOSED_BY_B}](?:니다|니까|니당|니댜|니더|디다|디까|시다|쇼|시오)|[슴심](?:다|니다|까|당|더)|십시요)만?[아앗]*$")
_CHAT: Final = "어아해세네에예게까돼되워와줘봐져셔켜펴려"
"""Syllables before which 요 becomes 여, 염, 용 or 유 in a chat, and which end no noun in -용 or -염."""
_POLITE: Final = re.compile(rf"(?:(?:[{_OPEN}]|[군쿤든걸텐건인은는])(?:요|욥|욤|욧)|[죠쥬죵쥼슈]|[{_CHAT}](?:여|염|용|유)|[지데대래]유)[오옹우]*$")
_CASUAL: Final = re.compile(r"(?:[했하갔왔봤먹]삼|[하으]셈|[가보오]셈|지마|[해봐]줘|[할줄볼갈올]게)$")
_HAGE: Final = re.compile(r"(?:네그려|[ᆯ일할]세그려|구먼그려)$")
_PLAIN: Final = re.compile(r"(?:해|아|어|주|라|하|보|가|오|으)렴$")
NOUNS: Final = words(
    """
    필요 중요 주요 수요 고요 동요 개요 긴요 가요 민요 강요 소요 불필요 대중가요 노예요 참치마요 치킨마요 마요 부요 무요 서요 조요 도요 기요 비요
    """
)
"""Nouns that end like a polite sentence."""


def answer(surface: str) -> SentenceLevel | None:
    """The level of an answer or greeting that is a whole sentence; None for everything else."""
    if len(surface) > 12:
        return None
    stripped = surface.strip(_EDGES)
    return _ANSWERS.get(stripped)


def last_word(surface: str) -> str:
    """The last word of a sentence that has Hangul syllables in it, laughter and tears left out."""
    found = ""
    for match in _WORD.finditer(surface):
        if not _MARKED.issuperset(match.group()):
            found = match.group()
    return found.rstrip("ㅋㅎㅠㅜㅡ")


def word_level(word: str) -> SentenceLevel:
    """The level that the end of `word` spells, `none` where it spells none."""
    if _FORMAL.search(word):
        return "formal"
    if word in NOUNS:
        return "none"
    if _POLITE.search(word):
        return "polite"
    if _CASUAL.search(word):
        return "casual"
    if _HAGE.search(word):
        return "hage"
    return "plain" if _PLAIN.search(word) else "none"


def words_of(surface: str) -> list[str]:
    """The Hangul words of a sentence, from the last one to the first."""
    return [match.group() for match in _WORD.finditer(surface)][::-1]
