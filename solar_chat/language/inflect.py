"""The edits that move one analysed sentence to a speech level: predicates, deference, pronouns and answers.

An edit replaces whole morphemes and is offered only where `kiwi.join` rebuilds the old words from the same reading. Nothing is applied here, and no
edit is checked against its result: `rewrite` does that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from solar_chat.language.analyser import Morpheme, ParsedSentence, join
from solar_chat.language.endings import (
    BY_STEM,
    CHAT_YO,
    CONNECTIVE_SITES,
    FAMILIAR_NOUNS,
    FAMILIAR_STEMS,
    GREETING,
    HONORIFIC_STEMS,
    MOODS,
    NEGATION_TAIL,
    PERSONS,
    PRONOUNS_DOWN,
    PRONOUNS_UP,
    SPEAKER_VERBS,
    TARGETS,
    WORDS_DOWN,
    WORDS_UP,
    Target,
)
from solar_chat.language.josa import has_final
from solar_chat.language.levels import ending_level
from solar_chat.language.types import Level

_STEMS: Final = {"VV", "VA", "VX", "VCP", "VCN", "XSV", "XSA"}
_ENDINGS: Final = {"EF", "EC", "ETM", "ETN"}
_EXISTENCE: Final = re.compile(r"[있없]$|^맞$")
_SEPARATORS: Final = {"SF", "SP", "SE", "SW", "SSC", "SS", "SO"}
_REQUEST_ADVERBS: Final = {"푹", "어서", "얼른", "꼭", "부디", "제발", "좀"}
_TOGETHER: Final = {"같이", "함께"}
_CONTRACTIONS: Final = (("하여", "해"), ("되어", "돼"), ("보아", "봐"), ("주어", "줘"), ("두어", "둬"), ("이어", "여"), ("시어", "셔"), ("하였", "했"), ("되었", "됐"),
                        ("보았", "봤"), ("주었", "줬"), ("오아", "와"), ("말아", "마"))  # fmt: skip
_ANSWERS: Final = {"맞", "그렇", "아니", "하", "미안하", "고맙", "좋", "괜찮", "되", "알", "싫", "없", "있", "반갑"}
_HEARSAY: Final = {"ᆸ니다": {"다": "답니다", "라": "랍니다"}, "어요": {"다": "대요", "라": "래요"}, "어": {"다": "대", "라": "래"}}
_SHARED_WITH_CASUAL: Final = {"question", "proposal", "discovery", "request", "recollection"}
"""Moods whose 해라체 ending friends use as it is."""


class Unsayable(Exception):
    """The sentence has a predicate that this level has no safe form for."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace text[start:end] (original offsets)."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class _Run:
    """A predicate: morphemes[first] is the stem, [ending] its ending, [last] the last morpheme that belongs to it (요, 만)."""

    first: int
    ending: int
    last: int
    site: bool
    asks: bool


@dataclass(frozen=True, slots=True)
class _Form:
    """What a predicate shall become: morphemes from the stem on, and text after them; `noun` replaces the noun before the stem."""

    morphemes: tuple[tuple[str, str], ...]
    tail: str = ""
    noun: str | None = None


def normalised(morphemes: Sequence[Morpheme]) -> list[Morpheme]:
    """Kiwi's reading with its known slips on 계세요, 드세요 and 주무세요 repaired and the hidden -시- of 계시다 made visible."""
    found: list[Morpheme] = []
    index = 0
    while index < len(morphemes):
        here = morphemes[index]
        after = morphemes[index + 1 : index + 3]
        if here.form in ("계", "주무") and here.kind == "NNG" and len(after) == 2 and after[0].kind == "VCP" and after[1].form.startswith("세"):
            found += [Morpheme(here.form, "VV", here.start, here.end), after[1]]
            index += 3
        elif here.form in ("계세", "드세") and after and after[0].form in ("요", "어요"):
            found += [Morpheme(here.form[0], "VV", here.start, here.start + 1), Morpheme("세요", "EF", here.start + 1, after[0].end)]
            index += 2
        elif (
            len(after) == 2
            and here.form.endswith(("다고", "라고"))
            and after[0].form == "하"
            and after[0].start < here.end
            and after[1].form in _HEARSAY
        ):
            # 없답니다, 간대요: Kiwi undoes the contraction into -다고 하다.
            found.append(Morpheme(here.form[:-2] + _HEARSAY[after[1].form][here.form[-2]], "EF", here.start, after[1].end))
            index += 3
        elif here.kind in ("VV", "VX", "VA") and here.form in HONORIFIC_STEMS:
            bare = HONORIFIC_STEMS[here.form]
            middle = here.start + len(bare)
            found += [Morpheme(bare, "VV", here.start, middle), Morpheme("시", "EP", middle, max(middle, here.end))]
            index += 1
        else:
            found.append(here)
            index += 1
    return found


