"""Curves on disk: one JSON line per measurement, one file per run.

The rule: a step that was measured twice, because a run was killed and went on, counts once; a line that was cut off counts not at all. Knows nothing
of how the figures came about.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

DESIGN = "design.json"


@dataclass(frozen=True, slots=True)
class Point:
    """One measurement of one run."""

    arm: str
    seed: int
    step: int
    """Of this run: the start of an arm, or what follows it."""
    tokens: int
    """Read in all, by the base too where the arm was made of it."""
    loss: float
    """Held out, in nats per token."""


def append(curve: Path, point: Point) -> None:
    """Write a point to the end of `curve`."""
    with curve.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(point)) + "\n")


def read(curve: Path) -> list[Point]:
    """The points of a run by step; empty where it has not begun."""
    if not curve.exists():
        return []
    points: dict[int, Point] = {}
    for line in curve.read_text(encoding="utf-8").splitlines():
        try:
            point = Point(**json.loads(line))
        except (ValueError, TypeError):
            # The line a kill cut off.
            continue
        points[point.step] = point
    return [points[step] for step in sorted(points)]


def is_finished(curve: Path, steps: int) -> bool:
    """Whether the run was measured at its last step."""
    points = read(curve)
    return bool(points) and points[-1].step == steps
