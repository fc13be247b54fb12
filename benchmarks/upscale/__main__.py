"""Make models, measure, write the page.

    python -m benchmarks.upscale [--gb 1 5 15x1] [--repeats 3] [--cache warm cold] [--mergekit [PYTHON]] [--mergekit-up-to GB] [--work DIR]
                                 [--out docs/benchmarks/upscale.md]

`15x1` measures 15 GB once. What does not fit into the free memory three times is measured cold, since no cache could hold it; what would leave the
disk less than 10 GB, once and in turn, each folder deleted as soon as it is not needed. `--mergekit` names a Python that has mergekit; without a name
one is made under `--work` and mergekit installed there, beside the torch that the app has (several GB). Linux or macOS.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # ships no types

from benchmarks.upscale.measure import Cache, Run, by_mergekit, clear, copied, first_difference, ours, settle, whole_command
from benchmarks.upscale.model import make

OUT = Path("docs/benchmarks/upscale.md")
# Other programs live on that disk, too.
_SPARED_BYTES = 10_000_000_000
OURS, COMMAND, CP, MERGEKIT = "upscale", "upscale build", "cp", "mergekit"


@dataclass(frozen=True, slots=True)
class Size:
    """One row."""

    gb: float
    repeats: int = 0
    """0 for as many as the others."""

    @classmethod
    def parse(cls, text: str) -> Size:
        """ "15" or "15x1"."""
        gb, _, repeats = text.partition("x")
        return cls(float(gb), int(repeats or 0))


@dataclass(slots=True)
class Measured:
    """All runs of one size and cache."""

    gb: float
    cache: Cache
    result_bytes: int
    runs: dict[str, list[Run]] = field(default_factory=dict)
    equal: str = "-"
    """Whether mergekit's tensors are ours."""

    def middle(self, who: str, of: Callable[[Run], float]) -> float:
        return statistics.median(map(of, self.runs[who]))

    def best(self, who: str, of: Callable[[Run], float]) -> float:
        """Other work on the machine only ever adds."""
        return min(map(of, self.runs[who]))


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure depth up-scaling against cp and mergekit.")
    parser.add_argument("--gb", type=Size.parse, nargs="+", default=[Size(1.0)], metavar="GB[xREPEATS]", help="sizes of the result in GB")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--cache", choices=("warm", "cold"), nargs="+", default=["warm"])
    parser.add_argument("--mergekit", nargs="?", const="", metavar="PYTHON", help="measure mergekit too")
    parser.add_argument("--mergekit-up-to", type=float, default=5.0, metavar="GB", help="its memory grows with the size")
    parser.add_argument("--work", type=Path, help="a folder on the disk to measure; needs three times the largest size")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    load = _load()
    with tempfile.TemporaryDirectory(prefix="upscale-", dir=options.work) as work:
        python, reason = (None, "not asked for") if options.mergekit is None else _mergekit(options.mergekit, Path(work))
        measured = []
        for size in options.gb:
            compared = python if size.gb <= options.mergekit_up_to else None
            measured += measure_rows(Path(work), size.gb, _caches(size, options.cache), size.repeats or options.repeats, compared)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(page(measured, reason, load), encoding="utf-8")


def _caches(size: Size, asked: list[Cache]) -> list[Cache]:
    return asked if 3 * size.gb * 1e9 < psutil.virtual_memory().available else ["cold"]


def measure_rows(work: Path, gb: float, caches: list[Cache], repeats: int, mergekit: Path | None) -> list[Measured]:
    """One size: everybody in turns, per cache. `mergekit` is a Python that has it."""
    if shutil.disk_usage(work).free < 3 * gb * 1e9 + _SPARED_BYTES:
        return [_measure_lean(work, gb)]
    source = make(work / "source", int(gb * 1e9))
    mine, other, log = work / "mine", work / "other", work / "log"
    ours(source, mine, log)
    result_bytes = sum(file.stat().st_size for file in mine.iterdir())
    found = []
    for cache in caches:
        one = Measured(gb, cache, result_bytes)
        for turn in range(repeats):
            names = [OURS, COMMAND, CP, *([MERGEKIT] if mergekit else [])]
            # Everybody once follows everybody: what a run leaves behind (memory, a disk still busy) meets all alike.
            for who in names[turn % len(names) :] + names[: turn % len(names)]:
                read = mine if who == CP else source
                clear(other)
                settle(sorted(read.glob("*.safetensors")), cache)
                if who == CP:
                    run = copied(mine, other, log)
                elif who == MERGEKIT and mergekit is not None:
                    run = by_mergekit(mergekit, source, other, log)
                    one.equal = first_difference(mine, other) or "all equal"
                else:
                    run = (ours if who == OURS else whole_command)(source, other, log)
                one.runs.setdefault(who, []).append(run)
                _tell(gb, cache, who, run)
        found.append(one)
    for folder in (source, mine, other):
        clear(folder)
    return found


