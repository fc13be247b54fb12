"""The edits that move one analysed sentence to a speech level: its predicates re-inflected, deference added or dropped.

An edit replaces whole morphemes and is offered only where `kiwi.join` rebuilds the old words from the same reading. Nothing is applied here, and no
edit is checked against its result: `rewrite` does that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from solar_chat.language.analyser import Morpheme, ParsedSentence, join
from solar_chat.language.clause import Clause, Edit, Run, Unsayable
from solar_chat.language.endings import (
    BY_STEM,
    CHAT_YO,
    FAMILIAR_NOUNS,
    FAMILIAR_STEMS,
    MOODS,
    NEGATION_TAIL,
    SPEAKER_VERBS,
    TARGETS,
    Target,
)
from solar_chat.language.josa import has_final
from solar_chat.language.levels import ending_level
from solar_chat.language.types import Level
from solar_chat.language.wording import greeting, word_edits

_REQUEST_ADVERBS: Final = frozenset({"푹", "어서", "얼른", "꼭", "부디", "제발", "좀"})
_TOGETHER: Final = frozenset({"같이", "함께"})
_CONTRACTIONS: Final = (
    ("하여", "해"), ("되어", "돼"), ("보아", "봐"), ("주어", "줘"), ("두어", "둬"), ("이어", "여"), ("시어", "셔"), ("하였", "했"), ("되었", "됐"),
    ("보았", "봤"), ("주었", "줬"), ("오아", "와"), ("말아", "마"),
)  # fmt: skip
_SHARED_WITH_CASUAL: Final = frozenset({"question", "proposal", "discovery", "request", "recollection"})
"""Moods whose 해라체 ending friends use as it is."""


@dataclass(frozen=True, slots=True)
class _Form:
    """What a predicate shall become: morphemes from the stem on, and text after them; `noun` replaces the noun before the stem."""

    morphemes: tuple[tuple[str, str], ...]
    tail: str = ""
    noun: str | None = None


def edits(text: str, sentence: ParsedSentence, level: Level, *, changes_family: bool) -> list[Edit]:
    """All edits for a sentence, in order. Raises Unsayable where one of its final endings has no safe form in `level`."""
    clause = Clause(text, sentence)
    inflector = _Inflector(clause, level)
    hello = greeting(clause, level, changes_family=changes_family)
    found: list[Edit] = [] if hello is None else [hello]
    for run in clause.runs():
        if hello is None or not hello.start <= clause.morphemes[run.first].start < hello.end:
            found.extend(inflector.edits(run))
    words = word_edits(clause, level, changes_family=changes_family)
    found.extend(word for word in words if not any(word.start < edit.end and edit.start < word.end for edit in found))
    return sorted((edit for edit in found if edit.text != text[edit.start : edit.end]), key=lambda edit: edit.start)


class _Inflector:
    def __init__(self, clause: Clause, level: Level) -> None:
        self.clause = clause
        self.text = clause.text
        self.morphemes = clause.morphemes
        self.level = level
        self.familiar = level in ("casual", "plain") and not clause.honours_someone

    def edits(self, run: Run) -> list[Edit]:
        old = self.morphemes[run.first : run.last + 1]
        form = self._site_form(run) if run.site else self._inner_form(run)
        if form is None:
            return []
        stem, ending = old[0], self.morphemes[run.ending]
        end = max(morpheme.end for morpheme in old)
        kept = [(morpheme.form, morpheme.tag) for morpheme in self.morphemes[run.first : run.ending]]
        tensed = kept[-1][0] in ("었", "겠") and list(form.morphemes[: len(kept)]) == kept
        if tensed and form.noun is None:
            # After -었- and -겠- an ending never touches what stands before it, so a contracted stem stays as it is written.
            return [Edit(ending.start, end, join([kept[-1], *form.morphemes[len(kept) :]])[1:] + form.tail)]
        if stem.kind == "VCP":
            return [self._copula(run, form, end)]
        head = run.first
        if form.noun is not None:
            head -= 1
        while head > 0 and self.morphemes[head - 1].end > self.morphemes[head].start:
            head -= 1
        start = self.morphemes[head].start
        was = self.text[start:end]
        if any(morpheme.kind == "Z_CODA" for morpheme in old):
            was = was[:-1] + chr(ord(was[-1]) - (ord(was[-1]) - 0xAC00) % 28) if "가" <= was[-1] <= "힣" else was
        before = [(morpheme.form, morpheme.tag) for morpheme in self.morphemes[head : run.first]]
        rebuilt = join(before + [(morpheme.form, morpheme.tag) for morpheme in old if morpheme.kind != "Z_CODA"])
        if _relaxed(rebuilt) != _relaxed(was):
            if run.site:
                raise Unsayable(was)
            return []
        prefix = [] if form.noun is not None else before
        return [Edit(start, end, (form.noun or "") + join([*prefix, *form.morphemes]) + form.tail)]

    def _site_form(self, run: Run) -> _Form | None:
        ending = self.morphemes[run.ending]
        polite = run.last > run.ending and self.clause.has(run.last, "JX") and self.morphemes[run.last].form != "만"
        form = ending.form
        if form.endswith(tuple(CHAT_YO)) and len(form) > 1 and form not in MOODS:
            form = form[:-1] + CHAT_YO[form[-1]]
        if form.endswith("요") and len(form) > 1:
            form, polite = form[:-1], True
        elif form.endswith("죠"):
            form, polite = form[:-1] + "지", True
        level_now = "polite" if polite else ending_level(form)
        shared = MOODS.get(form) in _SHARED_WITH_CASUAL and not form.endswith("가")
        if level_now == self.level or (self.level == "casual" and level_now == "plain" and shared):
            return self._inner_form(run)
        contrasts = run.last > run.ending and self.morphemes[run.last].form == "만"
        if self.level == "formal" and contrasts:
            return None
        mood = "contrast" if contrasts else MOODS.get(form)
        if mood is None:
            if self.level == "casual" and polite:
                return self._built(run, (((form, ending.tag),), ""))
            if self.level == "polite" and level_now == "casual":
                return self._built(run, (((form + "요", ending.tag),), ""))
            raise Unsayable(form)
        return self._inflected(run, mood)

    def _mood_here(self, run: Run, mood: str, kind: str) -> str:
        stem = self.morphemes[run.first]
        tenseless = all(morpheme.form in ("시", "으시") for morpheme in self.morphemes[run.first + 1 : run.ending])
        honorific = run.ending > run.first + 1 and self.morphemes[run.first + 1].form in ("시", "으시")
        acts = kind == "verb" and stem.kind != "VCP" and tenseless
        if mood == "honorific":
            if run.asks:
                return "question"
            wish = stem.kind == "XSA" or stem.form in ("건강하", "행복하")
            return "request" if (kind == "verb" or wish or stem.form in ("계", "있")) and not self.clause.honours_someone else "statement"
        if mood == "bare":
            if run.asks:
                return "bare_question"
            watch = stem.form == "보" and not any(morpheme.kind == "JKS" for morpheme in self.morphemes)
            asked = stem.form == "말" or (stem.kind == "VX" and stem.form in ("주", "보", "두"))
            if acts and (watch or asked or self.clause.forms & _REQUEST_ADVERBS):
                return "request"
            return "proposal" if acts and self.clause.forms & _TOGETHER else "statement"
        if mood == "confirmation" and honorific and acts and not run.asks:
            return "request"
        if run.asks and mood in ("confirmation", "background", "will"):
            return mood + "_question"
        return mood

    def _inflected(self, run: Run, mood: str) -> _Form:
        stem = self.morphemes[run.first]
        kind = self.clause.stem_kind(run.first)
        honorific = mood == "honorific" or any(morpheme.form in ("시", "으시") for morpheme in self.morphemes[run.first + 1 : run.ending])
        mood = self._mood_here(run, mood, kind)
        if mood == "request" and stem.kind in ("VCP", "VCN"):
            raise Unsayable(stem.form)
        offers = self.level == "casual" and stem.form == "드리" and stem.kind == "VX" and run.ending == run.first + 1
        if mood == "statement" and (self._promises(run) or offers):
            mood = "promise"
        if mood == "request" and self.level == "plain" and stem.kind == "VX" and stem.form in ("주", "보"):
            return self._built(run, (((("기", "ETN"),), " 바란다") if stem.form == "주" else ((("라", "EF"),), "")), honorific=False)
        if mood == "wonder" and self.level == "formal":
            if stem.form in ("드리", "도와드리"):
                return self._built(run, ((("면", "EC"),), " 되겠습니까"))
            if stem.kind == "VX" and stem.form in ("보", "주"):
                return self._built(run, TARGETS["will_question"]["formal"])
        return self._built(run, TARGETS[mood][self.level], honorific=honorific and mood not in ("request", "proposal"))

    def _promises(self, run: Run) -> bool:
        """Whether -겠- announces the speaker's own deed (-ㄹ게요), rather than a guess or a courtesy (알겠습니다)."""
        stem = self.morphemes[run.first]
        eps = [morpheme.form for morpheme in self.morphemes[run.first + 1 : run.ending]]
        if eps != ["겠"] or self.level not in ("polite", "casual") or run.asks:
            return False
        name = stem.form
        if stem.kind == "XSV" and run.first:
            name = self.morphemes[run.first - 1].form + stem.form
        own = any(
            morpheme.kind == "NP" and morpheme.form in ("저", "저희", "나") and self.clause.has(index + 1, tag)
            for index, morpheme in enumerate(self.morphemes)
            for tag in ("JKS", "JX")
        )
        return name in SPEAKER_VERBS or (own and stem.kind in ("VV", "VX", "XSV") and stem.form not in ("알", "모르", "되", "싶"))

    def _built(self, run: Run, target: Target, *, honorific: bool | None = None) -> _Form:
        """Stem, what stays between stem and ending, and the target; deference added or dropped as the level wants."""
        stem, noun = self._stem(run)
        kind = self.clause.stem_kind(run.first)
        eps = [morpheme.form for morpheme in self.morphemes[run.first + 1 : run.ending]]
        had = any(form in ("시", "으시") for form in eps)
        honorific = had if honorific is None else honorific
        if noun is not None and stem[1].startswith("VA"):
            kind, honorific = "adjective", False
        if self.familiar:
            honorific = False
        tense = [form for form in eps if form not in ("시", "으시")]
        added, tail = target
        if stem[0] == "뵙" and added and added[0][0].startswith("ᆯ"):
            stem = ("뵈", stem[1])
        if self._promises(run) and added and added[0][0].startswith("ᆯ게"):
            tense = []
        if tense and tense[-1] in ("었", "겠"):
            kind = "existence"
        attached: list[tuple[str, str]] = []
        for form, tag in added:
            if tag == "EP" and (form in tense or (form == "시" and honorific)):
                continue
            resolved = BY_STEM[form][kind] if form.startswith("@") else form
            attached.append((resolved, tag))
        if attached and attached[0][0] == "어요" and honorific and not tense:
            attached[0] = ("세요", "EF")
            honorific = False
        if tail.startswith(" @"):
            tail = " " + NEGATION_TAIL[kind if not tense else "verb"]
        if stem[1] in ("VCP", "VCN") and attached and attached[0][0] in ("어요", "어"):
            attached[0] = ("에요" if attached[0][0] == "어요" else "야", "EF") if not tense and not honorific else attached[0]
        middle = ([("시", "EP")] if honorific else []) + [(form, "EP") for form in tense]
        return _Form((stem, *middle, *attached), tail, noun)

    def _inner_form(self, run: Run) -> _Form | None:
        """A predicate inside the sentence: only deference goes, -습니다만 and an inner 요 follow the level."""
        ending = self.morphemes[run.ending]
        added: list[tuple[str, str]] = [(ending.form, ending.tag)]
        changed = False
        if run.last > run.ending:
            tail = self.morphemes[run.last]
            if tail.form == "만" and self.level != "formal":
                added, changed = [("지만", "EC")], True
            elif tail.form == "요" and ending.kind == "EC" and self.level != "polite":
                changed = True
            else:
                added.append((tail.form, tail.tag))
        stem, noun = self._stem(run)
        middle = [(morpheme.form, morpheme.tag) for morpheme in self.morphemes[run.first + 1 : run.ending]]
        if self.familiar:
            bare = [item for item in middle if item[0] not in ("시", "으시")]
            if ending.form in ("세요", "셔", "세"):
                bare = middle
            changed = changed or bare != middle
            middle = bare
        if not changed and noun is None and stem[0] == self.morphemes[run.first].form:
            return None
        return _Form((stem, *middle, *added), "", noun)

    def _stem(self, run: Run) -> tuple[tuple[str, str], str | None]:
        """The stem to build on, and the noun that takes the place of the one before it."""
        here = self.morphemes[run.first]
        plain = (here.form, here.tag)
        if not self.familiar:
            return plain, None
        before = self.morphemes[run.first - 1] if run.first else None
        if before is not None and before.end == here.start:
            if run.site and before.form in FAMILIAR_NOUNS and here.form in ("하", "드리"):
                return FAMILIAR_NOUNS[before.form], ""
            if here.form == "드리" and before.kind == "NNG":
                return ("하", "XSV"), "말" if before.form == "말씀" else before.form
        honorific = run.ending > run.first + 1 and self.morphemes[run.first + 1].form == "시"
        if here.form in ("계", "드", "주무", "잡수") and not (honorific or self.morphemes[run.ending].form.startswith("세")):
            return plain, None
        if here.form in FAMILIAR_STEMS and here.kind in ("VV", "VX"):
            return (FAMILIAR_STEMS[here.form], "VV-R" if here.form == "여쭙" else here.kind), None
        return plain, None

    def _copula(self, run: Run, form: _Form, end: int) -> Edit:
        copula = self.morphemes[run.first]
        noun = self.morphemes[run.first - 1] if run.first else None
        start = copula.start
        head = ""
        open_noun = not has_final(self.text[:start]) if noun is None or noun.end <= start else True
        if noun is not None and noun.end >= start and run.site:
            swapped = self._bound_noun(noun)
            if swapped != noun.form or noun.end > start:
                start, head = noun.start, swapped
                open_noun = not has_final(head)
        built = join(list(form.morphemes))
        if open_noun:
            if built.startswith(("이에", "이야", "이었")):
                built = {"에": "예", "야": "야", "었": "였"}[built[1]] + built[2:]
            elif copula.end == copula.start and built.startswith("이") and not built.startswith("이다"):
                built = built[1:]
        return Edit(start, end, head + built + form.tail)

    def _bound_noun(self, noun: Morpheme) -> str:
        """거 and 뭐 belong to speech, 것 and 무엇 to writing."""
        written = self.level in ("formal", "plain")
        if noun.form in ("거", "것"):
            return "것" if written else "거"
        if noun.form in ("뭐", "무엇", "무어"):
            return "무엇" if written else "뭐" if self.level == "casual" else noun.form
        return noun.form


def _relaxed(text: str) -> str:
    """Contracted and full spellings of one form look the same."""
    for full, contracted in _CONTRACTIONS:
        text = text.replace(full, contracted)
    return text
