"""From a predicate's new morphemes to an edit of the text.

The old words must come back letter by letter from Kiwi's reading of them before they are replaced; what cannot be rebuilt was read wrong and stays.
Nothing here chooses an ending.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from solar_chat.josa import has_final
from solar_chat.language.parsing.analyser import Morpheme, join
from solar_chat.language.rewriting.clause import Clause, Edit, Run, Unsayable
from solar_chat.levels import Level

_CONTRACTIONS: Final = (
    ("하여", "해"), ("되어", "돼"), ("보아", "봐"), ("주어", "줘"), ("두어", "둬"), ("이어", "여"), ("시어", "셔"), ("하였", "했"), ("되었", "됐"),
    ("보았", "봤"), ("주었", "줬"), ("오아", "와"), ("말아", "마"), ("지요", "죠"), ("놓아", "놔"), ("놓았", "놨"), ("이에요", "예요"),
)  # fmt: skip
_DEMONSTRATIVES: Final = {"그러": "그래", "이러": "이래", "저러": "저래", "어쩌": "어째", "요러": "요래"}
"""그러다 + -어 is 그래; Kiwi's join leaves the stem alone."""


@dataclass(frozen=True, slots=True)
class Form:
    """What a predicate shall become: morphemes from the stem on, and text after them; `noun` replaces the noun before the stem."""

    morphemes: tuple[tuple[str, str], ...]
    tail: str = ""
    noun: str | None = None


def joined(morphemes: list[tuple[str, str]]) -> str:
    """`analyser.join` with the stems it does not contract."""
    if len(morphemes) > 1 and morphemes[1][0] in ("어", "어요", "었") and morphemes[0][0] in _DEMONSTRATIVES:
        short = _DEMONSTRATIVES[morphemes[0][0]]
        if morphemes[1][0] != "었":
            return short + morphemes[1][0][1:] + "".join(form for form, _ in morphemes[2:])
        return short[0] + chr(ord(short[1]) + 20) + join(morphemes[1:])[1:]
    return join(morphemes)


def placed(clause: Clause, run: Run, form: Form, level: Level) -> list[Edit]:
    """The edit that puts `form` in the place of a predicate. Raises Unsayable where a site cannot be rebuilt."""
    old = clause.morphemes[run.first : run.last + 1]
    stem, ending = old[0], clause.morphemes[run.ending]
    end = max(morpheme.end for morpheme in old)
    kept = [(morpheme.form, morpheme.tag) for morpheme in clause.morphemes[run.first : run.ending]]
    tensed = kept[-1][0].endswith(("었", "겠")) and list(form.morphemes[: len(kept)]) == kept
    if tensed and form.noun is None:
        # After -었- and -겠- an ending never touches what stands before it, so a contracted stem stays as it is written.
        return [Edit(ending.start, end, joined([kept[-1], *form.morphemes[len(kept) :]])[len(kept[-1][0]) :] + form.tail)]
    if stem.kind == "VCP":
        return [_copula(clause, run, form, end, level)]
    whole = stem.form in ("감사하", "죄송하", "송구하")
    head = run.first - (form.noun is not None and not whole)
    while head > 0 and clause.morphemes[head - 1].end > clause.morphemes[head].start:
        head -= 1
    start = clause.morphemes[head].start
    was = clause.text[start:end]
    if any(morpheme.kind == "Z_CODA" for morpheme in old) and "가" <= was[-1] <= "힣":
        was = was[:-1] + chr(ord(was[-1]) - (ord(was[-1]) - 0xAC00) % 28)
    before = [(morpheme.form, morpheme.tag) for morpheme in clause.morphemes[head : run.first]]
    rebuilt = joined(before + [(morpheme.form, morpheme.tag) for morpheme in old if morpheme.kind != "Z_CODA"])
    if _relaxed(rebuilt) != _relaxed(was):
        if run.site:
            raise Unsayable(was)
        return []
    prefix = [] if form.noun is not None else before
    return [Edit(start, end, (form.noun or "") + joined([*prefix, *form.morphemes]) + form.tail)]


_SHORT: Final = {"거": "건걸겁", "뭐": "뭔뭘뭡"}
"""Nouns that take 이다's first consonant up, before -ᆫ, -ᆯ and -ᆸ."""


def _copula(clause: Clause, run: Run, form: Form, end: int, level: Level) -> Edit:
    copula = clause.morphemes[run.first]
    noun = clause.morphemes[run.first - 1] if run.first else None
    start = copula.start
    head = ""
    open_noun = not has_final(clause.text[:start]) if noun is None or noun.end <= start else True
    if noun is not None and noun.end >= start and run.site:
        swapped = _bound_noun(noun, level)
        if swapped != noun.form or noun.end > start or swapped in _SHORT:
            start, head = noun.start, swapped
            open_noun = not has_final(head)
    built = joined(list(form.morphemes))
    if open_noun:
        if built.startswith(("이에", "이야", "이었")):
            built = {"에": "예", "야": "야", "었": "였"}[built[1]] + built[2:]
        elif copula.end == copula.start and built.startswith("이") and not built.startswith("이다"):
            built = built[1:]
    if head in _SHORT and built[:1] in ("인", "일", "입"):
        # 거 + 인가요 is said 건가요, 뭐 + 인가요 뭔가요.
        head, built = _SHORT[head]["인일입".index(built[0])], built[1:]
    return Edit(start, end, head + built + form.tail)


def _bound_noun(noun: Morpheme, level: Level) -> str:
    """거 and 뭐 belong to speech, 것 and 무엇 to writing."""
    written = level in ("formal", "plain")
    if noun.form in ("거", "것"):
        return "것" if written else "거"
    if noun.form in ("뭐", "무엇", "무어"):
        return "무엇" if written else "뭐" if level == "casual" else noun.form
    return noun.form


def _relaxed(text: str) -> str:
    """Contracted and full spellings of one form look the same, and so do 먹을 걸 and 먹을걸."""
    text = text.replace(" ", "")
    for full, contracted in _CONTRACTIONS:
        text = text.replace(full, contracted)
    return text
