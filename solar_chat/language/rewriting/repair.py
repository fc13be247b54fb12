"""Kiwi's reading of a sentence with its known slips on endings repaired, so that every predicate is a stem with its endings.

Kiwi undoes spoken contractions (갔대 becomes -다고 하다, 좋잖아 becomes -지 않아), takes 드세요 for a noun and 먹을 걸 for a noun phrase. Each repair
is one known slip with one test on the neighbours; offsets stay those of the text. Nothing here knows which level is wanted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from solar_chat.language.parsing.analyser import Morpheme

HONORIFIC_STEMS: Final = {"계시": "계", "드시": "드", "주무시": "주무", "잡수시": "잡수"}
_DROPPED_RIEUL: Final = {"여세": "열", "아세": "알", "노세": "놀", "마세": "말", "도세": "돌", "거세": "걸", "파세": "팔", "부세": "불", "미세": "밀"}
"""여세요: a stem in ㄹ with -세요, which Kiwi takes for a noun."""
QUOTED: Final = {"다": "대", "라": "래", "냐": "냬", "자": "재"}
"""The vowel of a reported ending with 하다 drawn into it: -다고 해 is -대."""
_OPENINGS: Final = {
    "맞아": ("맞", "VV", "어"), "좋아": ("좋", "VA", "어"), "고마워": ("고맙", "VA-I", "어"), "그래": ("그렇", "VA-I", "어"),
    "아니야": ("아니", "VCN", "야"), "그렇지": ("그렇", "VA-I", "지"), "아니지": ("아니", "VCN", "지"), "미안해": ("미안하", "VA", "어"),
    "반가워": ("반갑", "VA-I", "어"),
}  # fmt: skip
"""Answers that Kiwi reads as interjections."""
_PUNCTUATION: Final = frozenset({"SF", "SP", "SE", "SW", "SSC", "SS", "SO"})


def normalised(morphemes: Sequence[Morpheme]) -> list[Morpheme]:
    """The same reading with predicates made visible."""
    found: list[Morpheme] = []
    index = 0
    while index < len(morphemes):
        taken, new = _repaired(morphemes, index, found)
        found += new
        index += taken
    return found


def _repaired(morphemes: Sequence[Morpheme], index: int, before: list[Morpheme]) -> tuple[int, list[Morpheme]]:
    """How many morphemes are read at once, and what they are."""
    here = morphemes[index]
    after = morphemes[index + 1 : index + 5]
    return (
        _honorific(here, after)
        or _dwelling(here, after, before)
        or _contracted(here, after)
        or _noun_phrase(here, after)
        or _interjection(here, after, before)
        or _tail(here, after, before)
        or (1, [here])
    )


Repair = tuple[int, list[Morpheme]] | None


def _honorific(here: Morpheme, after: Sequence[Morpheme]) -> Repair:
    if here.form in ("계", "주무") and here.kind == "NNG" and len(after) > 1 and after[0].kind == "VCP" and after[1].form.startswith("세"):
        return 3, [Morpheme(here.form, "VV", here.start, here.end), after[1]]
    if here.form == "아" and here.kind == "IC" and after and after[0].form == "세요":
        return 1, [Morpheme("알", "VV", here.start, here.end)]
    if here.form in ("계세", "드세") and after and after[0].form in ("요", "어요"):
        middle = here.start + 1
        return 2, [Morpheme(here.form[0], "VV", here.start, middle), Morpheme("세요", "EF", middle, after[0].end)]
    if here.form + "세" in _DROPPED_RIEUL and len(after) > 1 and after[0].form == "세" and after[1].form == "어요" and here.end == after[0].start:
        return 3, [Morpheme(_DROPPED_RIEUL[here.form + "세"], "VV", here.start, here.end), Morpheme("세요", "EF", here.end, after[1].end)]
    if here.form in _DROPPED_RIEUL and here.kind[0] == "N" and after:
        ending = after[1] if after[0].kind == "VCP" and len(after) > 1 else after[0]
        if ending.form in ("요", "어요", "에요"):
            middle = here.end - 1
            taken = 3 if ending is not after[0] else 2
            return taken, [Morpheme(_DROPPED_RIEUL[here.form], "VV", here.start, middle), Morpheme("세요", "EF", middle, ending.end)]
    if here.kind in ("VV", "VX", "VA") and here.form in HONORIFIC_STEMS:
        bare = HONORIFIC_STEMS[here.form]
        middle = here.start + len(bare)
        if after and after[0].kind == "EP" and after[0].form == "시":
            return 1, [Morpheme(bare, "VV", here.start, middle)]
        return 1, [Morpheme(bare, "VV", here.start, min(middle, here.end)), Morpheme("시", "EP", min(middle, here.end), max(middle, here.end))]
    return None


def _dwelling(here: Morpheme, after: Sequence[Morpheme], before: list[Morpheme]) -> Repair:
    """어디 사세요? asks where one lives: after a place 사- before -시- is 살다, not 사다."""
    place = bool(before) and (before[-1].form == "어디" or (before[-1].kind == "JKB" and before[-1].form == "에"))
    honoured = bool(after) and after[0].kind in ("EP", "EF") and after[0].form.startswith(("시", "세"))
    return (1, [Morpheme("살", "VV", here.start, here.end)]) if here.form == "사" and here.kind == "VV" and place and honoured else None


def _contracted(here: Morpheme, after: Sequence[Morpheme]) -> Repair:
    if len(after) < 2 or (after[1].start >= here.end and after[0].start < after[0].end):
        return None
    middle, ending = after[0], after[1]
    if here.form == "지" and middle.form == "않" and ending.form in ("어", "어요", "어여"):
        return 3, [Morpheme("잖아" + ending.form[1:], "EF", here.start, ending.end)]
    if here.form[-2:] in ("다고", "라고", "냐고", "자고") and middle.form == "하" and ending.kind in ("EF", "EC"):
        kept, vowel, form = here.form[:-2], here.form[-2], ending.form
        if form.startswith("어"):
            quoted = kept + QUOTED[vowel] + form[1:]
        elif form.startswith("ᆸ"):
            quoted = kept + chr(ord(vowel) + 17) + form[1:]
        elif form.startswith("ᆫ"):
            quoted = kept + chr(ord(vowel) + 4) + form[1:]
        else:
            quoted = kept + vowel + form
        return 3, [Morpheme(quoted, "EF" if ending.kind == "EF" or form.startswith("어") else "EC", here.start, ending.end)]
    return None


def _noun_phrase(here: Morpheme, after: Sequence[Morpheme]) -> Repair:
    """먹을 걸, 적용할 게: a final ending that Kiwi reads as 것 with a particle."""
    if here.kind != "ETM" or len(after) < 2 or after[0].form not in ("거", "것"):
        return None
    particle = after[1]
    closes = len(after) == 2 or after[2].kind in _PUNCTUATION or (after[2].form == "요" and (len(after) == 3 or after[3].kind in _PUNCTUATION))
    if here.form in ("는", "ᆫ", "은") and particle.kind == "JKO" and closes and after[0].start == here.end:
        return 3, [Morpheme(here.form + "걸", "EF", here.start, particle.end)]
    if here.form not in ("ᆯ", "을"):
        return None
    if particle.kind == "JKO" and closes and particle.form == "ᆯ":
        return 3, [Morpheme(here.form + "걸", "EF", here.start, particle.end)]
    if particle.kind == "VCP" and len(after) > 2 and after[2].form == "요" and after[2].end - after[0].start == 2:
        return 4, [Morpheme(here.form + "게요", "EF", here.start, after[2].end)]
    if len(after) > 2 and after[2].kind not in _PUNCTUATION:
        return None
    if particle.kind == "JKS":
        return 3, [Morpheme(here.form + "게", "EF", here.start, particle.end)]
    return None


def _interjection(here: Morpheme, after: Sequence[Morpheme], before: list[Morpheme]) -> Repair:
    if here.kind != "IC" or here.form not in _OPENINGS:
        return None
    polite = bool(after) and after[0].form == "요" and after[0].start == here.end
    if after[polite:] and after[polite].kind not in _PUNCTUATION:
        return None
    if before and before[-1].kind not in _PUNCTUATION and before[-1].kind not in ("EC", "JX", "JKS"):
        return None
    stem, tag, ending = _OPENINGS[here.form]
    middle = min(here.end, here.start + len(here.form) - 1)
    if polite:
        return 2, [Morpheme(stem, tag, here.start, middle), Morpheme(ending + "요", "EF", middle, after[0].end)]
    return 1, [Morpheme(stem, tag, here.start, middle), Morpheme(ending, "EF", middle, here.end)]


def _tail(here: Morpheme, after: Sequence[Morpheme], before: list[Morpheme]) -> Repair:
    """A copula read as a vocative or a noun, and 요 read as anything but a particle."""
    if here.form not in ("요", "야", "이야", "이래") or not before or before[-1].end != here.start:
        return None
    last = not after or all(morpheme.kind in _PUNCTUATION or morpheme.kind.startswith("W_") for morpheme in after)
    if not last:
        return None
    if here.form == "요" and here.kind in ("MM", "EF", "MAG", "IC") and before[-1].kind[0] in "NJME":
        return 1, [Morpheme("요", "JX", here.start, here.end)]
    speaks = any(morpheme.kind in ("JKS", "JX") for morpheme in before)
    if here.kind == "JKV" and here.form in ("야", "이야") and speaks and before[-1].kind[0] == "N":
        middle = here.start + len(here.form) - 1
        return 1, [Morpheme("이", "VCP", here.start, middle), Morpheme("야", "EF", middle, here.end)]
    if here.form == "이래" and here.kind[0] == "N" and before[-1].kind[0] == "N":
        return 1, [Morpheme("이", "VCP", here.start, here.start + 1), Morpheme("래", "EF", here.start + 1, here.end)]
    return None
