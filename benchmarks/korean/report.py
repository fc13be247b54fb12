"""The report: the table, what its columns mean, where and when it was measured, and the labels that are disputed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from benchmarks.korean.disputed import Dispute
from benchmarks.korean.figures import Result
from benchmarks.korean.table import ABSENT, render
from benchmarks.markdown import Circumstances

_ABOUT_DISPUTED: Final = """\
They were found by reading the lines that the app got wrong, so the figures without them are kind to it; of KHT's 반말 side all lines that end in a
noun form are among them, right or wrong. Line 0 is the whole file. Texts stand here where the set's licence is MIT."""
LIBRARIES: Final = ("kiwipiepy", "kiwipiepy_model", "langdetect")
_LEGEND: Final = """\
`to beat` and `goal` are what the project set itself; the figures to beat come from smaller samples and from the official test splits.
`ours` is as labelled; `ours, disputed lines left out` is the same without the lines listed below, and stands there only where the set has one.
`met` compares `ours` with the goal. `langdetect` runs with a fixed seed; `script ratio` calls a text Korean where Hangul is at least half as long as
Latin; `ending regex` looks at the last syllables between sentence marks; `Kiwi` is its last EF a sentence, its bare `tokenize`, or the process that
loads it as it comes. Both language peers get texts without code and links. A column that does not apply says –."""


def as_markdown(result: Result, found: Sequence[Dispute], where: Circumstances) -> str:
    """The whole report."""
    return "\n".join(
        (
            "# Korean: the figures",
            "",
            f"Written by `python -m benchmarks.korean --write docs/benchmarks/korean.md` on {where.date}: {where.machine}, Python {where.python},",
            f"{where.named_libraries}; {where.seconds:,.0f} s.",
            "",
            render(result.rows),
            "",
            _LEGEND,
            "",
            "## Disputed labels",
            "",
            *_disputed(found),
        )
    )


def as_object(result: Result, found: Sequence[Dispute], where: Circumstances) -> dict[str, object]:
    """The same for programs."""
    return {
        "circumstances": asdict(where),
        "rows": [asdict(row) | {"peers": dict(row.peers), "met": row.met} for row in result.rows],
        "disputed": [asdict(dispute) for dispute in found],
    }


def _disputed(found: Sequence[Dispute]) -> list[str]:
    if not found:
        return ["None.", ""]
    cells = ((d.set, str(d.line), d.label, d.ours, d.why, d.text or ABSENT) for d in found)
    return [
        _ABOUT_DISPUTED,
        "",
        "| set | line | label | should be | why | text |",
        "|---|---|---|---|---|---|",
        *("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in cells),
        "",
    ]
