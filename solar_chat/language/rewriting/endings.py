"""What a final ending does (its mood) and how each speech level says that mood, as tables.

The left column is Kiwi's notation of an ending without 요; a bare consonant such as ᆸ attaches to the stem. The rewriter reads these tables and adds
nothing of its own: a mood without an entry for a level has no honest form there, and its sentence stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from solar_chat.language.vocabulary import words
from solar_chat.levels import Level

_MOODS: Final = {
    "statement": "습니다 ᆸ니다 읍니다 슴다 슴니다 ᆷ다 습니댜 습니당 ᆸ니당 다 ᆫ다 는다 소",
    "question": "습니까 ᆸ니까 읍니까 슴까 ᆷ까 냐 느냐 으냐 니 으니 더냐 는가 ᆫ가 은가 나",
    "request": "ᆸ시오 십시오 으십시오 ᆸ쇼 시오 으시오 어라 아라 여라 거라 너라 라 으라 렴 으렴 려무나 으려무나 게 게나",
    "stated_or_asked": "오 으오",
    "honorific": "세 으세 셔 으셔",
    "proposal": "ᆸ시다 읍시다 자",
    "promise": "ᆯ게 을게 ᆯ께 을께 마 으마",
    "notice": "네",
    "discovery": "군 는군 구나 는구나 로군 구먼 는구먼 구만 는구만 구려 는구려",
    "confirmation": "지",
    "reason": "거든",
    "background": "ᆫ데 은데 는데",
    "recollection": "더라고 더라구 더라 더군",
    "recalled": "던데",
    "known": "잖아",
    "intent": "려고 으려고 려구 으려구",
    "wonder": "ᆯ까 을까",
    "will": "ᆯ래 을래",
    "hearsay": """ᆫ대 는대 대 래 으래 냬 재 ᆫ다네 는다네 다네 라네 ᆫ다더라 는다더라 다더라 라더라 ᆫ다던데 는다던데 다던데 라던데
        ᆫ다는데 는다는데 다는데 라는데""",
    "guess": "ᆯ걸 을걸",
    "regret": "는걸 ᆫ걸 은걸",
    "telling": "답니다 ᆫ답니다 는답니다 랍니다",
    "adding": "고 구",
    "contrast": "지만",
    "duty": "어야지",
    "cause": "니까 으니까",
    "because": "어서",
    "unfinished": "면 으면 게 도록 ᆫ다고 는다고 다고 라고 냐고 느냐고 자고 면서 ᆫ다면서 ᆫ다면 다면 라면 거나 다가 든가 던가 든지 ᆯ지 을지 는지 ᆫ지 은지",
    "bare": "어 아 여 야 에 예 이야 어여",
}
MOODS: Final[dict[str, str]] = {form: mood for mood, forms in _MOODS.items() for form in reversed(forms.split())} | {"게": "request"}
CONNECTIVE_SITES: Final = words(
    """
    ᆫ데 은데 는데 고 구 려고 으려고 니 지 어 지만 거든 잖아 ᆯ게 더라고 네 다 자 어라 ᆯ까 는걸 냐 니까 으니까 어야지 어서
    """
)
"""Connectives (EC) that close a sentence where nothing follows them."""
CLOSING_CONNECTIVES: Final = words("네 거든 잖아 ᆯ게 을게 ᆯ걸 을걸 대 ᆫ대 는대 래 구나 는구나 군 는군 더라 더라고")
"""Endings that close a clause before a comma, too, even where Kiwi calls them connectives."""

CHAT_YO: Final = {"여": "요", "염": "요", "욤": "요", "용": "요", "유": "요", "쥬": "죠", "욥": "요"}
"""Playful spellings of 요."""


@dataclass(frozen=True, slots=True)
class Target:
    """How a level says a mood: morphemes to attach to the stem, and text that follows them."""

    attached: tuple[tuple[str, str], ...]
    after: str = ""
    carrier: tuple[tuple[str, str], ...] = ()
    """An auxiliary after a space that takes over the tense (말하지 않았습니까)."""


def _ef(*forms: str) -> Target:
    return Target(tuple((form, "EP" if form in ("시", "겠", "었") else "EF") for form in forms))


def _then(form: str, tag: str, after: str) -> Target:
    return Target(((form, tag),), after)


def _not(ending: str) -> Target:
    return Target((("지", "EC"),), "", (("않", "VX"), (ending, "EF")))


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
    "confirmation": {"formal": _ef("ᆸ니다"), "polite": _ef("죠"), "casual": _ef("지"), "plain": _ef("@다")},
    "confirmation_question": {"formal": _ef("ᆸ니까"), "polite": _ef("죠"), "casual": _ef("지"), "plain": _ef("@는가")},
    "reason": {"formal": _ef("ᆸ니다"), "polite": _ef("거든요"), "casual": _ef("거든"), "plain": _ef("@다")},
    "background": {"formal": _ef("ᆸ니다"), "polite": _ef("@ᆫ데요"), "casual": _ef("@ᆫ데"), "plain": _ef("@다")},
    "background_question": {"formal": _ef("ᆸ니까"), "polite": _ef("@ᆫ데요"), "casual": _ef("@ᆫ데"), "plain": _ef("@는가")},
    "recollection": {"formal": _ef("었", "ᆸ니다"), "polite": _ef("더라고요"), "casual": _ef("더라고"), "plain": _ef("더라")},
    "recalled": {"formal": _ef("었", "ᆸ니다"), "polite": _ef("던데요"), "casual": _ef("던데"), "plain": _ef("더라")},
    "known": {"formal": _not("ᆸ니까"), "polite": _ef("잖아요"), "casual": _ef("잖아"), "plain": _not("@는가")},
    "intent": {
        "formal": _then("려고", "EC", " 합니다"), "polite": _ef("려고요"), "casual": _ef("려고"), "plain": _then("려고", "EC", " 한다"),
    },
    "wonder": {"polite": _ef("ᆯ까요"), "casual": _ef("ᆯ까"), "plain": _ef("ᆯ까"), "formal": _ef("겠", "ᆸ니까")},
    "will": {"formal": _ef("겠", "ᆸ니다"), "polite": _ef("ᆯ래요"), "casual": _ef("ᆯ래"), "plain": _ef("겠", "다")},
    "will_question": {"formal": _ef("시", "겠", "ᆸ니까"), "polite": _ef("ᆯ래요"), "casual": _ef("ᆯ래"), "plain": _ef("겠", "는가")},
    "hearsay": {"formal": _then("@다고", "EC", " 합니다"), "plain": _then("@다고", "EC", " 한다")},
    "hearsay_question": {"formal": _then("@다고", "EC", " 합니까"), "plain": _then("@다고", "EC", " 하는가")},
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
    "because": {"formal": _then("기", "ETN", " 때문입니다"), "plain": _then("기", "ETN", " 때문이다")},
    "contrast": {"formal": _ef("ᆸ니다만"), "polite": _ef("지만요"), "casual": _ef("지만"), "plain": _ef("지만")},
    "exclamation": {"formal": _ef("ᆸ니다"), "polite": _ef("네요"), "casual": _ef("어"), "plain": _ef("@다")},
    "unfinished": {},
}  # fmt: skip

# For each @ form: after a verb, after an adjective, after the copula, after 있다/없다 and after 었/겠.
_FORMS: Final = {
    "@다": "ᆫ다 다 다 다",
    "@나요": "나요 ᆫ가요 ᆫ가요 나요",
    "@는가": "는가 ᆫ가 ᆫ가 는가",
    "@군요": "는군요 군요 군요 군요",
    "@군": "는군 군 군 군",
    "@구나": "는구나 구나 구나 구나",
    "@ᆫ데요": "는데요 ᆫ데요 ᆫ데요 는데요",
    "@ᆫ데": "는데 ᆫ데 ᆫ데 는데",
    "@다고": "ᆫ다고 다고 라고 다고",
    "@는걸요": "는걸요 ᆫ걸요 ᆫ걸요 는걸요",
    "@는걸": "는걸 ᆫ걸 ᆫ걸 는걸",
    "@답니다": "ᆫ답니다 답니다 랍니다 답니다",
}
BY_STEM: Final[dict[str, dict[str, str]]] = {
    key: dict(zip(("verb", "adjective", "copula", "existence"), forms.split(), strict=True)) for key, forms in _FORMS.items()
}
REPORTED: Final = {"대": "@다고", "냬": "냐고", "재": "자고", "다": "@다고"}
"""How a contracted report (-ᆫ대, -재) says its quotation in full; 래 depends on the stem."""

REPORTING: Final = {"다": "대", "라": "래"}
"""The spoken report for a written one."""

FAMILIAR_NOUNS: Final = {"감사": ("고맙", "VA-I"), "죄송": ("미안하", "VA"), "송구": ("미안하", "VA")}
"""Thanks and apologies that 반말 says with another word; only as the last predicate of a sentence."""
DEFERENT_NOUNS: Final = {"고맙": "감사하", "미안하": "죄송하", "미안": "죄송하"}
"""And the other way, towards 합쇼체."""
FAMILIAR_STEMS: Final = {
    "드리": "주", "도와드리": "도와주", "여쭙": "묻", "여쭈": "묻", "여쭤보": "물어보", "뵙": "보", "찾아뵙": "찾아보", "계": "있", "주무": "자",
    "잡수": "먹", "드": "먹",
}  # fmt: skip
"""Humble and honorific verbs that 반말 replaces: the deed stays, the deference goes."""
DEFERENT_STEMS: Final = {"먹": "드", "자": "주무", "있": "계"}
"""The same upwards, in a request to the addressee: 많이 먹어 is 많이 드세요."""
PERSONS: Final = words(
    """
    선생 선생님 교수 교수님 어머니 아버지 어머님 아버님 할머니 할아버지 부모 부모님 사장 사장님 어르신 손님 하느님 하나님 예수 스님 신부님 목사
    """
)
"""Someone a -시- may honour in 반말 too."""
SPEAKER_VERBS: Final = words(
    """
    드리 주 보 알아보 살펴보 말하 설명하 시작하 도와주 도와드리 노력하 기다리 확인하 안내하 소개하 준비하 정리하 보내 물어보
    """
)
"""Deeds of the speaker: their -겠- is a promise (-ㄹ게), not a guess."""
OWN_DEEDS: Final = words(
    """
    하 진행하 처리하 연락하 전달하 보고하 검토하 반영하 수정하 조치하 제출하 전화하 답변하 회신하 공유하 적용하 지키 다녀오 맡 마치 마무리하
    발표하 다하
    """
)
"""Deeds that are promised where nobody else is the subject (그렇게 하겠습니다)."""
