"""Words of deference: what honours the subject of a sentence and what lowers its speaker. Independent of the speech level.

"선생님께서 가셨어" is 반말 and honours the teacher. Words are reported as they stand in the text; whether they are used rightly is not judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from solar_chat.language.parsing.analyser import Morpheme, ParsedSentence
from solar_chat.language.vocabulary import words

_SUFFIXES: Final = frozenset({"시", "으시"})
_ENDINGS: Final = ("세요", "으세요", "세용", "세여", "셔요", "으셔요", "세염", "셔", "으셔", "시오", "십시오", "으십시오")
"""Final endings with -시- inside; 세 alone is 하게체 (어서 가세)."""
_NOUNS: Final = words("진지 성함 존함 연세 춘추 댁 말씀 생신 자제분 어르신")
_VERBS: Final = words("계시 주무시 잡수시 잡수 드시 편찮 돌아가시")
_MISREAD: Final = words("계 계세 주무 드세 잡수세")
"""계세요, 주무세요, 드세요 as Kiwi cuts them: a noun or an adjective before 세요."""
_HUMBLE_PRONOUNS: Final = frozenset({"저", "저희", "제"})
_HUMBLE_VERBS: Final = words("드리 여쭈 여쭙 뵙 뵈 찾아뵙 찾아뵈 모시 도와드리 알려드리 말씀드리 아뢰")


def honorifics(text: str, parsed: Sequence[ParsedSentence]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(subject honorifics, humble words): -시-, 께서, -님, 진지 …; 저, 드리다, 뵙다 …. In the order of the text, each once."""
    honorific: dict[str, None] = {}
    humble: dict[str, None] = {}
    for sentence in parsed:
        before: Morpheme | None = None
        shown_to = -1
        for index, here in enumerate(sentence.morphemes):
            tag = here.tag[:2]
            if _is_humble(here, tag):
                humble.setdefault(text[here.start : here.end])
            elif tag in ("EP", "EF", "XS"):
                if before is not None and here.end > shown_to and _marks_honour(here, tag):
                    # -시- and -님 are shown with what they stand on.
                    honorific.setdefault(text[min(before.start, here.start) : here.end])
            elif _is_honorific(here, tag):
                after = sentence.morphemes[index + 1] if index + 1 < len(sentence.morphemes) else None
                if after is None or after.tag[0] != "E" or not _marks_honour(after, after.tag[:2]):
                    honorific.setdefault(text[here.start : here.end])
            elif here.form in _MISREAD:
                end = _misread_end(sentence.morphemes[index + 1 : index + 3])
                if end is not None:
                    honorific.setdefault(text[here.start : end])
                    shown_to = end
            before = here
    return tuple(honorific), tuple(humble)


def _misread_end(after: Sequence[Morpheme]) -> int | None:
    """Where 계세요 ends, if that is what the misread morpheme begins."""
    if after and after[0].tag == "VCP":
        after = after[1:]
    return after[0].end if after and after[0].form in ("세요", "어요", "요", "세용", "셔요", "이요") else None


def _is_humble(here: Morpheme, tag: str) -> bool:
    return (tag == "NP" and here.form in _HUMBLE_PRONOUNS) or (tag in ("VV", "VX") and here.form in _HUMBLE_VERBS)


def _marks_honour(here: Morpheme, tag: str) -> bool:
    if tag == "EP":
        return here.form in _SUFFIXES
    return here.form.startswith(_ENDINGS) if tag == "EF" else here.form == "님"


def _is_honorific(here: Morpheme, tag: str) -> bool:
    if tag == "JK":
        return here.form in ("께서", "께")
    return (tag == "NN" and here.form in _NOUNS) or (tag in ("VV", "VA", "VX") and here.form in _VERBS)
