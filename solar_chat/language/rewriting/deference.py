"""Humble and honorific verbs against the common ones: 드리다 and 주다, 드시다 and 먹다, 감사하다 and 고맙다.

The deed never changes, only who is looked up to. Which ending follows is not decided here.
"""

from __future__ import annotations

from solar_chat.language.rewriting.clause import Clause, Run
from solar_chat.language.rewriting.endings import DEFERENT_NOUNS, DEFERENT_STEMS, FAMILIAR_NOUNS, FAMILIAR_STEMS
from solar_chat.levels import Level

Stem = tuple[str, str]


def stem_for(clause: Clause, run: Run, level: Level, *, familiar: bool, requests: bool) -> tuple[Stem, str | None]:
    """The stem to build on, and the noun that takes the place of the one before it (None where it stays)."""
    here = clause.morphemes[run.first]
    plain = (here.form, here.tag)
    if familiar:
        return _lowered(clause, run, plain)
    if here.form == "그렇" and "왜" in clause.forms and run.site and level == "formal":
        return ("그러", "VV"), None  # 왜 그래? asks what someone does
    if requests and here.form in DEFERENT_STEMS and here.kind in ("VV", "VX", "VA"):
        return (DEFERENT_STEMS[here.form], "VV"), None
    if level == "formal" and run.site and here.form in DEFERENT_NOUNS and run.ending == run.first + 1 and not clause.asks:
        return (DEFERENT_NOUNS[here.form], "VV"), None
    if level == "formal" and run.site and here.form == "하" and not clause.asks and clause.morphemes[run.first - 1].form == "미안" and run.first:
        return plain, "죄송"
    return plain, None


def _lowered(clause: Clause, run: Run, plain: Stem) -> tuple[Stem, str | None]:
    here = clause.morphemes[run.first]
    before = clause.morphemes[run.first - 1] if run.first else None
    if run.site and here.form in ("감사하", "죄송하", "송구하"):
        return FAMILIAR_NOUNS[here.form[:-1]], ""
    if here.form == "죄송하":
        return ("미안하", "VA"), None
    if before is not None and before.end == here.start:
        if run.site and before.form in FAMILIAR_NOUNS and here.form in ("하", "드리"):
            return FAMILIAR_NOUNS[before.form], ""
        if before.form == "죄송" and here.form == "하":
            return plain, "미안"
        if here.form == "드리" and before.kind == "NNG":
            return ("하", "XSV"), "말" if before.form == "말씀" else before.form
    if here.form in ("드리", "여쭙", "여쭈", "뵙") and clause.gives_upwards:
        return plain, None
    honorific = run.ending > run.first + 1 and clause.morphemes[run.first + 1].form == "시"
    if here.form in ("계", "드", "주무", "잡수") and not (honorific or clause.morphemes[run.ending].form.startswith("세")):
        return plain, None
    if here.form in FAMILIAR_STEMS and here.kind in ("VV", "VX"):
        return (FAMILIAR_STEMS[here.form], "VV-I" if here.form in ("여쭙", "여쭈") else here.kind), None
    return plain, None