def edits(text: str, sentence: ParsedSentence, level: Level, *, changes_family: bool) -> list[Edit]:
    """All edits for a sentence, in order. Raises Unsayable where one of its final endings has no safe form in `level`."""
    return _Inflector(text, sentence, level, changes_family).edits()


class _Inflector:
    def __init__(self, text: str, sentence: ParsedSentence, level: Level, changes_family: bool) -> None:
        self.text = text
        self.level = level
        self.gentle = level in ("casual", "plain")
        self.changes_family = changes_family
        self.morphemes = normalised(sentence.morphemes)
        self.asks = "?" in text[max(sentence.start, sentence.end - 4) : sentence.end]
        self.honours_someone = any(
            morpheme.form == "께서" or morpheme.form in PERSONS or (morpheme.kind == "XSN" and morpheme.form == "님") for morpheme in self.morphemes
        )
        self.forms = {morpheme.form for morpheme in self.morphemes}

    def edits(self) -> list[Edit]:
        found: list[Edit] = []
        greeting = self._greeting()
        for run in self._runs():
            if greeting is None or not greeting.start <= self.morphemes[run.first].start < greeting.end:
                found.extend(self._edit(run))
        if greeting is not None:
            found.append(greeting)
        words = self._words()
        found.extend(word for word in words if not any(word.start < edit.end and edit.start < word.end for edit in found))
        return sorted((edit for edit in found if edit.text != self.text[edit.start : edit.end]), key=lambda edit: edit.start)

    def _runs(self) -> list[_Run]:
        morphemes = self.morphemes
        final = max((index for index, morpheme in enumerate(morphemes) if morpheme.kind[0] in "NVMIJEX" or morpheme.kind in ("SL", "SH")), default=-1)
        found: list[_Run] = []
        index = 0
        while index < len(morphemes):
            ending = index + 1
            while ending < len(morphemes) and morphemes[ending].kind == "EP":
                ending += 1
            if morphemes[index].kind not in _STEMS or ending >= len(morphemes) or morphemes[ending].kind not in _ENDINGS:
                index += 1
                continue
            last = ending
            if self._is(last + 1, "Z_CODA"):
                last += 1
            if self._is(last + 1, "JX") and morphemes[last + 1].form in ("요", *CHAT_YO):
                last += 1
            elif "니다" in morphemes[ending].form and self._is(last + 1, "JX") and morphemes[last + 1].form == "만":
                last += 1
            site = self._is_site(ending, last, final)
            asks = self.asks if last >= final else self._is(last + 1, "SF") and "?" in morphemes[last + 1].form
            found.append(_Run(index, ending, last, site, asks))
            index = last + 1
        return found

    def _is(self, index: int, kind: str) -> bool:
        return 0 <= index < len(self.morphemes) and self.morphemes[index].kind == kind

    def _is_site(self, ending: int, last: int, final: int) -> bool:
        """Whether an ending closes a clause of the speaker's own (not one that is reported or goes on)."""
        kind, form = self.morphemes[ending].kind, self.morphemes[ending].form
        if kind == "EC":
            if last < final and self._is(last + 1, "SP"):
                # 아닙니다, … 맞아, …: an answer before the comma is a sentence of its own.
                opening = self._is(ending - 1, "VV") or self._is(ending - 1, "VA") or self._is(ending - 1, "VCN") or self._is(ending - 1, "XSA")
                answers = ending <= 2 and opening and self.morphemes[ending - 1].form in _ANSWERS and form in ("어", "야", "다", "ᆫ다", "는다", "지", "네")
                return answers or form.endswith("니다")
            return last >= final and (form in CONNECTIVE_SITES or form in MOODS or "니다" in form)
        if kind != "EF":
            return False
        if last >= final:
            return True
        follower = self.morphemes[last + 1]
        if follower.kind in _SEPARATORS or follower.kind.startswith("W_"):
            return True
        return form.endswith(("니다", "니까", "요", "죠")) and follower.kind not in ("JKQ", "ETM", "JX", "JKB")

    # New forms

    def _edit(self, run: _Run) -> list[Edit]:
        old = self.morphemes[run.first : run.last + 1]
        form = self._site_form(run) if run.site else self._inner_form(run)
        if form is None:
            return []
        stem, ending = old[0], self.morphemes[run.ending]
        end = max(morpheme.end for morpheme in old)
        kept = [(morpheme.form, morpheme.tag) for morpheme in self.morphemes[run.first : run.ending]]
        if form.noun is None and kept[-1][0] in ("었", "겠") and list(form.morphemes[: len(kept)]) == kept and self.text[ending.start - 1] not in "이":
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

    def _site_form(self, run: _Run) -> _Form | None:
        ending = self.morphemes[run.ending]
        polite = run.last > run.ending and self._is(run.last, "JX") and self.morphemes[run.last].form != "만"
        form = ending.form
        if form.endswith(tuple(CHAT_YO)) and len(form) > 1 and form not in MOODS:
            form = form[:-1] + CHAT_YO[form[-1]]
        if form.endswith("요") and len(form) > 1:
            form, polite = form[:-1], True
        elif form.endswith("죠"):
            form, polite = form[:-1] + "지", True
        level_now = "polite" if polite else ending_level(form)
        if level_now == self.level or (self.level == "casual" and level_now == "plain" and MOODS.get(form) in _SHARED_WITH_CASUAL and not form.endswith("가")):
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

    def _mood_here(self, run: _Run, mood: str, kind: str) -> str:
        stem = self.morphemes[run.first]
        tenseless = all(morpheme.form in ("시", "으시") for morpheme in self.morphemes[run.first + 1 : run.ending])
        honorific = run.ending > run.first + 1 and self.morphemes[run.first + 1].form in ("시", "으시")
        acts = kind == "verb" and stem.kind != "VCP" and tenseless
        if mood == "honorific":
            if run.asks:
                return "question"
            wish = stem.kind == "XSA" or stem.form in ("건강하", "행복하")
            return "request" if (kind == "verb" or wish or stem.form in ("계", "있")) and not self.honours_someone else "statement"
        if mood == "bare":
            if run.asks:
                return "bare_question"
            watch = stem.form == "보" and not any(morpheme.kind == "JKS" for morpheme in self.morphemes)
            if acts and (watch or stem.form == "말" or (stem.kind == "VX" and stem.form in ("주", "보", "두")) or self.forms & _REQUEST_ADVERBS):
                return "request"
            return "proposal" if acts and self.forms & _TOGETHER else "statement"
        if mood == "confirmation" and honorific and acts and not run.asks:
            return "request"
        if run.asks and mood in ("confirmation", "background", "will"):
            return mood + "_question"
        return mood

    def _inflected(self, run: _Run, mood: str) -> _Form:
        stem = self.morphemes[run.first]
        kind = self._stem_kind(run.first)
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

    def _promises(self, run: _Run) -> bool:
        """Whether -겠- announces the speaker's own deed (-ㄹ게요), rather than a guess or a courtesy (알겠습니다)."""
        stem = self.morphemes[run.first]
        eps = [morpheme.form for morpheme in self.morphemes[run.first + 1 : run.ending]]
        if eps != ["겠"] or self.level not in ("polite", "casual") or run.asks:
            return False
        name = stem.form
        if stem.kind == "XSV" and run.first:
            name = self.morphemes[run.first - 1].form + stem.form
        own = any(
            morpheme.kind == "NP" and morpheme.form in ("저", "저희", "나") and self._is(index + 1, tag)
            for index, morpheme in enumerate(self.morphemes)
            for tag in ("JKS", "JX")
        )
        return name in SPEAKER_VERBS or (own and stem.kind in ("VV", "VX", "XSV") and stem.form not in ("알", "모르", "되", "싶"))

    def _built(self, run: _Run, target: Target, *, honorific: bool | None = None) -> _Form:
        """Stem, what stays between stem and ending, and the target; deference added or dropped as the level wants."""
        stem, noun = self._stem(run)
        kind = self._stem_kind(run.first)
        eps = [morpheme.form for morpheme in self.morphemes[run.first + 1 : run.ending]]
        had = any(form in ("시", "으시") for form in eps)
        honorific = had if honorific is None else honorific
        if noun is not None and stem[1].startswith("VA"):
            kind, honorific = "adjective", False
        if self.gentle and not self.honours_someone:
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
            if tag == "EP" and (form in tense or form == "시" and honorific):
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

    def _inner_form(self, run: _Run) -> _Form | None:
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
        if self.gentle and not self.honours_someone:
            bare = [item for item in middle if item[0] not in ("시", "으시")]
            if ending.form in ("세요", "셔", "세"):
                bare = middle
            changed = changed or bare != middle
            middle = bare
        if not changed and noun is None and stem[0] == self.morphemes[run.first].form:
            return None
        return _Form((stem, *middle, *added), "", noun)

    def _stem(self, run: _Run) -> tuple[tuple[str, str], str | None]:
        """The stem to build on, and the noun that takes the place of the one before it."""
        here = self.morphemes[run.first]
        plain = (here.form, here.tag)
        if not self.gentle or self.honours_someone:
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

    def _stem_kind(self, index: int) -> str:
        stem = self.morphemes[index]
        if stem.kind == "VCP":
            return "copula"
        if _EXISTENCE.search(stem.form) and stem.kind in ("VA", "VV", "VX"):
            return "existence"
        if stem.kind in ("VA", "XSA", "VCN"):
            return "adjective"
        if stem.kind == "VX":
            if stem.form in ("싶", "듯하", "만하", "법하", "뻔하"):
                return "adjective"
            connective = self.morphemes[index - 1].form if index else ""
            if stem.form == "보" and connective not in ("어", "고", "다"):
                return "adjective"  # 비가 오나 보다, 그런가 보다
            if stem.form in ("않", "못하") and connective == "지":
                probe = index - 2
                while probe >= 0 and self.morphemes[probe].kind not in _STEMS:
                    probe -= 1
                inherited = self._stem_kind(probe) if probe >= 0 else "verb"
                return "verb" if inherited == "existence" and stem.form == "않" else inherited
        return "verb"

    def _copula(self, run: _Run, form: _Form, end: int) -> Edit:
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

    # Words that carry a level of their own

    def _greeting(self) -> Edit | None:
        for index, morpheme in enumerate(self.morphemes):
            if morpheme.form != "안녕" or morpheme.kind not in ("NNG", "IC"):
                continue
            last = index
            while last + 1 < len(self.morphemes) and self.morphemes[last + 1].kind in ("XSA", "EP", "EF"):
                last += 1
            final = self.morphemes[last]
            if last > index and final.kind == "EF" and not final.form.startswith(("세요", "ᆸ니까")):
                continue
            if last == index and (index > 0 or self.gentle or not self.changes_family):
                continue
            return Edit(morpheme.start, final.end, GREETING[self.level])
        return None

    def _words(self) -> list[Edit]:
        found: list[Edit] = []
        for index, morpheme in enumerate(self.morphemes):
            was = self.text[morpheme.start : morpheme.end]
            if morpheme.kind == "NP":
                table = PRONOUNS_DOWN if self.gentle else PRONOUNS_UP if self.changes_family else {}
                if morpheme.form in ("저", "저희", "나") and was in table:
                    found.append(Edit(morpheme.start, morpheme.end, table[was]))
            elif morpheme.kind in ("IC", "MAG") and (morpheme.kind == "IC" or morpheme.form == "안녕히"):
                table = WORDS_DOWN if self.gentle else WORDS_UP if self.changes_family else {}
                alone = self._is(index + 1, "SP") or self._is(index + 1, "SF") or index + 1 == len(self.morphemes)
                if was in table and ((index == 0 and alone) or was == "안녕히"):
                    found.append(Edit(morpheme.start, morpheme.end, table[was]))
            elif was == "말씀" and self.gentle and not self.honours_someone and self._is(index + 1, "XSV"):
                found.append(Edit(morpheme.start, morpheme.end, "말"))
            elif morpheme.form in ("요", "이요") and morpheme.kind == "JX" and self.level != "polite" and index:
                found.extend(self._clipped(index))
        return found

    def _clipped(self, index: int) -> list[Edit]:
        """저요?, 자장면이요: a noun or particle with 요."""
        particle = self.morphemes[index]
        before = self.morphemes[index - 1].kind
        if before[0] not in "NJ":
            return []
        final = all(morpheme.kind in _SEPARATORS or morpheme.kind.startswith("W_") for morpheme in self.morphemes[index + 1 :])
        if not final or self.level == "casual":
            return [Edit(particle.start, particle.end, "")]
        if before[0] == "J":
            raise Unsayable(particle.form)
        closing = {"formal": ("입니다", "입니까"), "plain": ("이다", "인가")}[self.level][self.asks]
        return [Edit(particle.start, particle.end, closing)]


def _relaxed(text: str) -> str:
    """Contracted and full spellings of one form look the same."""
    for full, contracted in _CONTRACTIONS:
        text = text.replace(full, contracted)
    return text
