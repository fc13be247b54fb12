"""Tables that read well in a terminal and in a page, and where a run was made: shared by the benchmarks."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Where and when a run was made."""

    date: str
    machine: str
    python: str
    libraries: dict[str, str]
    seconds: float

    @property
    def named_libraries(self) -> str:
        """ "torch 2.13.0, transformers 5.23.0"."""
        return ", ".join(f"{name} {version}" for name, version in self.libraries.items())


def circumstances(seconds: float, libraries: Sequence[str]) -> Circumstances:
    """Of this run, which took `seconds`."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Circumstances(
        datetime.date.today().isoformat(),
        f"{cores} {'core' if cores == 1 else 'cores'}, {platform.system()} {platform.machine()}",
        platform.python_version(),
        {name: importlib.metadata.version(name) for name in libraries},
        round(seconds),
    )


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first line is its head."""
    head, *rest = lines
    widths = [max(_width(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join([_line(head, widths), "|" + "|".join("-" * (width + 2) for width in widths) + "|", *(_line(line, widths) for line in rest)])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(cell + " " * (width - _width(cell)) for cell, width in zip(cells, widths, strict=True)) + " |"


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
