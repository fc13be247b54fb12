"""From a sentence's last morphemes to its speech level.

The rules are tables over Kiwi's final endings (EF), first hit wins, each with a strength from 0 to 1. A sentence without an ending has no level: a
list item, a heading or an English sentence can never be wrong. Nothing here loads Kiwi; morphemes come in, a level comes out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from solar_chat.language.analyser import Morpheme, ParsedSentence
from solar_chat.language.types import Family, SentenceLevel
from solar_chat.language.vocabulary import words

Reading = tuple[SentenceLevel, float]
NONE: Final[Reading] = ("none", 0.0)

FAMILY: Final[dict[SentenceLevel, Family]] = {
    "formal": "jondaemal", "polite": "jondaemal", "hao": "jondaemal", "casual": "banmal", "plain": "banmal", "hage": "banmal", "none": "none",
}  # fmt: skip

_DROPPED: Final = {"SF", "SP", "SS", "SSO", "SSC", "SE", "SO", "SW", "SB", "SN", "Z_CODA", "UN"}
_POLITE_PARTICLES: Final = {"요", "욥", "여", "염", "용", "유"}
_POLITE_WORDS: Final = {"네", "예", "넵", "넹", "옙", "넴", "아니요", "아뇨", "안녕하세요"}
_CASUAL_WORDS: Final = {"응", "어", "그래", "아니", "야", "음", "안녕", "웅", "엉"}
_BARE_VERBS: Final = {"가", "와", "해", "봐", "줘", "자", "마", "돼", "써", "타"}
"""Whole messages of one syllable, which Kiwi takes for nouns."""
_CHAT_MARKS: Final = {"ㅇㅇ", "ㄴㄴ", "ㄱㄱ"}

_FORMAL: Final = tuple(
    words(
        """
    니다 습니까 ᆸ니까 십시오 ᆸ시오 ᆸ쇼 습디다 ᆸ디다 나이다 슴다 슴니다 슴까 ᆷ다 ᆷ까 ᆸ시다 읍시다 니당 습니댜 시다
    """
    )
)
_POLITE: Final = tuple(words("요 죠 어여 에여 예여 네여 세여 게여 지여 데여 용 염 쥬 유 어욥"))
_HAO: Final = {"오", "소", "구려", "으오", "리다", "외다", "는구려", "시오", "으시오"}
_HAGE: Final = {"게", "게나", "세", "ᆯ세", "을세", "네그려", "구먼", "는구먼", "다네", "ᆫ다네", "는다네", "라네", "으세"}
_PLAIN: Final = words(
    """
    다 ᆫ다 는다 라 으라 어라 아라 여라 거라 너라 자 니 으니 냐 느냐 으냐 구나 는구나 로구나 렴 으렴 려무나 으려무나 마 으마 도다 는도다
    노라 더라 더구나 더냐 으리라 리라 ᆫ가 은가 는가 던가 ᆯ쏘냐 다오 란다 단다 ᆫ단다 는단다 ᆯ지어다
    """
)
_NOMINAL: Final = {"ᆷ", "음", "기", "슴", "ᆷ요"}
_PLAIN_CONNECTIVES: Final = {"니": 0.6, "자": 0.6, "라": 0.6, "어라": 0.6, "다": 0.5, "냐": 0.6}
_FINAL_WORD: Final = re.compile(r"[가-힣ㄱ-ㅎㅏ-ㅣ]+(?=[^가-힣ㄱ-ㅎㅏ-ㅣ]*$)")
_FORMAL_SURFACE: Final = re.compile(r"(?:니다|니까|십시오|십쇼|읍시다|[슴습]다|니당|니댜)$")
_POLITE_SURFACE: Final = re.compile(
    r"(?:(?:[게네대데래아어여예에와워줘봐해돼셔서]|[가-힣](?:고|구|지|세|까|나|가|면|군))요|죠|[세셔어아해네]용|[어아해]욤)$"
)
_NOUNS_IN_YO: Final = words("필요 중요 주요 수요 고요 동요 개요 긴요 가요 민요 강요 소요 노예요")


def ending_level(form: str) -> SentenceLevel:
    """The class of a final ending (EF) in Kiwi's notation, 요 included where it belongs to it."""
    if form in _HAO:
        return "hao"
    if form.endswith(_FORMAL):
        return "formal"
    if form.endswith(_POLITE):
        return "polite"
    if form in _HAGE:
        return "hage"
    if form in _NOMINAL:
        return "none"
    if form in _PLAIN or form.endswith(("다", "라")):
        return "plain"
    return "casual"


def meaningful(morphemes: Sequence[Morpheme]) -> list[Morpheme]:
    """The morphemes that can carry a level: no punctuation, symbols, numbers or emoji."""
    return [morpheme for morpheme in morphemes if morpheme.kind not in _DROPPED and not morpheme.kind.startswith("W_")]


