"""What a part of the benchmark hands back: rows of figures, and the lines that came out wrong.

A row holds numbers only; how they look is `table`'s business. A figure that does not apply is absent, never zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from benchmarks.korean.data import Item, MissingSet

Unit = Literal["share", "score", "ratio", "per second", "MiB", "ms"]
"""`share` is 0 to 1 of the items, `score` is chrF from 0 to 1, `ratio` is a multiple of a peer's speed."""
PEERS = ("langdetect", "script ratio", "ending regex", "Kiwi")
Disputed = frozenset[tuple[str, int, str]]
"""(set, line, label) of every label that is held to be wrong; line 0 is the whole file. One line may have a right label and a wrong one."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    part: str
    what: str
    unit: Unit
    items: int
    ours: float | None
    undisputed: float | None = None
    """Ours once disputed lines are left out; absent where there are none."""
    peers: Mapping[str, float] = field(default_factory=dict)
    to_beat: float | None = None
    goal: float | None = None
    at_most: bool = False
    """Less is better."""
    missing: str | None = None
    """Why there is no figure."""

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached as labelled, at the precision that the table prints."""
        if self.goal is None or self.ours is None:
            return None
        digits = 3 if self.unit in ("share", "score") else 2
        ours = round(self.ours, digits)
        return ours <= self.goal if self.at_most else ours >= self.goal


@dataclass(frozen=True, slots=True)
class Wrong:
    """A line whose answer is not its label."""

    what: str
    set: str
    line: int
    label: str
    ours: str
    text: str | None
    """Absent where the set may not be quoted."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one part measured."""

    rows: tuple[Row, ...]
    wrong: tuple[Wrong, ...] = ()


def joined(results: Iterable[Result]) -> Result:
    """Several results as one, in order."""
    found = list(results)
    return Result(tuple(row for result in found for row in result.rows), tuple(wrong for result in found for wrong in result.wrong))


def attempt(part: str, what: str, measure: Callable[[], Result]) -> Result:
    """Measure; where a set is not on the disk, one row that says which and where to get it."""
    try:
        return measure()
    except MissingSet as error:
        return Result((Row(part, what, "share", 0, None, missing=str(error)),))


def share(flags: Sequence[bool]) -> float:
    """How many of `flags` hold, 0 to 1; of none, 0."""
    return sum(flags) / len(flags) if flags else 0.0


def is_disputed(item: Item, disputed: Disputed) -> bool:
    """Whether the label of `item` is held to be wrong."""
    return (item.set, item.line, item.label) in disputed or (item.set, 0, item.label) in disputed


def undisputed_share(flags: Sequence[bool], items: Sequence[Item], disputed: Disputed) -> float | None:
    """How many of `flags` hold among the items nobody disputes; None where none is disputed."""
    kept = [flag for flag, item in zip(flags, items, strict=True) if not is_disputed(item, disputed)]
    return share(kept) if len(kept) < len(flags) else None


def against_labels(
    part: str,
    what: str,
    items: Sequence[Item],
    ours: Callable[[str], str],
    peers: Mapping[str, Callable[[str], str]],
    disputed: Disputed,
    *,
    to_beat: float | None = None,
    goal: float | None = None,
) -> Result:
    """The share of `items` whose answer is the label, ours and the peers', and our wrong lines."""
    answers = [ours(item.text) for item in items]
    right = [answer == item.label for answer, item in zip(answers, items, strict=True)]
    row = Row(
        part,
        what,
        "share",
        len(items),
        share(right),
        undisputed=undisputed_share(right, items, disputed),
        peers={name: share([peer(item.text) == item.label for item in items]) for name, peer in peers.items()},
        to_beat=to_beat,
        goal=goal,
    )
    wrong = (
        Wrong(what, item.set, item.line, item.label, answer, item.text if item.quotable else None)
        for item, answer, flag in zip(items, answers, right, strict=True)
        if not flag
    )
    return Result((row,), tuple(wrong))
