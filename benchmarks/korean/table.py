"""The table: rows of figures as Markdown, the same on the screen and in the report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from benchmarks.korean.figures import PEERS, Row, Unit
from benchmarks.markdown import aligned

ABSENT: Final = "–"
_HEAD: Final = ("part", "what", "items", "to beat", "goal", "ours", "met", "ours, disputed lines left out", *PEERS)


def render(rows: Sequence[Row]) -> str:
    """All rows under one head; a row without data says why in place of its figures."""
    table = aligned([_HEAD, *map(_cells, rows)])
    return table + "\n" + "".join(f"\n{row.part}, {row.what}: {row.missing}." for row in rows if row.missing)


def figure(value: float | None, unit: Unit) -> str:
    """One number as a reader wants it."""
    if value is None:
        return ABSENT
    if unit == "share":
        return f"{100 * value:.1f} %"
    if unit == "score":
        return f"{value:.3f}"
    if unit in ("MiB", "per second"):
        return f"{value:,.0f}" + (" MiB" if unit == "MiB" else "")
    return f"{value:.2f}" + (" ms" if unit == "ms" else "")


def _cells(row: Row) -> tuple[str, ...]:
    bound = "≤ " if row.at_most else ""
    return (
        row.part,
        row.what,
        f"{row.items:,}" if row.items else ABSENT,
        ABSENT if row.to_beat is None else bound + figure(row.to_beat, row.unit),
        ABSENT if row.goal is None else bound + figure(row.goal, row.unit),
        "no data" if row.missing else figure(row.ours, row.unit),
        ABSENT if row.met is None else "yes" if row.met else "no",
        figure(row.undisputed, row.unit),
        *(figure(row.peers.get(peer), row.unit) for peer in PEERS),
    )