def _measure_lean(work: Path, gb: float) -> Measured:
    """Once, with two of the three folders there at a time."""
    source, mine, other, log = make(work / "source", int(gb * 1e9)), work / "mine", work / "other", work / "log"
    one = Measured(gb, "cold", 0)
    for who in (OURS, COMMAND, CP):
        if who == CP:
            clear(source)
        else:
            clear(mine)
        settle(sorted((mine if who == CP else source).glob("*.safetensors")), "cold")
        run = copied(mine, other, log) if who == CP else (ours if who == OURS else whole_command)(source, mine, log)
        one.runs[who] = [run]
        _tell(gb, "cold", who, run)
    one.result_bytes = sum(file.stat().st_size for file in mine.iterdir())
    for folder in (mine, other):
        clear(folder)
    return one


def _tell(gb: float, cache: Cache, who: str, run: Run) -> None:
    print(f"{gb:g} GB {cache} {who}: {run.inner_seconds:.2f} s, {run.synced_seconds:.2f} s on disk, {run.peak_bytes / 1e6:.0f} MB", flush=True)


def _mergekit(given: str, work: Path) -> tuple[Path | None, str]:
    """A Python that has mergekit, or why there is none."""
    python = Path(given) if given else work / "mergekit" / "bin" / "python"
    try:
        if not given:
            venv.create(work / "mergekit", with_pip=True)
            # Its own newest would be another library on another CUDA; the rest is as mergekit wants it.
            torch = f"torch=={metadata.version('torch').partition('+')[0]}"
            subprocess.run([python, "-m", "pip", "install", "-q", "mergekit", torch], check=True, capture_output=True, timeout=1800)
        subprocess.run([python, "-c", "import mergekit"], check=True, capture_output=True, timeout=120)
    except (OSError, subprocess.SubprocessError) as error:
        return None, f"not installed ({type(error).__name__})"
    version = subprocess.run([python, "-m", "pip", "show", "mergekit"], check=False, capture_output=True, text=True).stdout
    return python, next((line.removeprefix("Version: ") for line in version.splitlines() if line.startswith("Version: ")), "")


def page(measured: list[Measured], mergekit: str, load: str) -> str:
    """The figures as Markdown."""
    memory = psutil.virtual_memory().total / 1e9
    lines = ["# Depth up-scaling beside cp and mergekit", ""]
    lines += [
        "`python -m benchmarks.upscale`: median (fastest) of runs in turns.",
        f"{os.cpu_count()} CPU cores, {memory:.0f} GB of memory, {platform.system()}.",
        f"Load average {load} when it began, {_load()} when it ended; the runs themselves count in it.",
        "",
    ]
    lines += [
        "A random bfloat16 Llama of 32 layers becomes 48 (m = 8). `cp` copies the result's own bytes; mergekit makes the same stack by passthrough."
    ]
    lines += ["*Warm*: the files that are read are in the system's cache. *Cold*: they are not. Nothing waits to be written before a run."]
    lines += ["*Seconds* and all ratios: the command as a person types it, Python's start and all; *copy*: our copying alone, in runs of its own;"]
    lines += ["*on disk*: until fsync of the result returned.", ""]
    lines += [
        "| result | cache | runs | | seconds | copy s | on disk s | × cp | × cp, on disk | peak MB |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for one in measured:
        for who in (COMMAND, CP, *([MERGEKIT] if MERGEKIT in one.runs else [])):
            cells = [f"{one.result_bytes / 1e9:.2f} GB", one.cache, str(len(one.runs[who])), who, _spread(one, who, _whole)]
            cells += [_spread(one, OURS, _inner) if who == COMMAND else "-", _spread(one, who, _synced)]
            cells += [f"{one.middle(who, of) / one.middle(CP, of):.2f} ({one.best(who, of) / one.best(CP, of):.2f})" for of in (_whole, _synced)]
            # cp's own is below what the system counts for any child of this process.
            lines.append(f"| {' | '.join(cells)} | {'-' if who == CP else f'{_peak(one, who) / 1e6:.0f}'} |")
    lines += ["", "Goals: at most 1.3 × the time of cp, at least 5 × as fast as mergekit, under 300 MB. Here, by medians of the whole command:", ""]
    lines += [f"- {one.result_bytes / 1e9:.2f} GB: {_against_goals(one)}" for one in measured]
    equal = ", ".join(sorted({one.equal for one in measured if MERGEKIT in one.runs})) or "-"
    lines += ["", f"mergekit: {mergekit}; its tensors against ours, byte for byte: {equal}.", f"Python {sys.version.split()[0]}.", ""]
    return "\n".join(lines)


def _against_goals(one: Measured) -> str:
    whole, alone = (one.middle(who, of) / one.middle(CP, _whole) for who, of in ((COMMAND, _whole), (OURS, _inner)))
    said = [f"{whole:.2f} × cp ({alone:.2f} the copy alone)"]
    if MERGEKIT in one.runs:
        said.append(f"{one.middle(MERGEKIT, _whole) / one.middle(COMMAND, _whole):.1f} × as fast as mergekit")
    return ", ".join([*said, f"{_peak(one, COMMAND) / 1e6:.0f} MB"])


def _spread(one: Measured, who: str, of: Callable[[Run], float]) -> str:
    return f"{one.middle(who, of):.2f} ({one.best(who, of):.2f})"


def _peak(one: Measured, who: str) -> int:
    return max(run.peak_bytes for run in one.runs[who])


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


def _inner(run: Run) -> float:
    return run.inner_seconds


def _whole(run: Run) -> float:
    return run.seconds


def _synced(run: Run) -> float:
    return run.synced_seconds


if __name__ == "__main__":
    main()
