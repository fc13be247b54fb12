"""Write down what the study measured: docs/study/README.md with its tables and pictures.

    python -m recipes.study.report FOLDER [--docs docs/study]

The rule: every sentence with a result in it is made from the numbers, and says better or worse only where the 95 % interval over the seeds does;
nothing is worded by hand afterwards. Measures nothing.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from recipes.study.design import BASE, HEAD_SIZE, SCRATCH
from recipes.study.plots import draw
from recipes.study.results import Figure, Results

log = logging.getLogger("study")

PAGE = "README.md"


def write(results: Results, docs: Path) -> Path:
    """The page and its pictures in `docs`; returns the page."""
    docs.mkdir(parents=True, exist_ok=True)
    draw(results, docs)
    page = docs / PAGE
    parts = [_head(results), _outcome(results), _tables(results), _pictures(), _method(results)]
    page.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return page


def _head(results: Results) -> str:
    seeds = f"{len(results.seeds)} seed{'' if len(results.seeds) == 1 else 's'}"
    return f"""# Depth up-scaling, measured on small models

Made by `python -m recipes.study.report` from {seeds}, as it came out. ± is the standard deviation over the seeds. Better and worse are said
where the 95 % interval of the difference within seeds (Student's t, not corrected for how many are made) does not hold zero. These are models of
one to two million parameters on half a million tokens: what holds here need not hold at SOLAR's size, and nothing was tuned in favour of any arm."""


# What came out, in sentences


def _outcome(results: Results) -> str:
    lines = [*_raw(results), *_recovery(results), _depth(results), *_trained(results), _seam(results)]
    return "## What came out\n\n" + "\n".join(f"- {line}" for line in lines)


def _raw(results: Results) -> Iterator[str]:
    jumps = {arm: _known(results.figure(partial(results.jump, arm))) for arm in results.design.plans}
    same = [arm for arm, jump in jumps.items() if all(abs(value) < _SAME for value in jump.values)]
    if same:
        yield f"Untrained, {_names(same)} has its base's loss: it changes nothing at first."
    others = {arm: jump for arm, jump in jumps.items() if arm not in same}
    yield f"Untrained, the other stacks beside their base: {_amounts(others)}."


def _recovery(results: Results) -> Iterator[str]:
    for arm in results.design.plans:
        needed = [results.tokens_to_base(arm, seed) for seed in results.seeds]
        if any(value is None for value in needed):
            reached = sum(value is not None for value in needed)
            yield f"`{arm}` got back to the loss its base had at the fork in {reached} of {len(needed)} seeds."
        elif any(needed):
            tokens = _thousands(results.figure(partial(results.tokens_to_base, arm)))
            yield f"`{arm}` took {tokens} tokens to get back to the loss its base had at the fork."


def _depth(results: Results) -> str:
    """What depth is worth at this size at all, which bounds what any way to it can bring."""
    design = results.design
    gain = _known(results.figure(partial(results.beside_base, SCRATCH)))
    verdict = {-1: "brings something", 1: "costs something", 0: "brings nothing that can be shown"}[gain.side]
    return (
        f"Depth itself {verdict} here: random weights of {design.deep_layers} layers end {_signed(gain)} beside the base's {design.layers} after "
        "equal tokens in all. Where that is nothing, ways to get deeper can hardly differ in where they end."
    )


def _trained(results: Results) -> Iterator[str]:
    for other, what in ((BASE, "the base trained on"), (SCRATCH, "random weights of the same depth")):
        for of, when in ((results.at_equal_tokens, "After equal tokens"), (results.at_equal_compute, "At equal compute")):
            sides: dict[int, list[str]] = {-1: [], 1: [], 0: []}
            for arm in results.design.plans:
                sides[_difference(results, of, arm, other).side].append(arm)
            said = [f"{_VERDICTS[side]}: {_names(arms)}" for side, arms in sides.items() if arms]
            yield f"{when}, beside {what}: {'; '.join(said)}."


def _seam(results: Results) -> str:
    """Whether a wider seam was worse: only among the stacks that have one."""
    arms = sorted((plan.seam_distance, arm) for arm, plan in results.design.plans.items() if plan.seams)
    jumps = [_known(results.figure(partial(results.jump, arm))).mean for _, arm in arms]
    gains = [_known(results.figure(partial(results.beside_base, arm))).mean for _, arm in arms]
    order = ", ".join(f"`{arm}` ({distance})" for distance, arm in arms)

    def rises(values: Sequence[float]) -> str:
        return "rises with it" if values == sorted(values) else "does not rise with it"

    return f"In the order of the widest seam, {order}: the untrained loss {rises(jumps)}, the loss after training {rises(gains)}."


_SAME = 1e-4
_VERDICTS = {-1: "better", 1: "worse", 0: "no difference shown"}


def _amounts(figures: Mapping[str, Figure]) -> str:
    return ", ".join(f"`{arm}` {_signed(figure)}" for arm, figure in figures.items())


def _signed(figure: Figure) -> str:
    return f"{figure.mean:+.3f} ± {figure.spread:.3f}"


def _names(arms: Sequence[str]) -> str:
    return ", ".join(f"`{arm}`" for arm in arms)


def _difference(results: Results, of: Callable[[str, int], float], arm: str, other: str) -> Figure:
    return _known(results.figure(lambda seed: of(arm, seed) - of(other, seed)))


# Tables


def _tables(results: Results) -> str:
    return "## Tables\n\n" + "\n\n".join((_plans(results), _losses(results), _differences(results), _tokens(results)))


def _plans(results: Results) -> str:
    design = results.design
    rows = []
    for arm in design.arms:
        plan = design.plans.get(arm)
        layers = design.layers_of(arm)
        layout = " ".join(f"{'·' if new in plan.zeroed else ''}{old}" for new, old in enumerate(plan.sources)) if plan else "its own"
        seams = ", ".join(f"{below}→{above}" for below, above in plan.seams) if plan else ""
        widest = str(plan.seam_distance) if plan and plan.seams else "none"
        rows.append((f"`{arm}`", str(layers), f"{design.parameters(layers):,}", layout, seams or "none", widest))
    title = "What is compared. A layer with a dot before it starts with zeroed output projections.\n\n"
    return title + _table(("arm", "layers", "parameters", "source layers", "seams", "widest"), rows)


def _losses(results: Results) -> str:
    rows = []
    for arm in results.design.arms:
        figures = [_known(results.figure(partial(of, arm))) for of in (_start_of(results), results.at_equal_tokens, results.at_equal_compute)]
        rows.append((f"`{arm}`", *(f"{figure.mean:.3f} ± {figure.spread:.3f}" for figure in figures)))
    tokens = results.design.arm_steps * results.design.step_tokens
    title = f"""Held-out loss in nats per token: at the fork, after {tokens:,} more tokens, and where every arm has cost as much compute in all, the
base's share included. Most of the spread is between the seeds' bases; the next table compares within them.\n\n"""
    return title + _table(("arm", "at the fork", "equal tokens", "equal compute"), rows)


def _differences(results: Results) -> str:
    rows = []
    for arm in results.design.plans:
        pairs = [(of, other) for other in (BASE, SCRATCH) for of in (results.at_equal_tokens, results.at_equal_compute)]
        figures = [_difference(results, of, arm, other) for of, other in pairs]
        rows.append((f"`{arm}`", *(_signed(figure) + ("" if figure.side else " (?)") for figure in figures)))
    title = "The same as differences within each seed; below zero is better, (?) where the 95 % interval holds zero.\n\n"
    head = ("arm", "base, equal tokens", "base, equal compute", "random weights, equal tokens", "random weights, equal compute")
    return title + _table(head, rows)


def _tokens(results: Results) -> str:
    rows = []
    for arm in results.design.arms:
        base = "" if arm in (BASE, SCRATCH) else _thousands(results.figure(partial(results.tokens_to_base, arm)))
        trained = "" if arm == BASE else _thousands(results.figure(partial(results.tokens_to_trained_base, arm)))
        scratch = "" if arm == SCRATCH else _thousands(results.figure(partial(results.tokens_to_scratch, arm)))
        rows.append((f"`{arm}`", base, trained, scratch))
    needed = results.figure(results.scratch_tokens_to_base)
    read = (results.design.base_steps + results.design.arm_steps) * results.design.step_tokens
    late = (
        "did not reach the base's loss at the fork in every seed"
        if needed is None
        else f"reached the base's loss at the fork after {_thousands(needed)}"
    )
    title = f"""Tokens after the fork until a loss is reached: the base's at the fork; the base's after equal tokens; and the one that random weights
end with after {read:,} tokens. Random weights {late}.\n\n"""
    return title + _table(("arm", "to the base's loss", "to the trained base's", "to the random weights' last"), rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _pictures() -> str:
    return """## Curves

Mean over the seeds; the band is one standard deviation to each side.

![Held-out loss over tokens since the fork, and the difference from the base](tokens.svg)

![Held-out loss over all training compute](compute.svg)

![Widest seam against loss, untrained and trained](seams.svg)"""


def _method(results: Results) -> str:
    design = results.design
    base, deep = design.token_flops(design.layers), design.token_flops(design.deep_layers)
    most = (design.base_steps + design.steps_of(BASE)) * design.step_tokens
    text = ", ".join(["the project's own records (recipes/starter/data)", *(f"`{name}`" for name in results.files)])
    heads = design.width // HEAD_SIZE
    points = (
        f"Models: Llama of width {design.width}, {heads} heads, tied embeddings, {design.vocabulary:,} tokens, context {design.context_tokens}; "
        f"{design.layers} layers, stacked to {design.deep_layers} by the project's own `solar_chat.upscale`, every stack verified byte by byte.",
        f"Text: {text}; {results.training_tokens:,} tokens, {most:,} of them read by the longest arm "
        f"({most / results.training_tokens:.1f} epochs). Held out: lines by a hash of "
        f"their first letters, {design.heldout_rows * design.context_tokens:,} tokens, the same for all. Only figures are kept, no text, no weights.",
        f"Per seed: a base from random weights on {design.base_steps * design.step_tokens:,} tokens, then every arm from there with the same batches "
        "in the same order. Random weights of the full depth read the same text from the first token on.",
        f"AdamW, rate {design.base_rate:g} before and {design.arm_rate:g} after the fork, constant after {design.warmup_steps} steps of warm-up, a "
        f"fresh optimizer for every arm at the fork, {design.step_tokens} tokens a step. All weights are trained in every arm, also in `identity`, "
        "where LLaMA Pro trains the inserted layers alone.",
        f"Compute: {base:,} operations a token for {design.layers} layers and {deep:,} for {design.deep_layers} (six per weight of a matrix product, "
        "and attention's own). Stacking costs none.",
        "The lower rate after the fork lowers every arm's loss, the base's too, so that part of every recovery is its doing. Four stacks cannot tell "
        "apart the width of a seam, the number of seams and which layers are repeated.",
    )
    return "## How it was measured\n\n" + "\n".join(f"- {point}" for point in points)


def _start_of(results: Results) -> Callable[[str, int], float]:
    return lambda arm, seed: results.ends[arm, seed][0].loss


def _thousands(figure: Figure | None) -> str:
    return "not reached by every seed" if figure is None else f"{figure.mean / 1000:.1f} ± {figure.spread / 1000:.1f} thousand"


def _known(figure: Figure | None) -> Figure:
    if figure is None:
        raise ValueError("a figure that every finished seed has is missing")
    return figure


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m recipes.study.report", description="Write down what the study measured.")
    parser.add_argument("folder", type=Path, help="the --out of recipes.study.run")
    parser.add_argument("--docs", type=Path, default=Path("docs/study"), help="folder of the page and its pictures")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        log.info("%s", write(Results.load(options.folder), options.docs))
    except ValueError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
