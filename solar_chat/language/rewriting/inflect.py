"""The edits that move one analysed sentence to a speech level: its predicates re-inflected, deference added or dropped.

An edit replaces whole morphemes and is offered only where `kiwi.join` rebuilds the old words from the same reading, or where it adds or takes 요.
Nothing is applied here, and no edit is checked against its result: `rewrite` does that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from solar_chat.language.register.levels import ending_level
from solar_chat.language.rewriting.clause import Clause, Edit, Run, StemKind, Unsayable
from solar_chat.language.rewriting.deference import stem_for
from solar_chat.language.rewriting.endings import (
    BY_STEM,
    CHAT_YO,
    FAMILIAR_NOUNS,
    FAMILIAR_STEMS,
    REPORTED,
    REPORTING,
    TARGETS,
    Target,
)
from solar_chat.language.rewriting.hoping import asked_for
from solar_chat.language.rewriting.mood import has_subject, mood_here, mood_of, offers, promises
from solar_chat.language.rewriting.placing import Form, joined, placed
from solar_chat.language.types import SentenceLevel
from solar_chat.levels import Level

_SHARED_WITH_CASUAL: Final = frozenset({"question", "proposal", "discovery", "request", "recollection"})
"""Moods whose 해라체 ending friends use as it is."""
_HONORIFIC: Final = ("시", "으시")
_WRITTEN_REQUESTS: Final = {"주": Target((("기", "ETN"),), " 바란다"), "보": Target((("라", "EF"),))}
"""해라체 asks an unknown reader with -기 바란다 and -라, not with -어라."""


@dataclass(frozen=True, slots=True)
class _Ending:
    """A final ending without its 요, the level it shows and its mood."""

    form: str
    polite: bool
    level: SentenceLevel
    mood: str | None


class Inflector:
    """Edits for the predicates of one clause."""

    def __init__(self, clause: Clause, level: Level) -> None:
        self.clause = clause
        self.text = clause.text
        self.morphemes = clause.morphemes
        self.level = level

    def edits(self, run: Run) -> list[Edit]:
        """The edit for one predicate, if it needs one. Raises Unsayable where the level has no safe form for it."""
        if self.level in ("polite", "casual"):
            asked = asked_for(self.clause, run)
            if asked is not None:
                return placed(self.clause, asked.whole, self._built(asked.deed, TARGETS["request"][self.level], honorific=False), self.level)
            if any((other := asked_for(self.clause, wish)) and other.deed == run for wish in self.clause.runs):
                return []  # 바랍니다 takes its deed along
        ending = self._ending(run) if run.site else None
        if ending is not None:
            short = self._short(run, ending)
            if short is not None:
                return [short]
        form = self._site_form(run, ending) if ending is not None else self._inner_form(run)
        return [] if form is None else placed(self.clause, run, form, self.level)

    def _familiar(self, run: Run) -> bool:
        """Whether deference goes: in 반말, unless a third person is honoured (not by a request: 선생님께 전해 주세요)."""
        asks = self.morphemes[run.first].form == "주" and self.morphemes[run.ending].form in ("세요", "세", "ᆸ시오")
        return self.level in ("casual", "plain") and (asks or not self.clause.honours(run))

    def _ending(self, run: Run) -> _Ending:
        morpheme = self.morphemes[run.ending]
        particle = self.morphemes[run.last] if run.last > run.ending else None
        polite = particle is not None and particle.kind == "JX" and particle.form != "만"
        form = morpheme.form
        if form.endswith(tuple(CHAT_YO)) and len(form) > 1 and mood_of(form, morpheme.kind) is None:
            form = form[:-1] + CHAT_YO[form[-1]]
        if form.endswith("요") and len(form) > 1:
            form, polite = form[:-1], True
        elif form.endswith("죠"):
            form, polite = form[:-1] + "지", True
        if form.endswith("만") and "니다" in form:
            return _Ending(form, False, "formal", "contrast")
        contrasts = particle is not None and particle.form == "만"
        mood = "contrast" if contrasts else mood_of(form, morpheme.kind)
        level = "casual" if mood in ("unfinished", "because") else ending_level(form)
        return _Ending(form, polite, "polite" if polite else level, mood)

    # Only 요 comes or goes: most of what lies between 해체 and 해요체.

    def _short(self, run: Run, ending: _Ending) -> Edit | None:
        """An edit that adds or takes 요 alone; None where more has to change."""
        old = self.morphemes[run.first : run.last + 1]
        end = max(morpheme.end for morpheme in old)
        surface = self.text[old[0].start : end]
        if self._defers(run, ending) or any(morpheme.kind == "Z_CODA" for morpheme in old):
            return None
        if self.level == "polite" and not ending.polite and ending.level == "casual":
            return self._with_yo(run, ending, surface, end)
        if self.level == "casual" and ending.polite and self._sayable_without_yo(run, ending, surface):
            if surface.endswith("죠"):
                return Edit(end - 1, end, "지")
            return Edit(end - 1, end, "")
        return None

    def _defers(self, run: Run, ending: _Ending) -> bool:
        """Whether deference comes or goes with the ending, so that the stem changes too."""
        stem = self.morphemes[run.first]
        before = self.morphemes[run.first - 1] if run.first else stem
        if self._familiar(run):
            honorific = any(morpheme.form in _HONORIFIC for morpheme in self.morphemes[run.first + 1 : run.ending])
            thanks = (before.form in FAMILIAR_NOUNS and stem.form in ("하", "드리")) or stem.form in ("감사하", "죄송하", "송구하")
            return honorific or ending.mood == "honorific" or stem.form in FAMILIAR_STEMS or thanks
        return ending.mood == "honorific"

    def _with_yo(self, run: Run, ending: _Ending, surface: str, end: int) -> Edit | None:
        stem = self.morphemes[run.first]
        mood = ending.mood and mood_here(self.clause, run, ending.mood, self.clause.stem_kind(run.first))
        if mood in ("request", "proposal", "exclamation", "discovery") and not surface.endswith(("군", "요")):
            return None
        if (stem.kind in ("VCP", "VCN") and surface.endswith("야")) or surface.endswith(("셔", "요")):
            return None
        if mood == "recollection" and not surface.endswith("고"):
            return None
        if surface.endswith("지") and (ending.mood == "confirmation" or ending.form.endswith("지")):
            return Edit(end - 1, end, "죠")
        return Edit(end, end, "요")

    def _sayable_without_yo(self, run: Run, ending: _Ending, surface: str) -> bool:
        if (
            not surface.endswith(("요", "죠"))
            or ending.form.endswith(("다네", "라네"))
            or (ending.mood == "unfinished" and ending.form == "게" and run.last == run.ending)
        ):
            return False
        asks = ending.form in ("나", "ᆫ가", "은가", "는가")
        copula = self.morphemes[run.first].kind in ("VCP", "VCN") and ending.mood == "bare"
        mood = ending.mood and mood_here(self.clause, run, ending.mood, self.clause.stem_kind(run.first))
        return not asks and not copula and mood != "proposal"

    # Whole predicates.

    def _site_form(self, run: Run, ending: _Ending) -> Form | None:
        shared = ending.mood in _SHARED_WITH_CASUAL and ending.level == "plain" and not ending.form.endswith("가")
        if ending.form in ("라", "으라") and self.morphemes[run.first].form != "말":
            shared = False  # 고르라 is written
        if ending.level == self.level or (self.level == "casual" and shared):
            return self._inner_form(run)
        if self.level == "formal" and ending.mood == "contrast" and ending.level == "formal":
            return None
        if ending.mood is None:
            raise Unsayable(ending.form)
        same = ("polite", "casual", "plain") if ending.mood == "unfinished" else ("polite", "casual")
        if ending.mood in ("hearsay", "unfinished", "because") and self.level in same:
            return self._reported(run, ending)
        return self._inflected(run, ending.mood)

    def _reported(self, run: Run, ending: _Ending) -> Form | None:
        """-대, -다고, -면 and their relatives: the same ending, polite or not."""
        wanted = ending.form
        if wanted.endswith(("다네", "라네")) and self.level == "casual":
            wanted = wanted[:-2] + REPORTING[wanted[-2]]  # 없다네요 is 없대; -다네 would be 하게체
        if wanted.endswith("더라") and self.level != "plain":
            wanted += "고"
        tag = self.morphemes[run.ending].tag
        return self._built(run, Target(((wanted + ("요" if self.level == "polite" else ""), tag),)))

    def _inflected(self, run: Run, mood: str) -> Form:
        stem = self.morphemes[run.first]
        kind = self.clause.stem_kind(run.first)
        honorific = mood == "honorific" or any(morpheme.form in _HONORIFIC for morpheme in self.morphemes[run.first + 1 : run.ending])
        before = mood
        mood = mood_here(self.clause, run, mood, kind)
        if mood == "request" and stem.kind in ("VCP", "VCN"):
            raise Unsayable(stem.form)
        offered = self.level == "casual" and stem.form == "드리" and stem.kind == "VX" and run.ending == run.first + 1
        if mood == "statement" and ((self.level in ("polite", "casual") and promises(self.clause, run)) or offered):
            mood = "promise"
        if mood == "question" and self.level == "polite" and self.morphemes[run.ending - 1].form == "겠":
            mood = "bare_question"  # 오시겠어요?
        if mood == "statement" and before == "statement" and self._exclaims(run, kind):
            mood = "exclamation"
        if mood == "request" and self.level == "plain" and stem.kind == "VX" and stem.form in _WRITTEN_REQUESTS:
            return self._built(run, _WRITTEN_REQUESTS[stem.form], honorific=False)
        if mood == "wonder" and self.level == "formal":
            return self._wondered(run, kind)
        if mood == "because" and (kind not in ("adjective", "copula") or stem.form == "늦"):
            raise Unsayable(stem.form)
        if mood in ("discovery", "notice") and self.level == "formal" and honorific and not self.clause.honours(run):
            raise Unsayable(stem.form)  # 그러셨군요: 합쇼체 tells no one what he did
        target = TARGETS[mood].get(self.level)
        if target is None:
            raise Unsayable(self.morphemes[run.ending].form)
        return self._built(run, target, honorific=honorific and mood not in ("request", "proposal"))

    def _exclaims(self, run: Run, kind: StemKind) -> bool:
        """멋지다! among friends is 멋지네요!, not the statement 멋져요."""
        here = self.morphemes[run.ending]
        bare = run.ending == run.first + 1 and kind == "adjective" and here.form == "다" and self.morphemes[run.first].kind != "VX"
        return bare and self.level == "polite" and (self.clause.conversation or "!" in self.text[here.end : here.end + 2])

    def _wondered(self, run: Run, kind: StemKind) -> Form:
        """-ㄹ까요 in 합쇼체: an offer, a proposal and a guess part ways."""
        stem = self.morphemes[run.first]
        if stem.form in ("드리", "도와드리") or (offers(self.clause) and stem.form != "되"):
            return self._built(run, Target((("면", "EC"),), " 되겠습니까"))
        if (stem.kind == "VX" and stem.form in ("보", "주")) or self.clause.forms & {"같이", "함께"}:
            return self._built(run, TARGETS["will_question"]["formal"])
        if stem.form in ("그러", "그렇", "이러", "어쩌") and not has_subject(self.clause):
            raise Unsayable(stem.form)  # 그럴까요? may agree or wonder
        if kind == "verb" and stem.form not in ("되", "않", "못하", "어떻", "말") and not has_subject(self.clause):
            raise Unsayable(stem.form)
        return self._built(run, TARGETS["wonder"]["formal"])

    def _built(self, run: Run, target: Target, *, honorific: bool | None = None) -> Form:
        """Stem, what stays between stem and ending, and the target; deference added or dropped as the level wants."""
        requests = bool(target.attached) and target.attached[0][0] in ("세요", "시")
        stem, noun = stem_for(self.clause, run, self.level, familiar=self._familiar(run), requests=requests and honorific is False)
        kind: StemKind = self.clause.stem_kind(run.first)
        if stem[0] == "그러" and self.morphemes[run.first].form != "그러":
            kind, honorific = "verb", True  # 왜 그러십니까?
        elif stem[0] == "그러" and target.attached[0][0] in ("@나요", "ᆸ니까") and run.ending == run.first + 1:
            stem, kind = ("그렇", "VA-I"), "adjective"  # 그런가요? 그렇습니까? (그러나요 would read as "however")
        between = self.morphemes[run.first + 1 : run.ending]
        honorific = any(morpheme.form in _HONORIFIC for morpheme in between) if honorific is None else honorific
        if noun is not None and stem[1].startswith("VA"):
            kind, honorific = "adjective", False
        if self._familiar(run):
            honorific = False
        tense = [(morpheme.form, morpheme.tag) for morpheme in between if morpheme.form not in _HONORIFIC]
        if stem[0] == "뵙" and target.attached[0][0].startswith("ᆯ"):
            stem = ("뵈", stem[1])
        if target.attached[0][0].startswith("ᆯ게") and promises(self.clause, run):
            tense = []
        if tense and tense[-1][0].endswith(("었", "겠")):
            kind = "existence"
        attached = self._attached(run, target, kind, honorific, [form for form, _ in tense])
        if attached[0][0] == "어요" and honorific and not tense:
            attached[0] = ("세요", "EF")
            honorific = False
        if stem[1] in ("VCP", "VCN") and attached[0][0] in ("어요", "어") and not tense and not honorific:
            attached[0] = ("에요" if attached[0][0] == "어요" else "야", "EF")
        middle = [("시", "EP")] if honorific else []
        if target.carrier:
            carried = [target.carrier[0], *tense, (self._resolved(target.carrier[1][0], run, "existence" if tense else kind), "EF")]
            return Form((stem, *middle, *attached), " " + joined(carried), noun)
        return Form((stem, *middle, *tense, *attached), target.after, noun)

    def _attached(self, run: Run, target: Target, kind: StemKind, honorific: bool, tense: list[str]) -> list[tuple[str, str]]:
        attached: list[tuple[str, str]] = []
        for form, tag in target.attached:
            if tag == "EP" and (form in tense or (form == "시" and honorific)):
                continue
            attached.append((self._resolved(form, run, kind), tag))
        return attached

    def _resolved(self, form: str, run: Run, kind: StemKind) -> str:
        if form == "@다고":
            ending = self._ending(run).form
            if ending.endswith("래") and kind != "copula" and self.morphemes[run.first].kind != "VCN":
                return "라고"
            form = REPORTED.get(ending[-1], "@다고")
        if not form.startswith("@"):
            return form
        if form == "@는가" and kind == "verb" and self.morphemes[run.first].form == "않":
            return "는가"
        return BY_STEM[form][kind]

    def _inner_form(self, run: Run) -> Form | None:
        """A predicate inside the sentence: only deference goes, -습니다만 and an inner 요 follow the level."""
        ending = self.morphemes[run.ending]
        added: list[tuple[str, str]] = [(ending.form, ending.tag)]
        changed = False
        if ending.form.endswith("니다만") and self.level != "formal":
            added, changed = [("지만", "EC")], True
        elif run.last > run.ending:
            tail = self.morphemes[run.last]
            if tail.form == "만" and self.level != "formal":
                added, changed = [("지만", "EC")], True
            elif tail.form == "요" and ending.kind == "EC" and self.level != "polite":
                changed = True
            else:
                added.append((tail.form, tail.tag))
        stem, noun = stem_for(self.clause, run, self.level, familiar=self._familiar(run), requests=False)
        middle = [(morpheme.form, morpheme.tag) for morpheme in self.morphemes[run.first + 1 : run.ending]]
        if self._familiar(run):
            bare = [item for item in middle if item[0] not in _HONORIFIC]
            if ending.form in ("세요", "셔", "세"):
                bare = middle
            changed = changed or bare != middle
            middle = bare
        if not changed and noun is None and stem[0] == self.morphemes[run.first].form:
            return None
        return Form((stem, *middle, *added), "", noun)
