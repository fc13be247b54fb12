"""What a final ending does (its mood) and how each speech level says that mood, as tables.

The left column is Kiwi's notation of an ending without 요; a bare consonant such as ᆸ attaches to the stem. The rewriter reads these tables and adds
nothing of its own: a mood without an entry for a level has no honest form there, and its sentence stays as it is.
"""

from __future__ import annotations

from typing import Final

from solar_chat.language.types import Level
from solar_chat.language.vocabulary import words

_MOODS: Final = {
    "statement": "습니다 ᆸ니다 슴다 슴니다 ᆷ다 습니댜 다 ᆫ다 는다 소",
    "question": "습니까 ᆸ니까 슴까 ᆷ까 냐 느냐 으냐 니 으니 더냐 는가 ᆫ가 은가 나",
    "request": "ᆸ시오 십시오 ᆸ쇼 오 시오 으시오 어라 아라 여라 거라 너라 라 으라",
    "honorific": "세 으세 셔 으셔",
    "proposal": "ᆸ시다 읍시다 자",
    "promise": "ᆯ게 을게 ᆯ께 마 으마",
    "notice": "네",
    "discovery": "군 는군 구나 는구나 로군 구먼 는구먼",
    "confirmation": "지",
    "reason": "거든",
    "background": "ᆫ데 은데 는데",
    "recollection": "더라고 더라구 더라 더군",
    "known": "잖아",
    "intent": "려고 으려고 려구 으려구",
    "wonder": "ᆯ까 을까",
    "will": "ᆯ래 을래",
    "hearsay": "ᆫ대 는대 대 래",
    "guess": "ᆯ걸 을걸",
    "regret": "는걸 ᆫ걸 은걸",
    "telling": "답니다 ᆫ답니다 는답니다 랍니다",
    "adding": "고 구",
    "contrast": "지만",
    "duty": "어야지",
    "cause": "니까 으니까",
    "bare": "어 아 여 야 에 예 이야",
}
MOODS: Final[dict[str, str]] = {form: mood for mood, forms in _MOODS.items() for form in forms.split()}
CONNECTIVE_SITES: Final = words(
    """
    ᆫ데 은데 는데 고 구 려고 으려고 니 지 어 지만 거든 잖아 ᆯ게 더라고 네 다 자 어라 ᆯ까 는걸 냐 니까 으니까 어야지 어서
    """
)
"""Connectives (EC) that close a sentence where nothing follows them."""

CHAT_YO: Final = {"여": "요", "염": "요", "욤": "요", "용": "요", "유": "요", "쥬": "죠"}
"""Playful spellings of 요."""

Target = tuple[tuple[tuple[str, str], ...], str]
"""Morphemes to attach to the stem, and text that follows them."""


def _ef(*forms: str) -> Target:
    return tuple((form, "EP" if form in ("시", "겠", "었") else "EF") for form in forms), ""


def _then(form: str, tag: str, tail: str) -> Target:
    return ((form, tag),), tail


