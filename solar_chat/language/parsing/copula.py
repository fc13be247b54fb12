"""The copula that Kiwi overlooks at the end of a sentence: 가을이다 read as a particle with an adverb, 성지네 and 버그지 as one noun.

Only the last word of a sentence is looked at, and a noun is cut open only where Kiwi does not know it. Offsets stay those of the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from solar_chat.language.parsing.morpheme import Morpheme
from solar_chat.language.vocabulary import words

if TYPE_CHECKING:
    from kiwipiepy import Token

_ALL: Final = words("모두 전부 둘 셋 거의 이거 그거 저거")
"""Words after which 다 is the adverb."""
_ALONE: Final = frozenset("네")
"""An ending that makes an unknown noun a sentence by itself."""
_OF_SOMETHING: Final = frozenset("네지다냐")
"""And those that do where the sentence has a subject or topic; without one they may belong to a name (민지)."""
_SUBJECTS: Final = frozenset({"JKS", "JX"})
_POINTING: Final = words("이 그 저 이거 그거 저거 여기 거기 저기")
_UNKNOWN_NOUN: Final = 2
"""Kiwi's number for a common noun that is not in its dictionary."""
_SHORTEST: Final = 3
"""Syllables of an unknown noun that may hide an ending."""


def with_copula(morphemes: list[Morpheme], tokens: Sequence[Token]) -> list[Morpheme]:
    """The same morphemes with the last word's copula made visible. `tokens` are the same as Kiwi gave them, one for each."""
    index = next((index for index in range(len(morphemes) - 1, -1, -1) if morphemes[index].tag[0] not in "SWUZ"), -1)
    if index < 0:
        return morphemes
    here, before = morphemes[index], morphemes[index - 1] if index else None
    if here.tag == "MAG" and here.form == "다" and before is not None and before.end == here.start and before.form not in _ALL:
        ending = Morpheme("다", "EF", here.start, here.end)
        if before.tag == "JKS" and before.form == "이" and index > 1 and morphemes[index - 2].tag[0] == "N":
            return [*morphemes[: index - 1], Morpheme("이", "VCP", before.start, before.end), ending, *morphemes[index + 1 :]]
        if before.tag[0] in "NMX":
            return [*morphemes[:index], Morpheme("이", "VCP", here.start, here.start), ending, *morphemes[index + 1 :]]
    if here.tag == "NNG" and tokens[index].id == _UNKNOWN_NOUN and _hides_ending(morphemes[:index], here.form):
        cut = here.end - 1
        noun = Morpheme(here.form[:-1], "NNG", here.start, cut)
        return [*morphemes[:index], noun, Morpheme("이", "VCP", cut, cut), Morpheme(here.form[-1], "EF", cut, here.end), *morphemes[index + 1 :]]
    return morphemes


def _hides_ending(before: Sequence[Morpheme], form: str) -> bool:
    """Whether an unknown noun is a shorter one with an ending; the copula has no letters only after a vowel."""
    if len(form) < _SHORTEST or form[-1] not in _OF_SOMETHING or not "가" <= form[-2] <= "힣" or (ord(form[-2]) - 0xAC00) % 28:
        return False
    return form[-1] in _ALONE or any(
        morpheme.tag in _SUBJECTS or (morpheme.form in ("건", "게") and index > 1 and before[index - 2].form in _POINTING)
        for index, morpheme in enumerate(before)
    )