def read(text: str, sentence: ParsedSentence) -> Reading:
    """Level and strength of one sentence of `text`."""
    surface = text[sentence.start : sentence.end]
    stripped = surface.strip(" \t.!?~…,^;:()[]*_\"'”’")
    if stripped in _POLITE_WORDS:
        return "polite", 0.5
    if stripped in _CHAT_MARKS or stripped in _CASUAL_WORDS or stripped in _BARE_VERBS:
        return "casual", 0.5
    morphemes = meaningful(sentence.morphemes)
    if not morphemes:
        return NONE
    # A list item or a heading that ends in a noun form or bare noun is neutral; one with a verb ending is a sentence like any other.
    reading = _from_ending(morphemes)
    if reading is not None:
        return _doubted(reading) if morphemes[-1].kind == "EC" and _goes_on(text, sentence) else reading
    return NONE if sentence.listed else _from_surface(surface, morphemes)


def _goes_on(text: str, sentence: ParsedSentence) -> bool:
    """Whether a connective stands where a line was wrapped or at a comma: the clause is not over."""
    if text[sentence.start : sentence.end].rstrip("*_ ").endswith((",", ":")):
        return True
    following = text[sentence.end : sentence.end + 3].lstrip(" \t")
    return following.startswith("\n") and following[1:2].strip() not in ("", "-", "*", "#", "`", ">") and text[sentence.end - 1] not in ".?!…~"


def _doubted(reading: Reading) -> Reading:
    return reading[0], min(reading[1], 0.4)


def _from_ending(morphemes: list[Morpheme]) -> Reading | None:
    last = morphemes[-1]
    if last.kind == "JX" and last.form in _POLITE_PARTICLES:
        return "polite", 1.0
    final = next((index for index in range(len(morphemes) - 1, max(-1, len(morphemes) - 6), -1) if _is_final(morphemes, index)), None)
    if final is not None:
        return _from_final(morphemes, final)
    if last.kind == "EC" or (last.form == "만" and len(morphemes) > 1 and morphemes[-2].kind == "EC"):
        return _from_connective(last.form if last.kind == "EC" else morphemes[-2].form)
    if last.kind == "ETN":
        return NONE
    before = morphemes[-2] if len(morphemes) > 1 else None
    if last.kind in ("JKS", "JKO") and before is not None and before.form in ("거", "것") and len(morphemes) > 2 and morphemes[-3].kind == "ETM":
        return "casual", 0.7 if last.kind == "JKS" else 0.6
    if last.kind == "MAG" and last.form == "다" and before is not None and before.kind[0] == "N" and before.end == last.start:
        return "plain", 0.5  # 1티어다: the copula taken for an adverb
    if last.kind == "JKV":
        return "casual", 0.5
    return None


def _is_final(morphemes: list[Morpheme], index: int) -> bool:
    if morphemes[index].kind != "EF":
        return False
    # An embedded ending is reported speech: it says nothing about the speaker's own level.
    return index + 1 >= len(morphemes) or morphemes[index + 1].kind not in ("JKQ", "ETM", "JKB", "JKO", "JKG", "JC")


def _from_final(morphemes: list[Morpheme], index: int) -> Reading | None:
    form = morphemes[index].form
    after = morphemes[index + 1 :]
    if after and after[0].kind == "JX" and after[0].form in _POLITE_PARTICLES:
        return "polite", 1.0 if len(after) == 1 else 0.7
    level = ending_level(form)
    if level == "none":
        return NONE
    if form == "네" and any(morpheme.form == "자네" for morpheme in morphemes):
        level = "hage"
    before = morphemes[index - 1] if index else None
    if form == "오" and before is not None and before.form in ("달", "다"):
        level = "plain"
    if level == "hage" and form in ("게", "세") and before is not None and before.kind not in ("VV", "VX", "XSV", "EP"):
        level = "casual"
    return level, 1.0 if not after else 0.7


def _from_connective(form: str) -> Reading | None:
    if "니다" in form:
        return "formal", 1.0
    if form in ("소", "구려", "오"):
        return "hao", 0.7
    if form == "게나":
        return "hage", 0.7
    if form.endswith(("요", "죠", "어유", "에유", "어여", "에여", "네여", "세여")):
        return "polite", 0.8
    if form in _PLAIN_CONNECTIVES:
        return "plain", _PLAIN_CONNECTIVES[form]
    return "casual", 0.5


def _from_surface(surface: str, morphemes: list[Morpheme]) -> Reading:
    match = _FINAL_WORD.search(surface)
    word = match.group() if match else ""
    if _FORMAL_SURFACE.search(word):
        return "formal", 0.6
    if word not in _NOUNS_IN_YO and _POLITE_SURFACE.search(word):
        return "polite", 0.6
    for morpheme in morphemes:
        if morpheme.kind == "NP" and morpheme.form in ("저", "저희"):
            return "polite", 0.3
        if morpheme.kind == "NP" and morpheme.form in ("나", "너", "니", "너희"):
            return "casual", 0.3
    return NONE
