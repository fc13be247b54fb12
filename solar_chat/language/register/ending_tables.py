"""The final endings of the six speech levels, in Kiwi's notation (a bare ᆸ attaches to the stem).

Closed lists with a class for each ending and nothing else; `levels` decides which ending of a sentence counts. Chat spellings and the dialect endings
that have a settled level stand beside the standard ones.
"""

from __future__ import annotations

import functools
from typing import Final

from solar_chat.language.types import SentenceLevel
from solar_chat.language.vocabulary import words

_FORMAL: Final = (
    "니다", "습니까", "ᆸ니까", "십시오", "ᆸ시오", "ᆸ쇼", "습디다", "ᆸ디다", "습디까", "ᆸ디까", "나이다", "나이까", "슴다", "슴까", "ᆷ다", "ᆷ까",
    "ᆸ시다", "읍시다", "니당", "니댜", "시다", "니더", "심더", "소서", "리까",
)  # fmt: skip
_POLITE: Final = tuple(
    words(
        """
    요 죠 용 염 쥬 욤 욥 어유 아유 네유 데유 지유 게유 까유 대유 래유 나유 가유 군유 에유 예유 이소 으이소
    """
    )
)
_HAO: Final = words("오 소 구려 는구려 으오 리다 외다 소이다 시오 으시오")
_HAGE: Final = words("게 게나 세 으세 ᆯ세 을세 ᆷ세 음세 네그려 구먼 는구먼 로구먼 다네 ᆫ다네 는다네 라네")
_PLAIN: Final = words(
    """
    다 ᆫ다 는다 라 으라 어라 아라 여라 거라 너라 자 자꾸나 니 으니 냐 느냐 으냐 구나 는구나 로구나 렴 으렴 려무나 으려무나 마 으마 도다 는도다
    노라 더라 더구나 더냐 으리라 리라 ᆫ가 은가 는가 던가 ᆯ쏘냐 다오 란다 단다 ᆫ단다 는단다 ᆯ지어다
    """
)
_NOMINAL: Final = words("ᆷ 음 기 슴")
# 뭐여, 아니여: the dialect's 이야, no 요.
_NO_CHAT_YO: Final = words("여 이여 하여 어라여")

SENTENCE_CONNECTIVES: Final = words(
    """
    어 지 네 거든 ᆫ데 은데 는데 던데 ᆯ게 을게 더라고 더라구 잖아 나 ᆯ까 을까 다고 ᆫ다고 는다고 라고 냐고 자고 다구 라구 ᆯ래 을래
    """
)
"""Connectives (EC) that end a chat line as often as they join two clauses."""
PLAIN_CONNECTIVES: Final[dict[str, float]] = {
    **dict.fromkeys(words("니 자 라 어라 냐 느냐 으냐 마 구나 ᆫ가 은가 는가 던가"), 0.6),
    **dict.fromkeys(words("거라 너라 여라 아라 자꾸나 노라 도다 로다"), 0.7),
    **dict.fromkeys(words("다 으니"), 0.5),
}
INDIRECT: Final = words("ᆫ지 은지 는지 ᆯ지 을지 던지 든지 는지도 ᆯ는지")
"""Indirect questions: at the end of a line they are half a sentence (뭘 하시는지)."""
INNER_CONNECTIVES: Final = words("니 냐 느냐 자 네 거든 라 어라 거라 지 ᆯ게 을게 구나 ᆯ까 을까 ᆯ래 을래 던가 ᆫ가 은가 는가")
"""Connectives that close a clause in the middle of an unpunctuated line, where words were put behind the predicate."""


@functools.lru_cache(maxsize=2048)
def ending_level(form: str) -> SentenceLevel:
    """The class of a final ending (EF) in Kiwi's notation, 요 included where it belongs to it."""
    if form in _HAO:
        return "hao"
    if form.endswith(_FORMAL):
        return "formal"
    if form.endswith(_POLITE) or (form.endswith("여") and form not in _NO_CHAT_YO):
        return "polite"
    if form in _HAGE:
        return "hage"
    if form in _NOMINAL:
        return "none"
    if form in _PLAIN or form.endswith(("다", "라")):
        return "plain"
    return "casual"
