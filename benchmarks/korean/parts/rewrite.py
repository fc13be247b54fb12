"""Rewriting between 해요체 and 해체 against what a person wrote.

Two judges that share nothing with the rewriter say whether the register is reached; the person's own lines stand beside it, because a judge errs too.
chrF asks how near the wording is, before and after: the mean over the lines. Who aims at one set alone shows it on the other.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.korean.chrf import chrf
from benchmarks.korean.data import Data, Item
from benchmarks.korean.figures import Disputed, Result, Row, Wrong, attempt, is_disputed, joined, share
from benchmarks.korean.peers import ending_family, regex_family
from solar_chat.language import Level, Rewriting, inspect, rewrite

_JUDGES: Final[dict[str, Callable[[str], str]]] = {"the ending regex": regex_family, "Kiwi's endings": ending_family}
_CONTENT: Final = re.compile(r"[A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class _Aims:
    """To beat by the regex, by Kiwi's endings, in chrF; the goals of both judges and of chrF."""

    by_regex: float
    by_endings: float
    score: float
    judge_goal: float
    score_goal: float


def measure(data: Data, disputed: Disputed) -> Result:
    """Both directions on CoCoA-ko train, and on KHT valid, which nothing is aimed at."""

    def of(name: str, pairs: Callable[[], list[tuple[Item, Item]]], level: Level, aims: _Aims | None) -> Result:
        what = f"{name}, to {level}"
        return attempt("rewrite", what, lambda: _direction(what, pairs() if level == "polite" else _turned(pairs()), level, aims, disputed))

    def cocoa() -> list[tuple[Item, Item]]:
        return [(pair.casual, pair.polite) for pair in data.cocoa()]

    def kht() -> list[tuple[Item, Item]]:
        items = data.honorific_translation()
        return list(zip(items[: len(items) // 2], items[len(items) // 2 :], strict=True))

    return joined(
        (
            of("CoCoA-ko", cocoa, "polite", _Aims(0.972, 0.973, 0.871, judge_goal=0.99, score_goal=0.90)),
            of("CoCoA-ko", cocoa, "casual", _Aims(0.925, 0.935, 0.896, judge_goal=0.98, score_goal=0.91)),
            of("KHT valid", kht, "polite", None),
            of("KHT valid", kht, "casual", None),
        )
    )


def _turned(pairs: Sequence[tuple[Item, Item]]) -> list[tuple[Item, Item]]:
    return [(second, first) for first, second in pairs]


def _direction(what: str, pairs: Sequence[tuple[Item, Item]], level: Level, aims: _Aims | None, disputed: Disputed) -> Result:
    wanted = pairs[0][1].label
    results = [rewrite(source.text, level) for source, _ in pairs]
    texts = [result.text for result in results]
    clear = [not is_disputed(source, disputed) and not is_disputed(human, disputed) for source, human in pairs]
    rows: list[Row] = []
    wrong: list[Wrong] = []

    def row(name: str, flags: Sequence[bool], to_beat: float | None = None, goal: float | None = None, at_most: bool = False) -> None:
        kept = [flag for flag, keep in zip(flags, clear, strict=True) if keep]
        undisputed = share(kept) if len(kept) < len(flags) else None
        rows.append(Row("rewrite", f"{what}: {name}", "share", len(flags), share(flags), undisputed, {}, to_beat, goal, at_most))

    for (judge_name, judge), least in zip(_JUDGES.items(), (aims.by_regex, aims.by_endings) if aims else (None, None), strict=True):
        flags = [judge(text) == wanted for text in texts]
        persons = [judge(human.text) == wanted for _, human in pairs]
        row(f"passes {judge_name}", flags, least, aims.judge_goal if aims else None)
        row(f"the person's own passes {judge_name}", persons)
        judged = [flag for flag, person in zip(flags, persons, strict=True) if person]
        rows.append(Row("rewrite", f"{what}: passes {judge_name} where the person's own does", "share", len(judged), share(judged)))
        wrong += [
            Wrong(f"{what}: {judge_name}", source.set, source.line, human.text, text, source.text)
            for (source, human), text, flag in zip(pairs, texts, flags, strict=True)
            if not flag
        ]
    row("passes the app's own reading", [inspect(text).family == wanted for text in texts])
    before = _mean_chrf([(source.text, human.text) for source, human in pairs])
    after = _mean_chrf([(text, human.text) for text, (_, human) in zip(texts, pairs, strict=True)])
    rows.append(Row("rewrite", f"{what}: chrF to the person's, before", "score", len(pairs), before))
    rows.append(
        Row(
            "rewrite", f"{what}: chrF to the person's, after", "score", len(pairs), after,
            to_beat=aims.score if aims else None, goal=aims.score_goal if aims else None,
        )
    )  # fmt: skip
    row("exactly the person's", [text == human.text for text, (_, human) in zip(texts, pairs, strict=True)])
    row("some sentence left as unsafe", [_unsafe(result) for result in results], at_most=True)
    held = [_content(source.text) == _content(text) for (source, _), text in zip(pairs, texts, strict=True)]
    row("numbers and Latin text held", held, goal=1.0)
    return Result(tuple(rows), tuple(wrong))


def _mean_chrf(pairs: Sequence[tuple[str, str]]) -> float:
    return sum(chrf([pair]) for pair in pairs) / len(pairs)


def _unsafe(result: Rewriting) -> bool:
    return any(sentence.status == "unsafe" for sentence in result.sentences)


def _content(text: str) -> Counter[str]:
    return Counter(_CONTENT.findall(text))
