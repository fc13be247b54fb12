"""Build a bundle or take a built one, weigh it, start it beside the unpackaged program, write the page.

    python -m benchmarks.bundle [--bundle dist/SolarChat] [--rounds 7] [--chromium PATH] [--out docs/benchmarks/bundle.md]

`--rounds 0` weighs and packs without starting anything; the archives lie beside the folder and are not made again while they are newer.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import sync_playwright

from benchmarks.bundle.packing import packed
from benchmarks.bundle.parts import Contents, count
from benchmarks.bundle.starting import Start, packaged, start, unpackaged
from benchmarks.markdown import aligned, circumstances

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "docs" / "benchmarks" / "bundle.md"
PARTS = 25
# The goals; megabytes are millions of bytes.
FOLDER_BYTES, PACKED_BYTES, SERVED_BYTES, RATIO = 850_000_000, 350_000_000, 160_000_000, 1.1
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
_LIBRARIES = ("pyinstaller", "gradio", "torch", "transformers", "bitsandbytes", "xllamacpp", "kiwipiepy")


@dataclass(frozen=True, slots=True)
class Round:
    """Both programs once, one behind the other."""

    frozen: Start
    unfrozen: Start


def main() -> None:
    parser = argparse.ArgumentParser(description="Weigh the bundle and start it beside the unpackaged program.")
    parser.add_argument("--bundle", type=Path, help="a built folder; without one it is built, which takes minutes")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--chromium", default=next((path for name in _CHROMIUM if (path := shutil.which(name))), None))
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    began = time.perf_counter()
    bundle = (options.bundle or _built()).resolve()
    contents, archives = count(bundle), packed(bundle)
    print(f"{contents.bytes / 1e6:.0f} MB, {archives}", flush=True)
    rounds = run_rounds(bundle, options.rounds, options.chromium) if options.rounds else []
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(page(contents, archives, rounds, time.perf_counter() - began), encoding="utf-8")


def _built() -> Path:
    subprocess.run([sys.executable, "-m", "PyInstaller", "-y", "--clean", "build.spec"], cwd=ROOT, check=True)
    return ROOT / "dist" / "SolarChat"


def run_rounds(bundle: Path, rounds: int, chromium: str | None) -> list[Round]:
    """One round more than counts: the first brings the files into the system's cache and writes Python's."""
    found = []
    with tempfile.TemporaryDirectory(prefix="bundle-") as work, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for number in range(rounds + 1):
            starts = {}
            names = {"frozen": packaged(bundle), "unfrozen": unpackaged(ROOT)}
            # Whoever is first in one round is second in the next.
            for name in sorted(names, reverse=number % 2 == 1):
                home = Path(work) / f"{name}-{number}"
                home.mkdir()
                starts[name] = start(names[name], home, browser)
                print(f"{number} {name}: {starts[name]}", flush=True)
            if number:
                found.append(Round(starts["frozen"], starts["unfrozen"]))
        browser.close()
    return found


def page(contents: Contents, archives: dict[str, int], rounds: list[Round], seconds: float) -> str:
    """The figures as Markdown."""
    made = circumstances(seconds, _LIBRARIES)
    rows = [
        ["folder", _mb(contents.bytes), f"at most {_mb(FOLDER_BYTES)}", _met(contents.bytes <= FOLDER_BYTES)],
        *([f"packed, {kind}", _mb(size), f"at most {_mb(PACKED_BYTES)}", _met(size <= PACKED_BYTES)] for kind, size in archives.items()),
    ]
    rows += _start_goals(rounds)
    lines = [
        "# The bundle's weight and start",
        "",
        f"`python -m benchmarks.bundle --rounds {len(rounds)}`: {made.date}, {made.machine}; Python {made.python}, {made.named_libraries}.",
        "",
        aligned([["", "here", "goal", ""], *rows]),
        "",
        f"{contents.files:,} files, longest path {contents.longest_path} characters. MB are millions of bytes.",
        "",
        *_start_section(rounds),
        "## Largest parts",
        "",
        aligned([["part", "MB"], *([name, f"{size / 1e6:.1f}"] for name, size in list(contents.parts.items())[:PARTS])]),
        "",
        f"{max(0, len(contents.parts) - PARTS)} smaller parts: {_mb(sum(list(contents.parts.values())[PARTS:]))}. `SolarChat` is the program with",
        "all compiled Python modules.",
        "",
        "## Left out",
        "",
        "What PyInstaller had collected; modules that were never followed (recipes, tests, checks, 550 folders of transformers) are not counted.",
        "",
        aligned([["what", "MB"], *([why, f"{size / 1e6:.1f}"] for why, size in contents.left_out.items())]),
        "",
    ]
    return "\n".join(lines)


def _start_goals(rounds: list[Round]) -> list[list[str]]:
    names = ("start to a page that takes a letter, × unpackaged", "memory before the first question")
    wanted = (f"at most {RATIO}", f"under {_mb(SERVED_BYTES)}")
    if not rounds:
        return [[name, "not measured", goal, "-"] for name, goal in zip(names, wanted, strict=True)]
    ratio = statistics.median(one.frozen.interactive_s / one.unfrozen.interactive_s for one in rounds)
    served = statistics.median(one.frozen.served_bytes for one in rounds)
    return [
        [names[0], f"{ratio:.2f}", wanted[0], _met(ratio <= RATIO)],
        [names[1], _mb(served), wanted[1], _met(served < SERVED_BYTES)],
    ]


def _start_section(rounds: list[Round]) -> list[str]:
    if not rounds:
        return []
    return [
        "## Start",
        "",
        "Both programs in turns, started as by a double click, files in the system's cache, a fresh home each; medians (least to most), from the",
        "start of the process. *Shows*: the splash can be fetched. *Answers*: the page is served for the first time. *Takes a letter*: in a Chromium",
        "that was told the address in that moment, the box holds what was typed. *Before*: resident memory when the page is served and nobody has",
        "opened it, which is when the model in the box begins to load. *Behind*: after its first answer.",
        "",
        aligned(
            [
                ["", "shows s", "answers s", "takes a letter s", "before MB", "behind MB"],
                _row("frozen", [one.frozen for one in rounds]),
                _row("unpackaged", [one.unfrozen for one in rounds]),
            ]
        ),
        "",
        f"Frozen × unpackaged in each round, answers: {_ratios(rounds, lambda one: one.answers_s)};",
        f"takes a letter: {_ratios(rounds, lambda one: one.interactive_s)}.",
        "",
    ]


def _row(name: str, starts: list[Start]) -> list[str]:
    return [
        name,
        _spread([one.shows_s for one in starts]),
        _spread([one.answers_s for one in starts]),
        _spread([one.interactive_s for one in starts]),
        f"{statistics.median(one.served_bytes for one in starts) / 1e6:.0f}",
        f"{statistics.median(one.asked_bytes for one in starts) / 1e6:.0f}",
    ]


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} – {max(values):.2f})"


def _ratios(rounds: list[Round], of: Callable[[Start], float]) -> str:
    return ", ".join(f"{of(one.frozen) / of(one.unfrozen):.2f}" for one in rounds)


def _mb(size: float) -> str:
    return f"{size / 1e6:.0f} MB"


def _met(met: bool) -> str:
    return "met" if met else "missed"


if __name__ == "__main__":
    main()
