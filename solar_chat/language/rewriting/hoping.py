"""-(으)시기 바랍니다: the written request that in speech is an ordinary one (제출해 주세요, 제출해 줘).

It only finds such a predicate and the deed in it; nothing is inflected here. 행복하기 바란다, without -시- and 주다, stays a wish.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from solar_chat.language.rewriting.clause import Clause, Run

_HONORIFIC: Final = ("시", "으시")
_STATED: Final = ("ᆸ니다", "ᆫ다")


@dataclass(frozen=True, slots=True)
class Asked:
    """`deed` is what is asked for, `whole` the deed together with 바라다."""

    deed: Run
    whole: Run


def asked_for(clause: Clause, wish: Run) -> Asked | None:
    """The request in a predicate 바라다; None where it is none."""
    morphemes, index = clause.morphemes, wish.first - 1
    if morphemes[wish.first].form != "바라" or not wish.site or wish.asks or index < 1 or morphemes[index].form != "기":
        return None
    if morphemes[wish.ending].form not in _STATED or wish.ending != wish.first + 1:
        return None
    honoured = morphemes[index - 1].form in _HONORIFIC
    first = index - 1 - honoured
    if first < 0 or not (honoured or morphemes[first].form == "주"):
        return None
    deed = next((run for run in clause.runs if run.first == first and run.ending == index), None)
    if deed is None or morphemes[first].kind not in ("VV", "VX", "XSV", "XSA"):
        return None
    return Asked(deed, Run(first, wish.ending, wish.last, site=True, asks=False))
