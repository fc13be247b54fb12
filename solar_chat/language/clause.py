"""A sentence as the rewriter sees it: Kiwi's reading with its known slips repaired, and the predicates found in it.

A predicate is a stem with its endings; it is a site where its ending closes a clause of the speaker's own, and only a site shows a speech level.
Nothing here knows which level is wanted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from solar_chat.language.analyser import Morpheme, ParsedSentence
from solar_chat.language.endings import CHAT_YO, CONNECTIVE_SITES, HONORIFIC_STEMS, MOODS, PERSONS

StemKind = Literal["verb", "adjective", "copula", "existence"]
SEPARATORS: Final = frozenset({"SF", "SP", "SE", "SW", "SSC", "SS", "SO"})
_STEMS: Final = frozenset({"VV", "VA", "VX", "VCP", "VCN", "XSV", "XSA"})
_ENDINGS: Final = frozenset({"EF", "EC", "ETM", "ETN"})
_EXISTENCE: Final = re.compile(r"[있없]$|^맞$")
_ANSWERS: Final = frozenset({"맞", "그렇", "아니", "하", "미안하", "고맙", "좋", "괜찮", "되", "알", "싫", "없", "있", "반갑"})
_ANSWER_ENDINGS: Final = frozenset({"어", "야", "다", "ᆫ다", "는다", "지", "네"})
_HEARSAY: Final = {"ᆸ니다": {"다": "답니다", "라": "랍니다"}, "어요": {"다": "대요", "라": "래요"}, "어": {"다": "대", "라": "래"}}


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


class Clause:
    """One sentence of `text`, read."""

    def __init__(self, text: str, sentence: ParsedSentence) -> None:
        self.text = text
        self.morphemes = normalised(sentence.morphemes)
        self.forms = {morpheme.form for morpheme in self.morphemes}
        self.asks = "?" in text[max(sentence.start, sentence.end - 4) : sentence.end]
        self.honours_someone = any(
            morpheme.form == "께서" or morpheme.form in PERSONS or (morpheme.kind == "XSN" and morpheme.form == "님") for morpheme in self.morphemes
        )

    def has(self, index: int, kind: str) -> bool:
        """Whether the morpheme at `index` exists and has the tag `kind`."""
        return 0 <= index < len(self.morphemes) and self.morphemes[index].kind == kind

    def runs(self) -> list[Run]:
        """All predicates, in order."""
        morphemes = self.morphemes
        final = max((index for index, morpheme in enumerate(morphemes) if morpheme.kind[0] in "NVMIJEX" or morpheme.kind in ("SL", "SH")), default=-1)
        found: list[Run] = []
        index = 0
        while index < len(morphemes):
            ending = index + 1
            while ending < len(morphemes) and morphemes[ending].kind == "EP":
                ending += 1
            if morphemes[index].kind not in _STEMS or ending >= len(morphemes) or morphemes[ending].kind not in _ENDINGS:
                index += 1
                continue
            last = ending
            if self.has(last + 1, "Z_CODA"):
                last += 1
            particles = ("요", "만", *CHAT_YO) if "니다" in morphemes[ending].form else ("요", *CHAT_YO)
            if self.has(last + 1, "JX") and morphemes[last + 1].form in particles:
                last += 1
            site = self._is_site(ending, last, final)
            asks = self.asks if last >= final else self.has(last + 1, "SF") and "?" in morphemes[last + 1].form
            found.append(Run(index, ending, last, site, asks))
            index = last + 1
        return found

    def _is_site(self, ending: int, last: int, final: int) -> bool:
        """Whether an ending closes a clause of the speaker's own (not one that is reported or goes on)."""
        kind, form = self.morphemes[ending].kind, self.morphemes[ending].form
        if kind == "EC":
            if last < final and self.has(last + 1, "SP"):
                # 아닙니다, … 맞아, …: an answer before the comma is a sentence of its own.
                opening = self.morphemes[ending - 1].kind in ("VV", "VA", "VCN", "XSA")
                answers = ending <= 2 and opening and self.morphemes[ending - 1].form in _ANSWERS and form in _ANSWER_ENDINGS
                return answers or (last == ending and (form.endswith("니다") or (ending <= 2 and form.endswith(("요", "죠")))))
            return last >= final and (last > ending or form in CONNECTIVE_SITES or form in MOODS or "니다" in form or form.endswith(("요", "죠")))
        if kind != "EF":
            return False
        if last >= final:
            return True
        follower = self.morphemes[last + 1]
        if follower.kind in SEPARATORS or follower.kind.startswith("W_"):
            return True
        return form.endswith(("니다", "니까", "요", "죠")) and follower.kind not in ("JKQ", "ETM", "JX", "JKB")

    def stem_kind(self, index: int) -> StemKind:
        """How the predicate at `index` inflects."""
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
                inherited = self.stem_kind(probe) if probe >= 0 else "verb"
                return "verb" if inherited == "existence" and stem.form == "않" else inherited
        return "verb"
