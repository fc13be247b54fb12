"""How much a fresh process grows when it loads the analyser and reads a hundred sentences; beside it, Kiwi as it comes.

Each figure is of a process of its own, measured by that process: nothing that ran before can hide in it. Needs no data set.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

from benchmarks.korean.data import Data
from benchmarks.korean.figures import Disputed, Result, Row

_SENTENCES: Final = 100
_PROBE: Final = """
import sys, psutil
{imports}
rss = psutil.Process().memory_info().rss
read = {load}
for number in range({sentences}):
    read(f"{{number}}번 자리에 앉으신 분은 창가 쪽으로 옮겨 주세요. API 문서는 어제 다시 썼어.")
print((psutil.Process().memory_info().rss - rss) / 2**20, psutil.Process().memory_info().rss / 2**20)
"""


def measure(data: Data, disputed: Disputed) -> Result:
    """Growth and whole size of the process, MiB."""
    growth, whole = footprint("from solar_chat.language import inspect, warm", "(warm(), inspect)[1]")
    kiwi_growth, kiwi_whole = footprint("from kiwipiepy import Kiwi", "Kiwi(num_workers=1).tokenize")
    return Result(
        (
            Row(
                "memory", "growth of a fresh process", "MiB", _SENTENCES, growth,
                peers={"Kiwi": kiwi_growth}, to_beat=329, goal=300, at_most=True,
            ),
            Row(
                "memory", "the process as a whole", "MiB", _SENTENCES, whole,
                peers={"Kiwi": kiwi_whole}, to_beat=329, goal=300, at_most=True,
            ),
        )
    )  # fmt: skip


def footprint(imports: str, load: str) -> tuple[float, float]:
    """(growth, whole) of a process that runs `imports`, then loads and reads, MiB."""
    code = _PROBE.format(imports=imports, load=load, sentences=_SENTENCES)
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, stdout=subprocess.PIPE, text=True, check=True, encoding="utf-8")
    growth, whole = done.stdout.split()
    return float(growth), float(whole)
