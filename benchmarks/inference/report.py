"""The table and the page around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from benchmarks.inference.rows import FIGURES, Row
from benchmarks.inference.timing import Plan
from benchmarks.markdown import Circumstances, aligned

_HEAD: Final = ("what", "ours", "beside", "theirs", "ours is better by", "goal", "met")
_ABSENT: Final = "–"
_LEGEND: Final = """\
Every figure is a median over rounds. Ours and the peer take turns on the same texts in the same process (raw llama.cpp goes first in every second
round, `generate` second in each); the factor is the median of the rounds' own factors, so it need not be the quotient of the two medians. Weights are
random, replies greedy.

*Decode* is a reply to a prompt whose keys and values are there; *prefill* is a prompt nobody has read, from its text to the first token. *Long
history* and *tenth turn* have {history:,} tokens before the question: ours finds them in its cache, as nine turns leave them; `generate` reads them
again, because that is what it does when it is called with a conversation. *Read early* is a request for no tokens that comes before the prompt is
sent. Memory is read before the peer starts."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a run was made with."""

    command: str
    model: str
    plan: Plan
    notes: tuple[str, ...] = ()


def render(rows: Sequence[Row]) -> str:
    """The table."""
    return aligned([_HEAD, *map(_cells, rows)])


def page(rows: Sequence[Row], conditions: Conditions, where: Circumstances) -> str:
    """The report as Markdown."""
    plan = conditions.plan
    return "\n".join(
        (
            "# Inference: how fast replies come",
            "",
            f"Written by `{conditions.command}` on {where.date}: {where.machine}, Python {where.python},",
            f"{where.named_libraries}; {where.seconds:,.0f} s.",
            f"{conditions.model} Prompts of about {plan.prompt_tokens} tokens, replies of {plan.reply_tokens}, {plan.rounds} rounds; "
            f"a history of {plan.history_tokens:,} tokens, {plan.history_rounds} rounds.",
            *conditions.notes,
            "",
            render(rows),
            "",
            _LEGEND.format(history=plan.history_tokens),
            "",
        )
    )


def as_object(rows: Sequence[Row], conditions: Conditions, where: Circumstances) -> dict[str, object]:
    """The same for programs."""
    computed = [asdict(row) | {"ratio": row.ratio, "met": row.met} for row in rows]
    return {"circumstances": asdict(where), "conditions": asdict(conditions), "rows": computed}


def _cells(row: Row) -> tuple[str, ...]:
    figure = FIGURES[row.unit]
    theirs, ratio = row.their_median, row.ratio
    goal = "" if row.goal is None else f"≥ {row.goal:g} x" if ratio is not None else f"≤ {figure(row.goal)}"
    return (
        row.what,
        figure(row.ours_median),
        row.peer or _ABSENT,
        _ABSENT if theirs is None else figure(theirs),
        _ABSENT if ratio is None else f"{ratio:.2f} x",
        goal or _ABSENT,
        _ABSENT if row.met is None else "yes" if row.met else "no",
    )