# A value starting with @ is resolved by the rewriter: it depends on the kind of stem (verb, adjective, copula).
TARGETS: Final[dict[str, dict[Level, Target]]] = {
    "statement": {"formal": _ef("ᆸ니다"), "polite": _ef("어요"), "casual": _ef("어"), "plain": _ef("@다")},
    "question": {"formal": _ef("ᆸ니까"), "polite": _ef("@나요"), "casual": _ef("어"), "plain": _ef("@는가")},
    "bare_question": {"formal": _ef("ᆸ니까"), "polite": _ef("어요"), "casual": _ef("어"), "plain": _ef("@는가")},
    "request": {"formal": _ef("시", "ᆸ시오"), "polite": _ef("세요"), "casual": _ef("어"), "plain": _ef("어라")},
    "proposal": {"formal": _ef("ᆸ시다"), "polite": _ef("어요"), "casual": _ef("자"), "plain": _ef("자")},
    "promise": {"formal": _ef("겠", "ᆸ니다"), "polite": _ef("ᆯ게요"), "casual": _ef("ᆯ게"), "plain": _ef("겠", "다")},
    "notice": {"formal": _ef("ᆸ니다"), "polite": _ef("네요"), "casual": _ef("네"), "plain": _ef("@다")},
    "discovery": {"formal": _ef("ᆸ니다"), "polite": _ef("@군요"), "casual": _ef("@군"), "plain": _ef("@구나")},
    "confirmation": {"formal": _ef("ᆸ니다"), "polite": _ef("지요"), "casual": _ef("지"), "plain": _ef("@다")},
    "confirmation_question": {"formal": _ef("ᆸ니까"), "polite": _ef("지요"), "casual": _ef("지"), "plain": _ef("@는가")},
    "reason": {"formal": _ef("ᆸ니다"), "polite": _ef("거든요"), "casual": _ef("거든"), "plain": _ef("@다")},
    "background": {"formal": _ef("ᆸ니다"), "polite": _ef("@ᆫ데요"), "casual": _ef("@ᆫ데"), "plain": _ef("@다")},
    "background_question": {"formal": _ef("ᆸ니까"), "polite": _ef("@ᆫ데요"), "casual": _ef("@ᆫ데"), "plain": _ef("@는가")},
    "recollection": {"formal": _ef("었", "ᆸ니다"), "polite": _ef("더라고요"), "casual": _ef("더라고"), "plain": _ef("더라")},
    "known": {
        "formal": _then("지", "EC", " 않습니까"), "polite": _ef("잖아요"), "casual": _ef("잖아"), "plain": _then("지", "EC", " @않은가"),
    },
    "intent": {
        "formal": _then("려고", "EC", " 합니다"), "polite": _ef("려고요"), "casual": _ef("려고"), "plain": _then("려고", "EC", " 한다"),
    },
    "wonder": {"polite": _ef("ᆯ까요"), "casual": _ef("ᆯ까"), "plain": _ef("ᆯ까"), "formal": _ef("겠", "ᆸ니까")},
    "will": {"formal": _ef("겠", "ᆸ니다"), "polite": _ef("ᆯ래요"), "casual": _ef("ᆯ래"), "plain": _ef("겠", "다")},
    "will_question": {"formal": _ef("시", "겠", "ᆸ니까"), "polite": _ef("ᆯ래요"), "casual": _ef("ᆯ래"), "plain": _ef("겠", "는가")},
    "hearsay": {
        "formal": _then("@다고", "EC", " 합니다"), "polite": _ef("@대요"), "casual": _ef("@대"), "plain": _then("@다고", "EC", " 한다"),
    },
    "guess": {"formal": _then("ᆯ", "ETM", " 것입니다"), "polite": _ef("ᆯ걸요"), "casual": _ef("ᆯ걸"), "plain": _then("ᆯ", "ETM", " 것이다")},
    "regret": {"formal": _ef("ᆸ니다"), "polite": _ef("@는걸요"), "casual": _ef("@는걸"), "plain": _ef("@다")},
    "telling": {"formal": _ef("@답니다"), "polite": _ef("어요"), "casual": _ef("어"), "plain": _ef("@다")},
    "adding": {"formal": _ef("ᆸ니다"), "polite": _ef("고요"), "casual": _ef("고"), "plain": _ef("@다")},
    "duty": {
        "formal": _then("어야", "EC", " 합니다"), "polite": _ef("어야죠"), "casual": _ef("어야지"), "plain": _then("어야", "EC", " 한다"),
    },
    "cause": {
        "formal": _then("기", "ETN", " 때문입니다"), "polite": _ef("니까요"), "casual": _ef("니까"), "plain": _then("기", "ETN", " 때문이다"),
    },
    "contrast": {"formal": _ef("ᆸ니다만"), "polite": _ef("지만요"), "casual": _ef("지만"), "plain": _ef("지만")},
}  # fmt: skip

