"""The study's three pictures. Draws what `results` computed; a band is one standard deviation over the seeds to each side of the mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from recipes.study.curves import Point
from recipes.study.design import BASE, SCRATCH
from recipes.study.results import Figure, Results

# Okabe and Ito's colours, which colour-blind readers tell apart; the two that are no up-scaling are grey and black.
COLOURS = {
    BASE: "#000000",
    SCRATCH: "#888888",
    "dus": "#D55E00",
    "identity": "#009E73",
    "slices-each": "#CC79A7",
    "slices-blocks": "#0072B2",
    "slices-far": "#E69F00",
}


def draw(results: Results, folder: Path) -> None:
    """Write tokens.svg, compute.svg and seams.svg into `folder`."""
    # Without pyplot, which keeps every figure in a global list.
    with (
        mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False}),
        mpl.rc_context({"axes.grid": True, "grid.alpha": 0.3, "grid.linewidth": 0.5, "svg.hashsalt": "study"}),
    ):
        _write(_tokens(results), folder / "tokens.svg")
        _write(_compute(results), folder / "compute.svg")
        _write(_seams(results), folder / "seams.svg")


def _write(canvas: Canvas, path: Path) -> None:
    # Without the date, so that the same figures are the same file.
    canvas.savefig(path, format="svg", metadata={"Date": None}, facecolor="white")


def _tokens(results: Results) -> Canvas:
    canvas = Canvas(figsize=(9.5, 4), layout="constrained")
    whole, beside = canvas.subplots(1, 2)
    thousand = results.design.step_tokens / 1000
    for arm in results.design.arms:
        _band(whole, arm, [results.ends[arm, seed] for seed in results.seeds], lambda point: point.step * thousand)
        if arm != BASE:
            _band(beside, arm, [_beside_base(results, arm, seed) for seed in results.seeds], lambda point: point.step * thousand)
    whole.set_title("Loss")
    beside.set_title("Less the base's, seed by seed")
    beside.axhline(0, color=COLOURS[BASE], linewidth=1)
    for axes in (whole, beside):
        axes.set_xlabel("thousand tokens since the fork")
        axes.set_xlim(left=0)
    whole.set_ylabel("held-out loss, nats per token")
    whole.legend()
    return canvas


def _beside_base(results: Results, arm: str, seed: int) -> list[Point]:
    """The curve of `arm` with the difference from the base's loss at the same step in place of the loss."""
    base = {point.step: point.loss for point in results.ends[BASE, seed]}
    return [replace(point, loss=point.loss - base[point.step]) for point in results.ends[arm, seed] if point.step in base]


def _compute(results: Results) -> Canvas:
    canvas = Canvas(figsize=(9.5, 4), layout="constrained")
    axes = canvas.subplots()
    for arm in results.design.arms:
        _band(axes, arm, [results.whole(arm, seed) for seed in results.seeds], partial(_teraflop, results, arm))
    fork = results.design.base_steps * results.design.step_tokens * results.design.token_flops(results.design.layers) / 1e12
    axes.axvline(fork, color="#888888", linewidth=0.8, linestyle=":")
    axes.annotate("stacked here", (fork, 1), xycoords=("data", "axes fraction"), xytext=(4, -10), textcoords="offset points", fontsize=8)
    losses = [results.base_loss(seed) for seed in results.seeds]
    axes.set_ylim(bottom=None, top=min(losses) + 1.2)
    axes.set_xlim(left=fork / 4)
    axes.set_xlabel("training compute in all, teraFLOP")
    axes.set_ylabel("held-out loss, nats per token")
    axes.legend()
    return canvas


def _seams(results: Results) -> Canvas:
    canvas = Canvas(figsize=(9.5, 3.4), layout="constrained")
    before, after = canvas.subplots(1, 2)
    for arm, plan in results.design.plans.items():
        jump = results.figure(partial(results.jump, arm))
        gain = results.figure(partial(results.beside_base, arm))
        for axes, figure in ((before, jump), (after, gain)):
            if figure is not None:
                _mark(axes, plan.seam_distance, figure, arm, len(plan.seams))
    before.set_title("Untrained: loss above the base's at the fork")
    after.set_title("Trained on: loss above the base's")
    after.axhline(0, color="#000000", linewidth=0.8)
    for axes in (before, after):
        axes.set_xlabel("widest seam, in source layers")
        axes.margins(x=0.1, y=0.15)
    before.legend(loc="center right")
    return canvas


def _mark(axes: Axes, place: int, figure: Figure, arm: str, seams: int) -> None:
    note = f"{arm} ({seams} seam{'' if seams == 1 else 's'})"
    axes.errorbar([place], [figure.mean], yerr=[figure.spread], fmt="o", color=COLOURS[arm], capsize=3, label=note)


def _band(axes: Axes, arm: str, curves: Sequence[list[Point]], place: Callable[[Point], float]) -> None:
    means = [Figure(tuple(point.loss for point in points)) for points in zip(*curves, strict=True)]
    x = [place(point) for point in curves[0]]
    axes.plot(x, [one.mean for one in means], color=COLOURS[arm], label=arm, linewidth=1.3)
    low, high = [one.mean - one.spread for one in means], [one.mean + one.spread for one in means]
    axes.fill_between(x, low, high, color=COLOURS[arm], alpha=0.18, linewidth=0)


def _teraflop(results: Results, arm: str, point: Point) -> float:
    return results.flops(arm, point) / 1e12
