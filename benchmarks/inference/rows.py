"""From the figures of the probes to the rows of the table: medians, ratios and goals. Computes, and knows no figure by heart."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from benchmarks.inference.timing import Figures

Unit = Literal["tokens/s", "s", "MB", "GB", "GB/s"]
_MORE_IS_BETTER: Final = ("tokens/s", "GB/s")

# What the project set itself.
LIKE_RAW: Final = 0.97
BEYOND_GENERATE: Final = 1.1
TENTH_TURN: Final = 5.0
BEYOND_GENERATE_ON_CUDA: Final = 2.5
VRAM_GB: Final = 7.5


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: ours, and a peer where there is one."""

    what: str
    unit: Unit
    ours: Sequence[float]
    peer: str = ""
    theirs: Sequence[float] = ()
    goal: float | None = None
    """The smallest ratio, or without a peer the largest figure."""

    @property
    def ours_median(self) -> float:
        return statistics.median(self.ours)

    @property
    def their_median(self) -> float | None:
        return statistics.median(self.theirs) if self.theirs else None

    @property
    def ratio(self) -> float | None:
        """How many times better ours is: the median over rounds, ours against the peer's turn right behind it."""
        if not self.theirs:
            return None
        if len(self.ours) != len(self.theirs):
            pairs = [(self.ours_median, statistics.median(self.theirs))]
        else:
            pairs = list(zip(self.ours, self.theirs, strict=True))
        return statistics.median(ours / theirs if self.unit in _MORE_IS_BETTER else theirs / ours for ours, theirs in pairs)

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached, at the precision that the table prints."""
        if self.goal is None:
            return None
        ratio = self.ratio
        return round(self.ours_median, 2) <= self.goal if ratio is None else round(ratio, 2) >= self.goal


def cpu_rows(llama: Figures, nf4: Figures) -> list[Row]:
    """Of the two probes of a CPU."""
    return [
        Row("llama.cpp: decode", "tokens/s", llama["ours_decode"], "raw xllamacpp, same settings", llama["raw_decode"], LIKE_RAW),
        Row("llama.cpp: prefill", "tokens/s", llama["ours_prefill"], "raw xllamacpp, same settings", llama["raw_prefill"], LIKE_RAW),
        Row("llama.cpp: decode", "tokens/s", llama["ours_decode_beside_default"], "raw xllamacpp, its settings", llama["raw_default_decode"]),
        Row("llama.cpp: prefill", "tokens/s", llama["ours_prefill_beside_default"], "raw xllamacpp, its settings", llama["raw_default_prefill"]),
        *_beside_generate(nf4, BEYOND_GENERATE),
        *_early("llama.cpp", llama),
        *_early("transformers", nf4),
        Row("llama.cpp: decode", "tokens/s", llama["ours_decode"], "ours on transformers", nf4["ours_decode"]),
        Row("llama.cpp: prefill", "tokens/s", llama["ours_prefill"], "ours on transformers", nf4["ours_prefill"]),
        Row("llama.cpp: first token of the tenth turn", "s", llama["ours_tenth"], "ours on transformers", nf4["ours_tenth"]),
        Row("llama.cpp: load", "s", llama["load_seconds"], "ours on transformers", nf4["load_seconds"]),
        *_memory(llama, nf4),
    ]


def cuda_rows(found: Figures) -> list[Row]:
    """Of the probe of a card; without one its memory is not there."""
    rows = [*_beside_generate(found, BEYOND_GENERATE_ON_CUDA), *_early("transformers", found)]
    for what, name in (("peak VRAM in use, full context", "vram_allocated"), ("peak VRAM reserved, full context", "vram_reserved")):
        if found.get(name):
            rows.append(Row(what, "GB", found[name], goal=VRAM_GB))
    for what, rate, read in (("short prompt", "ours_decode", "read_short"), ("long history", "ours_decode_long", "read_long")):
        used = [tokens * found[read][0] for tokens in found[rate]]
        rows.append(Row(f"transformers: bytes read for a token, {what}", "GB/s", used, "a copy on the device", found["bandwidth"]))
    return rows


def _beside_generate(found: Figures, goal: float) -> Iterator[Row]:
    peer = "generate of transformers"
    yield Row("transformers: decode", "tokens/s", found["ours_decode"], peer, found["generate_decode"], goal)
    yield Row("transformers: decode behind a long history", "tokens/s", found["ours_decode_long"], peer, found["generate_decode_long"], goal)
    yield Row("transformers: prefill", "tokens/s", found["ours_prefill"], peer, found["generate_prefill"])
    yield Row("transformers: first token of the tenth turn", "s", found["ours_tenth"], peer, found["generate_tenth"], TENTH_TURN)


def _early(engine: str, found: Figures) -> Iterator[Row]:
    yield Row(f"{engine}: first token, prompt read early", "s", found["first_early"], "the same, not read early", found["first_cold"])


def _memory(llama: Figures, nf4: Figures) -> Iterator[Row]:
    for what, name in (("memory of its own", "anonymous"), ("mapped files in memory", "mapped"), ("peak memory", "peak")):
        if llama.get(f"memory_{name}"):
            yield Row(f"llama.cpp: {what}", "MB", llama[f"memory_{name}"], "ours on transformers", nf4[f"memory_{name}"])


FIGURES: Final[dict[Unit, Callable[[float], str]]] = {
    "tokens/s": lambda value: f"{value:.1f} tokens/s" if value < 100 else f"{value:,.0f} tokens/s",
    "s": lambda value: f"{value:.2f} s",
    "MB": lambda value: f"{value:,.0f} MB",
    "GB": lambda value: f"{value:.2f} GB",
    "GB/s": lambda value: f"{value:,.0f} GB/s",
}
"""How a figure is written."""
