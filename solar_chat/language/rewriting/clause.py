"""A sentence as the rewriter sees it: its predicates, and which of them show a speech level.

A predicate is a stem with its endings; it is a site where its ending closes a clause of the speaker's own, at a comma or at the end. Nothing here
knows which level is wanted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from solar_chat.language.parsing.analyser import ParsedSentence
from solar_chat.language.rewriting.endings import CHAT_YO, CLOSING_CONNECTIVES, CONNECTIVE_SITES, MOODS, PERSONS
from solar_chat.language.rewriting.repair import normalised
from solar_chat.language.vocabulary import words

StemKind = Literal["verb", "adjective", "copula", "existence"]
SEPARATORS: Final = frozenset({"SF", "SP", "SE", "SW", "SSC", "SS", "SO"})
_STEMS: Final = frozenset({"VV", "VA", "VX", "VCP", "VCN", "XSV", "XSA"})
_ENDINGS: Final = frozenset({"EF", "EC", "ETM", "ETN"})
_EXISTENCE: Final = re.compile(r"[있없]$|^맞$")
_ANSWERS: Final = frozenset({"맞", "그렇", "아니", "하", "미안하", "고맙", "좋", "괜찮", "되", "알", "싫", "없", "있", "반갑"})
_ANSWER_ENDINGS: Final = frozenset({"어", "야", "다", "ᆫ다", "는다", "지", "네"})
_ASKING: Final = frozenset({"뭐", "무엇", "무어", "어디", "언제", "누구", "누", "왜", "어떻게", "몇", "얼마", "어떻", "얼마나"})
_MARKS: Final = re.compile(r"[.!?~…]")
_POSTPOSED: Final = re.compile(r"[ \t]+[가-힣A-Za-z0-9]{1,12}\?")
_CONTINUES: Final = re.compile(r"[ \t]+[가-힣A-Za-z0-9]|[ \t]*,\s*$")
_GOING_ON: Final = words("고 구 ᆫ데 은데 는데 지만 니까 으니까 어서 면 으면 게 도록 거나 다가 든지 는지 던데 려고")
_EMBEDDED_QUESTIONS: Final = ("ᆫ지", "는지", "은지", "ᆯ지", "을지", "든지", "거나", "든")
_ENGLISH_ADJECTIVES: Final = words("simple cool nice hot chic natural unique safe smart deep rough basic clean clear perfect")
_NOMINAL: Final = frozenset({"ᆷ", "음", "기"})
_EMBEDS: Final = frozenset({"JKQ", "ETM", "JKB", "JKO", "JKG", "JC", "JKS"})


class Unsayable(Exception):
    """The sentence has a predicate that the wanted level has no safe form for."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace text[start:end] (original offsets)."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Run:
    """A predicate: morphemes[first] is the stem, [ending] its ending, [last] the last morpheme that belongs to it (요, 만)."""

    first: int
    ending: int
    last: int
    site: bool
    asks: bool


