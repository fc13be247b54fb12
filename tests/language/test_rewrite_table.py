"""Every ending of the speech-level table in every direction: what a sentence becomes, written from grammar.

The rows stand in `rewrite_table.txt`, one source a line with its four goals.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from solar_chat.language import LEVELS, Level, rewrite

_ROWS = [
    [cell.strip() for cell in line.split(" | ")]
    for line in (Path(__file__).parent / "rewrite_table.txt").read_text(encoding="utf-8").splitlines()
    if line.strip() and not line.startswith("#")
]
CASES: list[tuple[str, Level, str]] = [(row[0], level, goal) for row in _ROWS for level, goal in zip(LEVELS, row[1:], strict=True) if goal != "-"]


@pytest.mark.parametrize(("source", "level", "goal"), CASES)
def test_row(source: str, level: Level, goal: str) -> None:
    rewriting = rewrite(source, level)
    assert rewriting.text == (source if goal in "=!" else goal)
    if goal == "!":
        assert "unsafe" in [sentence.status for sentence in rewriting.sentences]


def test_the_table_is_whole() -> None:
    assert len(CASES) >= 1000
    assert len({row[0] for row in _ROWS}) == len(_ROWS)
