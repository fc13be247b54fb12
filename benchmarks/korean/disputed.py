"""Labels that are wrong: which line, what the set says, what it should say, and why.

A line belongs here only where a reader of Korean would say so without knowing what the app answers. The text stands beside it only where the set's
licence is MIT; everywhere else the line number must do.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.korean.figures import Disputed

_FILE: Final = Path(__file__).with_suffix(".jsonl")


@dataclass(frozen=True, slots=True)
class Dispute:
    """One wrong label; `set` and `line` name it as `data.Item` does."""

    set: str
    line: int
    label: str
    ours: str
    why: str
    text: str | None = None


def disputes(file: Path = _FILE) -> tuple[Dispute, ...]:
    """All of them, in the order of the file."""
    return tuple(Dispute(**json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines() if line.strip())


def lines(found: tuple[Dispute, ...]) -> Disputed:
    """What the parts leave out for the second figure."""
    return frozenset((dispute.set, dispute.line, dispute.label) for dispute in found)
