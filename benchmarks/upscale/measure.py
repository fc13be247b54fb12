"""One run at a time, each in a process of its own: seconds from its start to its end, and the most memory it held.

Before each run the disk has nothing left to write, and the source is either read once (warm) or out of the cache (cold); the result of the run before
is gone. Ours, `cp` and mergekit take turns, so that a slow minute of the machine meets all of them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmarks.upscale.model import DROP, LAYERS
from solar_chat.checkpoint import read_bytes
from solar_chat.upscale import Checkpoint

Cache = Literal["warm", "cold"]
_BUILD = """
import sys, time
from pathlib import Path
from solar_chat.upscale import Checkpoint, DepthPlan, write
begun = time.perf_counter()
write(Checkpoint.read(Path(sys.argv[1])), DepthPlan.solar(int(sys.argv[3]), int(sys.argv[4])), Path(sys.argv[2]))
print(time.perf_counter() - begun)
"""


@dataclass(frozen=True, slots=True)
class Run:
    """What one process took."""

    seconds: float
    """From its start to its end."""
    inner_seconds: float
    """Without Python's own start, where the process says so; else the same."""
    synced_seconds: float
    """Until the bytes were on the disk."""
    peak_bytes: int


def settle(files: Sequence[Path], cache: Cache) -> None:
    """Nothing waits to be written; `files` are in the cache, or out of it (Linux only)."""
    os.sync()
    for file in files:
        with file.open("rb", buffering=0) as opened:
            if cache == "cold":
                os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            else:
                while opened.read(32 * 1024 * 1024):
                    pass


def timed(command: Sequence[str | Path], target: Path, log: Path) -> Run:
    """Run `command`, which makes the folder `target`. Raises RuntimeError with its last words where it fails."""
    # Where it is set Python keeps no bytecode and compiles a program at every start; on a person's machine it does so once.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with log.open("w+b") as said:
        begun = time.perf_counter()
        process = subprocess.Popen([str(word) for word in command], stdout=said, stderr=subprocess.STDOUT, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        for file in target.glob("*.safetensors"):
            with file.open("rb") as opened:
                os.fsync(opened.fileno())
        synced = time.perf_counter() - begun
        said.seek(0)
        words = said.read().decode(errors="replace").split()
    if process.returncode:
        raise RuntimeError(" ".join(words[-40:]))
    try:
        inner = float(words[-1])
    except (ValueError, IndexError):
        inner = seconds
    return Run(seconds, inner, synced, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024))


def ours(source: Path, target: Path, log: Path) -> Run:
    return timed([sys.executable, "-c", _BUILD, source, target, str(LAYERS), str(DROP)], target, log)


def whole_command(source: Path, target: Path, log: Path) -> Run:
    """What a person types."""
    return timed([sys.executable, "app.py", "upscale", "build", source, target, "--drop", str(DROP)], target, log)


def copied(result: Path, target: Path, log: Path) -> Run:
    """`cp` of the result's own bytes."""
    return timed(["cp", "-r", result, target], target, log)


def by_mergekit(python: Path, source: Path, target: Path, log: Path) -> Run:
    """mergekit's passthrough of the same stack, its options those that keep memory low."""
    recipe = target.with_suffix(".yml")
    parts = "".join(f"  - sources: [{{model: {source}, layer_range: [{start}, {stop}]}}]\n" for start, stop in ((0, LAYERS - DROP), (DROP, LAYERS)))
    recipe.write_text(f"slices:\n{parts}merge_method: passthrough\ndtype: bfloat16\n", encoding="utf-8")
    command: list[str | Path] = [
        python,
        "-m",
        "mergekit.scripts.run_yaml",
        recipe,
        target,
        "--no-copy-tokenizer",
        "--lazy-unpickle",
        "--no-write-model-card",
    ]
    return timed(command, target, log)


def first_difference(ours: Path, theirs: Path) -> str | None:
    """The first tensor in which two results differ; None where all are equal byte for byte."""
    left, right = Checkpoint.read(ours).tensors, Checkpoint.read(theirs).tensors
    if different := sorted(left.keys() ^ right.keys()):
        return different[0]
    for name, one in left.items():
        other = right[name]
        if (one.dtype, one.shape) != (other.dtype, other.shape):
            return name
        with one.file.open("rb") as first, other.file.open("rb") as second:
            if any(a != b for a, b in zip(read_bytes(first, one), read_bytes(second, other), strict=True)):
                return name
    return None


def clear(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
