"""From a sentence's last morphemes to its speech level, by rule.

The final ending decides, first hit wins, each with a strength from 0 to 1: 1.0 for a final ending, .7 and less for one that Kiwi may have read wrong,
below .5 for a guess. Where the rules see that a sentence has no level (a noun form, a list item without a verb) they say `none` with strength 1.0;
where they see nothing at all the strength is 0 and `speech` may ask the character model. Nothing here loads Kiwi.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from solar_chat.language.parsing.analyser import Morpheme, ParsedSentence
from solar_chat.language.register.ending_tables import INDIRECT, INNER_CONNECTIVES, PLAIN_CONNECTIVES, SENTENCE_CONNECTIVES, ending_level
from solar_chat.language.register.surface import NOUNS, answer, last_word, word_level, words_of
from solar_chat.language.types import Family, SentenceLevel
from solar_chat.language.vocabulary import words

__all__ = ["FAMILY", "NONE", "SILENT", "Reading", "ending_level", "goes_on", "is_label", "meaningful", "read"]

Reading = tuple[SentenceLevel, float]
NONE: Final[Reading] = ("none", 0.0)
"""No evidence either way."""
SILENT: Final[Reading] = ("none", 1.0)
"""Evidence that the sentence has no level."""

FAMILY: Final[dict[SentenceLevel, Family]] = {
    "formal": "jondaemal", "polite": "jondaemal", "hao": "jondaemal", "casual": "banmal", "plain": "banmal", "hage": "banmal", "none": "none",
}  # fmt: skip

_DROPPED: Final = frozenset({"SF", "SP", "SS", "SSO", "SSC", "SE", "SO", "SW", "SB", "SN", "Z_CODA", "Z_SIOT", "UN"})
_POLITE_PARTICLES: Final = frozenset({"요", "욥", "여", "염", "용", "유", "이요"})
_CUT_OFF: Final = frozenset("요유여염용욤")
_CONTRACTED: Final = frozenset("워와어아해게")
"""Syllables that no noun before 이여 ends in: 방가워여 is 반가워요."""
_EMBEDDING: Final = frozenset({"JKQ", "ETM", "JKB", "JKO", "JKG", "JC"})
"""What follows an ending that is only reported."""
_REPORTED: Final = ("라고", "라는", "라며", "라면서", "이라고", "이라는", "이라며", "하고 ", "이러고", "이러면서", "이랬", "이러니", "하길래")
_DONE: Final = words(
    """
    완료 예정 필수 금지 가능 불가 확인 설치 실행 수정 저장 변경 삭제 추가 설정 적용 사용 입력 선택 취소 등록 처리 진행 요약 정리 작성 생성
    배포 연결 시작 종료 비교 방법 목록 이유 필요 결과
    """
)
"""Nouns that close a heading, a note or a status line: they stand there for a predicate."""
_ADPOSITIONS: Final = words("대하 위하 의하 통하 인하 관하 비하 따르 즈음하 향하 걸치 더불")
"""Verbs whose -어 is a preposition (값을 저장하기 위해): a phrase that ends there has no predicate."""
_ALL: Final = frozenset({"모두", "전부", "둘", "거의", "이거", "그거", "저거"})


def meaningful(morphemes: Sequence[Morpheme]) -> list[Morpheme]:
    """The morphemes that can carry a level: no punctuation, symbols, numbers or emoji."""
    return [morpheme for morpheme in morphemes if morpheme.tag not in _DROPPED and not morpheme.tag.startswith("W_")]


def read(text: str, sentence: ParsedSentence) -> Reading:
    """Level and strength of one sentence of `text`."""
    surface = text[sentence.start : sentence.end]
    whole = answer(surface)
    if whole is not None:
        # A tail of a drawn-out word (좋아아) is no answer, nor is an exclamation before more words (와 …).
        loose = sentence.start == 0 or text[sentence.start - 1].isspace() or not text[sentence.start - 1].isalpha()
        return (whole, 0.5) if loose and not (surface == "와" and sentence.start) else NONE
    morphemes = meaningful(sentence.morphemes)
    if not morphemes:
        return NONE
    following = text[sentence.end : sentence.end + 8]
    if morphemes[-1].tag in ("EF", "EC") and following[:1] in _CUT_OFF and (following[0] == "요" or not following[1:2].isalpha()):
        return "polite", 0.8  # Kiwi cut the sentence before its 요.
    if following.lstrip(" ,").startswith(_REPORTED) and (surface.endswith(",") or following[:1] != "\n"):
        return NONE
    if is_label(morphemes):
        return _inside(morphemes) or SILENT
    if (_embeds(morphemes, surface) and (sentence.listed or goes_on(text, sentence))) or (sentence.listed and _is_title(morphemes, surface)):
        return SILENT
    reading = _from_ending(morphemes, surface)
    if reading is not None:
        if morphemes[-1].tag == "EC" and reading[1] < 1.0 and goes_on(text, sentence):
            return reading[0], min(reading[1], 0.4)
        return reading
    return SILENT if sentence.listed else _from_surface(surface, morphemes)


def is_label(morphemes: Sequence[Morpheme]) -> bool:
    """A phrase without a predicate that Kiwi gives an ending, or that the character model would guess about: numbers, 비고, 예를 들어, 위해."""
    if all(morpheme.tag == "NR" for morpheme in morphemes):
        return True
    last, before = morphemes[-1], morphemes[-2] if len(morphemes) > 1 else None
    if before is None or last.tag != "EC":
        return False
    if last.form in ("어", "어서"):
        return before.form in _ADPOSITIONS or (before.form == "들" and any(morpheme.form == "예" for morpheme in morphemes[:-2]))
    # Nouns of two syllables in -고 stand alone as labels; nobody says 비고 for "it is rain, and".
    return len(morphemes) == 3 and last.form == "고" and before.tag == "VCP" and before.start == before.end and len(morphemes[0].form) == 1


def _embeds(morphemes: list[Morpheme], surface: str) -> bool:
    """Whether the last ending is an indirect question that asks nobody (어떤 값을 저장할지)."""
    return morphemes[-1].tag in ("EC", "EF") and morphemes[-1].form in INDIRECT and "?" not in surface


def _is_title(morphemes: list[Morpheme], surface: str) -> bool:
    """A question that heads a section or stands in a list for its topic (왜 중요한가)."""
    return morphemes[-1].tag == "EF" and morphemes[-1].form in ("ᆫ가", "은가", "는가", "던가", "ᆯ까", "을까") and "?" not in surface


def goes_on(text: str, sentence: ParsedSentence) -> bool:
    """Whether a sentence stops where a line was wrapped or at a comma: the clause is not over."""
    if text[sentence.start : sentence.end].rstrip("*_ ").endswith((",", ":")):
        return True
    following = text[sentence.end : sentence.end + 3].lstrip(" \t")
    return following.startswith("\n") and following[1:2].strip() not in ("", "-", "*", "#", "`", ">") and text[sentence.end - 1] not in ".?!…~"


def _from_ending(morphemes: list[Morpheme], surface: str) -> Reading | None:
    """By the last morphemes; None where they are no ending."""
    last = morphemes[-1]
    tag, form = last.tag, last.form
    before = morphemes[-2] if len(morphemes) > 1 else None
    if tag == "EF":
        return _from_final(morphemes, len(morphemes) - 1, surface)
    if form in _POLITE_PARTICLES and (tag == "JX" or (tag == "MM" and before is not None and before.end == last.start)):
        return "polite", 1.0 if tag == "JX" else 0.8
    if tag == "EC":
        if form == "여" and word_level(last_word(surface)) == "polite":
            return "polite", 0.6
        if form == "라" and before is not None and before.tag in ("VCN", "VCP"):
            return "casual", 0.4  # not a command: 그게 아니라
        adverb = form == "게" and before is not None and before.tag[:2] == "VA"
        reading = SILENT if adverb else _from_connective(form)
        # A clause that goes on says less than a full one before it: 알죠, … 하고
        inner = _inside(morphemes) if adverb or reading[1] <= 0.5 else None
        return (inner[0], 0.6) if inner is not None and (adverb or FAMILY[inner[0]] == "jondaemal") else reading
    if tag == "ETN":
        return SILENT if form in ("ᆷ", "음") and word_level(last_word(surface)) == "none" else None
    misread = _from_misread(morphemes, last, before) if before is not None else None
    if misread is not None:
        return misread
    if tag == "JKV":
        return "casual", 0.5
    for index in range(len(morphemes) - 2, max(-1, len(morphemes) - 6), -1):
        if morphemes[index].tag == "EF" and morphemes[index + 1].tag not in _EMBEDDING:
            return _from_final(morphemes, index, surface)
    return None


def _from_misread(morphemes: list[Morpheme], last: Morpheme, before: Morpheme) -> Reading | None:
    """Endings that Kiwi is known to take for something else."""
    tag, form = last.tag, last.form
    if form == "만" and before.tag == "EC" and "니다" in before.form:
        return "formal", 1.0
    modifier = morphemes[-3] if len(morphemes) > 2 else None
    if before.form in ("거", "것") and modifier is not None and modifier.tag == "ETM":
        # 할게, 있는걸; but 나오는 게 is a noun.
        if tag == "JKS" and modifier.form in ("ᆯ", "을"):
            return "casual", 0.7
        if tag == "JKO":
            return "casual", 0.6
    if tag == "MAG" and form == "다" and before.tag[0] in "NMXS" and before.end == last.start and before.form not in _ALL:
        return "plain", 0.5  # 1티어다, 진짜다: the copula taken for an adverb
    if tag == "NR" and form == "삼" and before.tag in ("EP", "IC", "VV", "XSV"):
        return "casual", 0.6  # 했삼, 하삼
    if form == "이니" and tag == "JC":
        return "plain", 0.5
    if form == "되" and tag in ("VV", "XSV"):
        return "casual", 0.6  # 돼 as it is often misspelt
    return None


def _from_final(morphemes: list[Morpheme], index: int, surface: str) -> Reading | None:
    """By the final ending at `index`."""
    form = morphemes[index].form
    after = morphemes[index + 1 :]
    before = morphemes[index - 1] if index else None
    if after and after[0].tag == "JX" and after[0].form in _POLITE_PARTICLES:
        return "polite", 1.0 if len(after) == 1 else 0.7
    level = ending_level(form)
    if level == "none" or form == "여":
        # 할게염, 되여: chat spellings that Kiwi takes for a noun form or for the dialect's 이야.
        word = last_word(surface)
        spelled = word_level(word) if not after and (before is None or before.tag != "VCP" or word[-2:-1] in _CONTRACTED) else "none"
        if spelled != "none" or level == "none":
            return (spelled, 0.6) if spelled != "none" else SILENT
    if before is not None:
        level = _in_context(level, form, morphemes, index, before)
    if form in INDIRECT or (form == "게" and level == "hage" and surface[-1:].isalpha()):
        return level, 0.5 if form in INDIRECT else 0.4  # Without a period 먹게 is more likely half a sentence.
    final = not after or (len(after) == 1 and after[0].form == "만")
    return level, 1.0 if final else 0.7


def _in_context(level: SentenceLevel, form: str, morphemes: list[Morpheme], index: int, before: Morpheme) -> SentenceLevel:
    """The class of an ending that depends on what stands before it."""
    if form == "네":
        return "hage" if any(morpheme.form == "자네" for morpheme in morphemes) else level
    if form == "오" and before.form in ("달", "다"):
        return "plain"
    if form in ("나", "ᆫ가", "은가", "는가") and any(morpheme.form == "자네" for morpheme in morphemes):
        return "hage"
    if form == "나" and before.tag == "VCP" and index > 1 and morphemes[index - 2].form == "게":
        return "hage"  # 먹게나, which Kiwi splits
    if level == "hage" and form in ("게", "세") and before.tag[:2] not in ("VV", "VX", "XS", "EP"):
        return "casual"
    return level


def _from_connective(form: str) -> Reading:
    """By a connective at the end: chat leaves out periods, and then Kiwi takes a final ending for a connective."""
    if "니다" in form or (form.endswith("니까") and form.startswith(("ᆸ", "습"))):
        return "formal", 1.0
    if form in ("소", "구려", "오", "으오"):
        return "hao", 0.7
    if form in ("게나", "세", "으세", "ᆯ세", "을세", "ᆷ세"):
        return "hage", 0.7
    if form in PLAIN_CONNECTIVES:
        return "plain", PLAIN_CONNECTIVES[form]
    level = ending_level(form)
    if level in ("polite", "formal"):
        return level, 0.8
    return "casual", 0.6 if form in SENTENCE_CONNECTIVES else 0.4


def _from_surface(surface: str, morphemes: list[Morpheme]) -> Reading:
    """By the letters of the last word, then by endings further inside, from right to left."""
    word = last_word(surface)
    spelled = word_level(word)
    if spelled != "none":
        return spelled, 0.6
    if word in NOUNS or (morphemes[-1].tag == "NNG" and morphemes[-1].form in _DONE):
        return SILENT
    if all(morpheme.tag in ("MAG", "MAJ", "MM") for morpheme in morphemes) and word != "왜":
        return SILENT
    if ":" in surface and all(morpheme.tag[0] in "NXS" and morpheme.tag not in ("XSV", "XSA") for morpheme in morphemes):
        return SILENT  # 수정일: 2024.03.02
    inside = _inside(morphemes)
    if inside is not None:
        return inside
    for earlier in words_of(surface)[1:]:
        spelled = word_level(earlier)
        if spelled in ("formal", "polite", "casual"):
            return spelled, 0.5
    first = morphemes[0]
    if first.tag == "IC" and first.form in ("네", "예", "넵", "아니요", "응"):
        return "casual" if first.form == "응" else "polite", 0.5
    return NONE


def _inside(morphemes: list[Morpheme]) -> Reading | None:
    """An ending before words that were put behind it: 다 했어 숙제."""
    for index in range(len(morphemes) - 2, 0, -1):
        here, after, before = morphemes[index], morphemes[index + 1], morphemes[index - 1]
        if here.tag == "EF" and after.tag not in _EMBEDDING:
            level = ending_level(here.form)
            if level != "none":
                return level, 0.5
        elif here.tag == "JX" and here.form in ("요", "이요"):
            return "polite", 0.5
        elif here.tag in ("JKS", "VCP") and index > 1 and _is_promise(morphemes[index - 2], before):
            return "casual", 0.5
        elif here.tag == "EC" and after.tag not in _EMBEDDING and not _continues(after):
            level = ending_level(here.form)
            if level in ("formal", "polite") or (level == "hao" and before.form in ("시", "으시")):
                return level, 0.5
            if here.form in INNER_CONNECTIVES or (here.form == "어" and before.tag == "VX" and before.form in ("주", "보", "말", "하")):
                return "plain" if here.form in PLAIN_CONNECTIVES else "casual", 0.5
    return None


def _is_promise(modifier: Morpheme, noun: Morpheme) -> bool:
    """-ㄹ게 in one word, read as -ㄹ 것이: 할게 is a promise, 할 게 있다 is not."""
    return modifier.tag == "ETM" and modifier.form in ("ᆯ", "을") and noun.form in ("거", "것") and modifier.end == noun.start


def _continues(after: Morpheme) -> bool:
    """Whether the predicate goes on behind a connective: 하지 않다, 먹어 보다."""
    return after.tag[:2] in ("VX", "VA", "VV", "EP", "XS", "JX") or after.form in ("못", "안", "말")
