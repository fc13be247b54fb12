"""Depth up-scaling for the doors: choose a plan, build it with its recipe and card.

Plan and proof need no more than `upscale` itself. The rule: whatever takes long says how far it is and can be called off, by a function that is asked
between two steps; then `Cancelled` is raised and nothing is left behind.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

from solar_chat.errors import InputError
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.upscale import CARD, RECIPE, SHARD_BYTES, DepthPlan, Recipe, location, model_card, planned, write
from solar_chat.workshop.source import Source

Steps = Callable[[int, int], None]
"""Called with the bytes done and those there are."""


class Cancelled(Exception):
    """What was going on was called off, and left nothing behind."""


def cancellable(progress: Steps | None, cancelled: Callable[[], bool]) -> Steps:
    """`progress`, and `Cancelled` as soon as `cancelled` says so: for `build`, `upscale.verify` and `export_model`."""

    def step(done: int, total: int) -> None:
        if cancelled():
            raise Cancelled
        if progress is not None:
            progress(done, total)

    return step


def choose_plan(layers: int, drop: int | None, ranges: list[tuple[int, int]] | None, method: str) -> DepthPlan:
    """The plan for a source of `layers` layers; a quarter is dropped where nothing is said, as the paper has it (8 of 32).

    Raises InputError as `DepthPlan` does, `upscale_not_deeper` for slices that add no layer.
    """
    if ranges is None:
        drop = max(1, layers // 4) if drop is None else drop
        return DepthPlan.identity(layers, drop) if method == "identity" else DepthPlan.solar(layers, drop)
    plan = DepthPlan.slices(layers, ranges)
    if plan.layers <= layers:
        raise InputError("upscale_not_deeper", layers=layers, planned=plan.layers)
    return plan.passing() if method == "identity" else plan


def build(
    source: Source,
    plan: DepthPlan,
    out: Path,
    catalogue: Catalogue,
    lang: InterfaceLanguage,
    *,
    shard_bytes: int = SHARD_BYTES,
    progress: Steps | None = None,
) -> Path:
    """Write the model, its recipe and its card to the new folder `out`; what `progress` raises ends it. Raises as `upscale.write` does."""
    where = source.name if source.on_hub else location(source.checkpoint.folder, out)
    recipe = Recipe(plan, source.name, where, source.on_hub, source.files, command(source, plan, out, shard_bytes))
    parameters = sum(tensor.source.parameters for tensor in planned(source.checkpoint, plan).values())
    card = model_card(recipe, source.checkpoint, out.name, parameters, catalogue, lang)
    beside = {RECIPE: recipe.text(source.checkpoint), CARD: card}
    return write(source.checkpoint, plan, out, shard_bytes=shard_bytes, beside=beside, progress=progress)


def command(source: Source, plan: DepthPlan, out: Path, shard_bytes: int) -> str:
    """The command that makes the same again, without the folders of this machine."""
    words = ["python", "app.py", "upscale", "build", source.name, out.name]
    if plan.method == "dus":
        words += ["--drop", str(plan.source_layers - plan.layers // 2)]
    else:
        ranges: list[list[int]] = []
        for old in plan.sources:
            if ranges and ranges[-1][1] == old:
                ranges[-1][1] = old + 1
            else:
                ranges.append([old, old + 1])
        words += ["--slices", ",".join(f"{start}:{stop}" for start, stop in ranges)]
        words += ["--method", "identity"] if plan.method == "identity" else []
    if shard_bytes != SHARD_BYTES:
        words += ["--shard-size", str(shard_bytes)]
    return shlex.join(words)