class Clause:
    """One sentence of `text`, read. `conversation`: other sentences around it are 반말 speech."""

    def __init__(self, text: str, sentence: ParsedSentence, *, conversation: bool = False) -> None:
        self.text = text
        self.start, self.end = sentence.start, sentence.end
        self.morphemes = normalised(sentence.morphemes)
        self.forms = {morpheme.form for morpheme in self.morphemes}
        self.conversation = conversation
        self.asks = self._is_question()

    def _is_question(self) -> bool:
        last = self.morphemes[self.final].end if self.final >= 0 else self.start
        tail = self.text[last : self.end]
        if "?" in tail:
            return True
        if _MARKS.search(tail):
            return False
        if _POSTPOSED.match(self.text, self.end) is not None:
            return True  # 다 했어 숙제?
        return bool(self.forms & _ASKING) and not any(form.endswith(_EMBEDDED_QUESTIONS) for form in self.forms)

    @cached_property
    def _honoured_subjects(self) -> list[int]:
        """Indexes of the particles (께서, 이, 는 …) that mark a person whom 반말 honours too."""
        found: list[int] = []
        for index, morpheme in enumerate(self.morphemes):
            if morpheme.form == "께서":
                found.append(index)
            person = morpheme.form in PERSONS or (morpheme.kind == "XSN" and morpheme.form == "님" and index > 0)
            if person and index + 1 < len(self.morphemes):
                following = self.morphemes[index + 1]
                if following.kind == "JKS" or (following.kind == "JX" and following.form in ("은", "는", "도", "만", "ᆫ")):
                    found.append(index + 1)
        return found

    @property
    def honours_someone(self) -> bool:
        """Whether a third person whom 반말 honours, too, is a subject."""
        return bool(self._honoured_subjects)

    def honours(self, run: Run) -> bool:
        """Whether such a person is the subject of this predicate; a subject inside a relative clause reaches no further than that."""
        for marker in self._honoured_subjects:
            if marker > run.first:
                break
            inside = [index for index in range(marker, run.first) if self.morphemes[index].kind == "ETM"]
            if not inside or self.morphemes[marker].kind == "JX":
                return True
        return False

    @cached_property
    def gives_upwards(self) -> bool:
        """Whether something is done for someone marked with 께: 드리다 stays in 반말 too."""
        return "께" in self.forms

    def has(self, index: int, kind: str) -> bool:
        """Whether the morpheme at `index` exists and has the tag `kind`."""
        return 0 <= index < len(self.morphemes) and self.morphemes[index].kind == kind

    @cached_property
    def final(self) -> int:
        """Index of the last morpheme that is no punctuation, symbol or emoji; -1 where there is none."""
        kinds = ("SL", "SH", "Z_CODA")
        last = max((index for index, here in enumerate(self.morphemes) if here.kind[0] in "NVMIJEX" or here.kind in kinds), default=-1)
        if last > 1 and self.morphemes[last].form in ("뭐", "머") and self.morphemes[last - 1].kind in ("EF", "EC"):
            return last - 1  # 그렇지 뭐
        return last

    @cached_property
    def ending(self) -> str:
        """The last final ending of the sentence without its 요, or an empty string."""
        return next((morpheme.form for morpheme in reversed(self.morphemes) if morpheme.kind in ("EF", "EC")), "")

    @cached_property
    def runs(self) -> list[Run]:
        """All predicates, in order."""
        morphemes = self.morphemes
        found: list[Run] = []
        index = 0
        while index < len(morphemes):
            ending = index + 1
            while ending < len(morphemes) and morphemes[ending].kind == "EP":
                ending += 1
            while self.has(ending, "EC") and morphemes[ending].form == "어야" and self.has(ending + 1, "EP"):
                ending += 2  # 해야겠다: -어야 하겠다 drawn together
            if morphemes[index].kind not in _STEMS or ending >= len(morphemes) or morphemes[ending].kind not in _ENDINGS:
                index += 1
                continue
            last = self._extended(ending)
            site = self._is_site(ending, last)
            asks = self.asks if last >= self.final else self.has(last + 1, "SF") and "?" in morphemes[last + 1].form
            found.append(Run(index, ending, last, site, asks))
            index = last + 1
        return found

    def _extended(self, ending: int) -> int:
        last = ending
        if self.has(last + 1, "Z_CODA"):
            last += 1
        particles = ("요", "만", *CHAT_YO) if "니다" in self.morphemes[ending].form else ("요", *CHAT_YO)
        if self.has(last + 1, "JX") and self.morphemes[last + 1].form in particles:
            last += 1
        return last

    def _is_site(self, ending: int, last: int) -> bool:
        """Whether an ending closes a clause of the speaker's own (not one that is reported or goes on)."""
        kind, form = self.morphemes[ending].kind, self.morphemes[ending].form
        if kind == "EC":
            return self._closes(ending, last)
        if kind != "EF":
            return False
        if last >= self.final:
            return form not in _NOMINAL and not self._goes_on(ending, last)
        follower = self.morphemes[last + 1]
        if follower.kind in SEPARATORS or follower.kind.startswith("W_"):
            return True
        return form.endswith(("니다", "니까", "요", "죠")) and follower.kind not in _EMBEDS and follower.kind != "JX"

    def _goes_on(self, ending: int, last: int) -> bool:
        """Whether Kiwi cut the line at a connective, or the text stops at a comma."""
        return last == ending and self.morphemes[ending].form in _GOING_ON and _CONTINUES.match(self.text, self.morphemes[last].end) is not None

    def _closes(self, ending: int, last: int) -> bool:
        form = self.morphemes[ending].form
        if last >= self.final:
            if form == "라" and self.morphemes[ending - 1].kind in ("VCN", "VCP"):
                return False  # …아니라
            if self._goes_on(ending, last):
                return False
            return last > ending or form in CONNECTIVE_SITES or form in MOODS or "니다" in form or form.endswith(("요", "죠"))
        if last > ending and self.has(last + 1, "SF"):
            return self.morphemes[last].form != "만"
        if form == "어" and self.morphemes[ending - 1].form.endswith(("었", "겠")) and last == ending:
            return not self.has(last + 1, "JX")  # no connective -어 follows a tense
        if last + 2 < len(self.morphemes) and self.morphemes[last + 2].form in ("라고", "이라고", "하고", "라는", "라며"):
            return False  # 안 돼, 라고 했어: someone's words
        if not self.has(last + 1, "SP") or self.text[self.morphemes[last + 1].start] not in ",/":
            return False
        if last > ending:
            return self.morphemes[last].form != "만"
        if form.endswith(("니다", "요", "죠")) or form in CLOSING_CONNECTIVES:
            return True
        opening = self.morphemes[ending - 1].kind in ("VV", "VA", "VCN", "XSA")
        if ending <= 2 and opening and self.morphemes[ending - 1].form in _ANSWERS and form in _ANSWER_ENDINGS:
            return True  # 맞아, …: an answer before the comma is a sentence of its own
        # Friends who end in -어 or -야 chain such clauses; in prose the same -어 is a connective.
        return form in ("어", "야", "지") and self.ending in ("어", "야", "지", "네", "잖아", "거든")

    def stem_kind(self, index: int) -> StemKind:
        """How the predicate at `index` inflects."""
        stem = self.morphemes[index]
        if stem.kind == "VCP":
            return "copula"
        if _EXISTENCE.search(stem.form) and stem.kind in ("VA", "VV", "VX"):
            return "existence"
        if stem.kind == "XSA" and self.has(index - 1, "SL"):
            return "adjective" if self.morphemes[index - 1].form.lower() in _ENGLISH_ADJECTIVES else "verb"
        if stem.kind in ("VA", "XSA", "VCN"):
            return "adjective"
        if stem.kind == "VX":
            return self._auxiliary_kind(index)
        return "verb"

    def _auxiliary_kind(self, index: int) -> StemKind:
        stem = self.morphemes[index]
        if stem.form in ("싶", "듯하", "만하", "법하", "뻔하"):
            return "adjective"
        connective = self.morphemes[index - 1].form if index else ""
        if stem.form == "보" and connective not in ("어", "고", "다"):
            return "adjective"  # 비가 오나 보다, 그런가 보다
        if stem.form in ("않", "못하") and connective == "지":
            probe = index - 2
            while probe >= 0 and self.morphemes[probe].kind not in _STEMS:
                probe -= 1
            inherited = self.stem_kind(probe) if probe >= 0 else "verb"
            return "verb" if inherited == "existence" and stem.form == "않" else inherited
        return "verb"