# For each @ form: after a verb, after an adjective, after the copula, after 있다/없다 and after 었/겠.
BY_STEM: Final[dict[str, dict[str, str]]] = {
    "@다": {"verb": "ᆫ다", "adjective": "다", "copula": "다", "existence": "다"},
    "@나요": {"verb": "나요", "adjective": "ᆫ가요", "copula": "ᆫ가요", "existence": "나요"},
    "@는가": {"verb": "는가", "adjective": "ᆫ가", "copula": "ᆫ가", "existence": "는가"},
    "@군요": {"verb": "는군요", "adjective": "군요", "copula": "군요", "existence": "군요"},
    "@군": {"verb": "는군", "adjective": "군", "copula": "군", "existence": "군"},
    "@구나": {"verb": "는구나", "adjective": "구나", "copula": "구나", "existence": "구나"},
    "@ᆫ데요": {"verb": "는데요", "adjective": "ᆫ데요", "copula": "ᆫ데요", "existence": "는데요"},
    "@ᆫ데": {"verb": "는데", "adjective": "ᆫ데", "copula": "ᆫ데", "existence": "는데"},
    "@다고": {"verb": "ᆫ다고", "adjective": "다고", "copula": "라고", "existence": "다고"},
    "@대요": {"verb": "ᆫ대요", "adjective": "대요", "copula": "래요", "existence": "대요"},
    "@대": {"verb": "ᆫ대", "adjective": "대", "copula": "래", "existence": "대"},
    "@는걸요": {"verb": "는걸요", "adjective": "ᆫ걸요", "copula": "ᆫ걸요", "existence": "는걸요"},
    "@는걸": {"verb": "는걸", "adjective": "ᆫ걸", "copula": "ᆫ걸", "existence": "는걸"},
    "@답니다": {"verb": "ᆫ답니다", "adjective": "답니다", "copula": "랍니다", "existence": "답니다"},
}
NEGATION_TAIL: Final = {"verb": "않는가", "adjective": "않은가", "copula": "않은가", "existence": "않은가"}

GREETING: Final[dict[Level, str]] = {"formal": "안녕하십니까", "polite": "안녕하세요", "casual": "안녕", "plain": "안녕"}
FAMILIAR_NOUNS: Final = {"감사": ("고맙", "VA-I"), "죄송": ("미안하", "VA"), "송구": ("미안하", "VA")}
"""Thanks and apologies that 반말 says with another word; only as the last predicate of a sentence."""
FAMILIAR_STEMS: Final = {
    "드리": "주", "도와드리": "도와주", "여쭙": "묻", "뵙": "보", "찾아뵙": "찾아보", "계": "있", "주무": "자", "잡수": "먹", "드": "먹",
}  # fmt: skip
"""Humble and honorific verbs that 반말 replaces: the deed stays, the deference goes."""
HONORIFIC_STEMS: Final = {"계시": "계", "드시": "드", "주무시": "주무", "잡수시": "잡수"}
PERSONS: Final = words(
    """
    선생 선생님 교수 교수님 어머니 아버지 할머니 할아버지 부모 부모님 사장 사장님 어르신 손님 하느님 하나님 예수 스님 신부님 목사
    """
)
"""Someone a -시- may honour in 반말 too."""

PRONOUNS_DOWN: Final = {"저희": "우리", "저": "나", "제": "내", "전": "난", "절": "날", "전요": "나는"}
PRONOUNS_UP: Final = {"나": "저", "내": "제", "난": "전", "날": "절"}
WORDS_DOWN: Final = {"네": "응", "예": "응", "넵": "응", "넹": "응", "옙": "응", "아니요": "아니", "아뇨": "아니", "안녕히": "잘"}
WORDS_UP: Final = {"응": "네", "웅": "네", "엉": "네", "그래": "네", "어": "네", "아니": "아니요"}
OPENINGS: Final[dict[str, dict[Level, str]]] = {
    "좋아": {"formal": "좋습니다", "polite": "좋아요"},
    "맞아": {"formal": "맞습니다", "polite": "맞아요"},
    "고마워": {"formal": "고맙습니다", "polite": "고마워요"},
    "미안": {"formal": "미안합니다", "polite": "미안해요"},
}
"""Answers that open a sentence and that Kiwi reads as interjections."""
SPEAKER_VERBS: Final = words(
    """
    드리 주 보 알아보 살펴보 말하 설명하 시작하 도와주 도와드리 노력하 기다리 확인하 안내하 소개하 준비하 정리하 보내 뵙
    """
)
"""Deeds of the speaker: their -겠- is a promise (-ㄹ게), not a guess."""
