"""`python -m benchmarks.korean`: measure, print the table, and write what was asked for."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from benchmarks.korean import disputed
from benchmarks.korean.data import Data, data_folder
from benchmarks.korean.figures import Disputed, Result, joined
from benchmarks.korean.parts import documents, family, guard, level, matrix, memory, rewrite, speed
from benchmarks.korean.report import LIBRARIES, as_markdown, as_object
from benchmarks.korean.table import render
from benchmarks.markdown import circumstances

PARTS: Final[dict[str, Callable[[Data, Disputed], Result]]] = {
    "family": family.measure,
    "level": level.measure,
    "documents": documents.measure,
    "matrix": matrix.measure,
    "rewrite": rewrite.measure,
    "speed": speed.measure,
    "memory": memory.measure,
    "guard": guard.measure,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the parts asked for; 0 also where a set is missing, because its rows say so."""
    asked = _parser().parse_args(arguments)
    found = disputed.disputes()
    lines = disputed.lines(found)
    data = Data(data_folder(asked.data))
    started = time.perf_counter()
    result = joined(_run(name, data, lines) for name in asked.only)
    where = circumstances(time.perf_counter() - started, LIBRARIES)
    if asked.errors:
        asked.errors.write_text("".join(json.dumps(asdict(wrong), ensure_ascii=False) + "\n" for wrong in result.wrong), encoding="utf-8")
    if asked.write:
        asked.write.parent.mkdir(parents=True, exist_ok=True)
        asked.write.write_text(as_markdown(result, found, where), encoding="utf-8")
    print(json.dumps(as_object(result, found, where), ensure_ascii=False) if asked.json else render(result.rows))
    return 0


def _run(name: str, data: Data, lines: Disputed) -> Result:
    started = time.perf_counter()
    result = PARTS[name](data, lines)
    print(f"{name}: {time.perf_counter() - started:.0f} s", file=sys.stderr)
    return result


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.korean", description="Every figure of the Korean room, beside its peers.")
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder of the sets (else SOLAR_CHAT_DATA, data/, ../shared/data)")
    parser.add_argument("--only", type=_parts, default=list(PARTS), metavar="PART,...", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the report (Markdown) here too")
    parser.add_argument("--errors", type=Path, metavar="FILE", help="write every wrong line here (JSON Lines)")
    return parser


def _parts(text: str) -> list[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in PARTS]:
        raise argparse.ArgumentTypeError(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    return names


if __name__ == "__main__":
    raise SystemExit(main())
