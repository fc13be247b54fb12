"""The replies as Markdown tables, with intervals.

Every share is one over questions, not replies: seeds of one question are no independent tries. Draws no conclusion.
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.prompts.asking import BARE, EARLIER, Asked
from solar_chat.language import LEVELS
from solar_chat.settings import Settings


@dataclass(frozen=True, slots=True)
class Table:
    title: str
    text: str
    conditions: tuple[str, ...]
    """The first is what the others are compared with."""


TABLES = (
    Table(
        "A question on its own, and after examples in the level",
        "`zero` is what the app does: the system prompt, then the question. `one` and `two` put that many invented exchanges in the level between.",
        ("zero", "one", "two"),
    ),
    Table(
        "After a change of level",
        "Earlier exchanges whose replies are the model's own, in 해요체; then the level changes. `raw` shows them as they are, `moved` re-inflected "
        "into the new level, `none` not at all.",
        ("raw", "moved", "none"),
    ),
    Table(
        "The same after an exchange in English",
        "An English exchange stands before the others. The app hides it from this model; here it is shown, to see whether moving the rest matters.",
        ("english raw", "english moved"),
    ),
    Table(
        "If the system prompt said nothing",
        "An empty system prompt, which the app never sends: only the history tells the level. How strongly it is imitated.",
        BARE,
    ),
)
COLUMNS = (
    "level",
    "shown",
    "replies",
    "sentences in level",
    "replies wholly in level",
    "against the first",
    "pass the guard",
    "slips it repairs",
    "right language",
    "loops, empty, copied",
    "reply tokens",
    "prompt tokens",
)


def share(asked: Sequence[Asked], measure: Callable[[Asked], float]) -> tuple[float, float]:
    """Percent and half of its 95 % interval over questions, as seeds of one question are no independent tries (Wilson: 100 % has one too)."""
    by_prompt: defaultdict[str, list[float]] = defaultdict(list)
    for one in asked:
        by_prompt[one.judged.prompt.id].append(measure(one))
    count = len(by_prompt)
    mean = statistics.fmean(statistics.fmean(values) for values in by_prompt.values())
    z = 1.96
    return 100 * mean, 100 * z / (1 + z * z / count) * math.sqrt(mean * (1 - mean) / count + z * z / (4 * count * count))


def difference(asked: Sequence[Asked], against: Sequence[Asked], measure: Callable[[Asked], float]) -> tuple[float, float]:
    """Points of percent by which `asked` is above `against`, question by question, and half the width of the 95 % interval."""
    before = {(one.judged.prompt.id, one.level, one.seed): measure(one) for one in against}
    by_prompt: defaultdict[str, list[float]] = defaultdict(list)
    for one in asked:
        by_prompt[one.judged.prompt.id].append(measure(one) - before[one.judged.prompt.id, one.level, one.seed])
    means = [statistics.fmean(values) for values in by_prompt.values()]
    return 100 * statistics.fmean(means), 100 * 1.96 * statistics.stdev(means) / math.sqrt(len(means))


def whole(one: Asked) -> float:
    return float(one.judged.exact_level)


def rows(asked: Sequence[Asked], table: Table) -> Iterator[str]:
    """Markdown, one line a level and condition, and all levels together."""
    yield "| " + " | ".join(COLUMNS) + " |"
    yield "|---" * len(COLUMNS) + "|"
    present = [level for level in LEVELS if any(one.level == level and one.condition in table.conditions for one in asked)]
    for name, levels in [*((level, (level,)) for level in present), ("all", tuple(present))]:
        cells = {condition: [one for one in asked if one.condition == condition and one.level in levels] for condition in table.conditions}
        for condition, cell in cells.items():
            against = None if condition == table.conditions[0] else cells[table.conditions[0]]
            yield f"| {name} | {condition} | " + " | ".join(_figures(cell, against)) + " |"


def _figures(cell: Sequence[Asked], against: Sequence[Asked] | None) -> Iterator[str]:
    yield str(len(cell))
    yield f"{100 * sum(one.in_level for one in cell) / max(1, sum(one.sentences for one in cell)):.1f}"
    yield _percent(cell, whole)
    yield "" if against is None else "{:+.1f} ± {:.1f}".format(*difference(cell, against, whole))
    yield _percent(cell, lambda one: float(not one.off_level))
    yield f"{sum(one.repairable for one in cell)} of {sum(one.off_level for one in cell)}"
    yield _percent(cell, lambda one: float(one.judged.right_language))
    yield f"{sum(one.judged.looping for one in cell)}, {sum(not one.judged.reply for one in cell)}, {sum(one.copied for one in cell)}"
    yield f"{statistics.median(one.judged.tokens for one in cell):.0f}"
    yield f"{statistics.median(one.prompt_tokens for one in cell):.0f}"


def _percent(cell: Sequence[Asked], measure: Callable[[Asked], float]) -> str:
    return "{:.1f} ± {:.1f}".format(*share(cell, measure))


def cost(asked: Sequence[Asked]) -> Iterator[str]:
    yield "| shown | tokens read, first question | to its first text | tokens read, later | to its first text |"
    yield "|---|---|---|---|---|"
    for name in ("zero", "one", "two"):
        cells = ([one for one in asked if one.condition == condition] for condition in (f"{name} cold", name))
        medians = ((statistics.median(one.read_tokens for one in cell), 1000 * statistics.median(one.first_text_s for one in cell)) for cell in cells)
        yield f"| {name} | " + " | ".join(f"{tokens:.0f} | {ms:.0f} ms" for tokens, ms in medians) + " |"


def by_length(asked: Sequence[Asked]) -> Iterator[str]:
    conditions = ("raw", "moved", "none")
    yield "| earlier exchanges | " + " | ".join(conditions) + " |"
    yield "|---|---|---|---|"
    for turns in EARLIER:
        cells = ([one for one in asked if one.condition == name and one.earlier_turns == turns] for name in conditions)
        yield f"| {turns} | " + " | ".join(_percent(cell, whole) for cell in cells) + " |"


def page(asked: Sequence[Asked], settings: Settings, model: str) -> str:
    """The figures as Markdown."""
    seeds = len({one.seed for one in asked})
    questions = len({one.judged.prompt.id for one in asked})
    lines = [
        "# Prompts and the speech level of replies",
        "",
        f"`python -m benchmarks.prompts`: {len(asked)} replies of {model} to {questions} held-out Korean questions with {seeds} seeds, temperature "
        f"{settings.temperature}, top_p {settings.top_p}, repetition penalty {settings.repetition_penalty}, guard off. ± is half of a 95 % interval "
        "over questions (Wilson for a share, paired by question, level and seed for a difference).",
        "",
        "*Wholly in level*: at least one sentence has a level and every one that has is in the asked one. *Pass the guard*: it would neither repair "
        "nor mark anything. *Slips it repairs*: sentences it would not let pass, and how many of them re-inflection alone brings into the level. "
        "*Copied*: the reply is, word for word, an earlier one that was shown.",
    ]
    extra = {"zero": ("What the examples cost:", cost), "raw": ("Replies wholly in level, by how much was said before:", by_length)}
    for table in TABLES:
        lines += ["", f"## {table.title}", "", table.text, "", *rows(asked, table)]
        if table.conditions[0] in extra:
            title, figures = extra[table.conditions[0]]
            lines += ["", title, "", *figures(asked)]
    return "\n".join(lines) + "\n"
