"""What the curves say, in numbers: losses at equal tokens and equal compute, tokens to a loss, each per seed and then over the seeds.

The rule: arms are compared within a seed, because they share its base and its batches; only seeds of which every arm is finished count. Reads curves,
writes nothing.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from recipes.study.curves import DESIGN, Point, read
from recipes.study.design import BASE, SCRATCH, Design

# Student's t at 97.5 %, for 2, 3, … seeds; the last one, a little wide, for all beyond.
_T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)


@dataclass(frozen=True, slots=True)
class Figure:
    """One number per seed."""

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        return statistics.fmean(self.values)

    @property
    def spread(self) -> float:
        """Standard deviation over the seeds; 0 for a single one."""
        return statistics.stdev(self.values) if len(self.values) > 1 else 0.0

    @property
    def side(self) -> int:
        """1 or -1 where the 95 % interval of the mean (Student's t) lies above or below zero, 0 where it holds zero or there is one seed only."""
        count = len(self.values)
        if count < 2:
            return 0
        half = _T95[min(count - 2, len(_T95) - 1)] * self.spread / count**0.5
        return int(self.mean > half) - int(self.mean < -half)


@dataclass(frozen=True, slots=True)
class Results:
    """A study as far as it is finished."""

    design: Design
    files: tuple[str, ...]
    training_tokens: int
    """In the text, each counted once."""
    seeds: tuple[int, ...]
    starts: Mapping[tuple[str, int], list[Point]]
    """Of the base and the random weights, before the fork."""
    ends: Mapping[tuple[str, int], list[Point]]

    @classmethod
    def load(cls, folder: Path) -> Results:
        """Raises ValueError where there is no study in `folder` or no seed of it is finished."""
        try:
            facts = json.loads((folder / DESIGN).read_text(encoding="utf-8"))
            files, tokens = tuple(facts.pop("files")), int(facts.pop("training_tokens"))
            facts.pop("lines")
            design = Design.from_json(facts)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{folder} holds no study: {error}") from error
        curves = folder / "curves"
        starts = {(arm, seed): read(curves / f"seed{seed}-{arm}-start.jsonl") for arm in (BASE, SCRATCH) for seed in design.seeds}
        ends = {(arm, seed): read(curves / f"seed{seed}-{arm}-end.jsonl") for arm in design.arms for seed in design.seeds}

        def is_whole(seed: int) -> bool:
            last = [(points[-1].step if points else -1) for points in (ends[arm, seed] for arm in design.arms)]
            return last == [design.steps_of(arm) for arm in design.arms]

        seeds = tuple(seed for seed in design.seeds if is_whole(seed))
        if not seeds:
            raise ValueError(f"no seed in {folder} is finished yet")
        return cls(design, files, tokens, seeds, starts, ends)

    def figure(self, of: Callable[[int], float | None]) -> Figure | None:
        """`of` each seed; None where any seed has no such number."""
        values = [of(seed) for seed in self.seeds]
        known = tuple(value for value in values if value is not None)
        return Figure(known) if len(known) == len(values) else None

    # Right after stacking

    def base_loss(self, seed: int) -> float:
        """Of the base at the fork."""
        return self.ends[BASE, seed][0].loss

    def jump(self, arm: str, seed: int) -> float:
        """Loss of the untrained stack less the base's."""
        return self.ends[arm, seed][0].loss - self.base_loss(seed)

    # Equal tokens and equal compute

    def loss_after(self, arm: str, seed: int, steps: float) -> float | None:
        """Loss `steps` after the fork, between two measurements on a straight line; None beyond the last."""
        return _at(self.ends[arm, seed], steps, lambda point: point.step)

    def at_equal_tokens(self, arm: str, seed: int) -> float:
        """Loss after as many tokens as every deep arm has read."""
        loss = self.loss_after(arm, seed, self.design.arm_steps)
        if loss is None:
            raise ValueError(f"{arm} of seed {seed} was not measured that far")
        return loss

    def at_equal_compute(self, arm: str, seed: int) -> float:
        """Loss after as much training compute as the up-scaled arms have cost, their base's share included."""
        design = self.design
        spent = design.base_steps * design.token_flops(design.layers) + design.arm_steps * design.token_flops(design.deep_layers)
        loss = _at(self.whole(arm, seed), spent * design.step_tokens, lambda point: self.flops(arm, point))
        if loss is None:
            raise ValueError(f"{arm} of seed {seed} was not measured that far")
        return loss

    def beside_base(self, arm: str, seed: int) -> float:
        """Loss at equal tokens less the base's."""
        return self.at_equal_tokens(arm, seed) - self.at_equal_tokens(BASE, seed)

    def whole(self, arm: str, seed: int) -> list[Point]:
        """The curve of everything that went into an arm: of an up-scaled one, from the fork on; of the others, from the first token."""
        return [*self.starts.get((arm, seed), [])[:-1], *self.ends[arm, seed]]

    def flops(self, arm: str, point: Point) -> float:
        """Training compute that had gone into `arm` at `point`, in floating-point operations; the base's share too."""
        design = self.design
        before = min(point.tokens, design.base_steps * design.step_tokens)
        early = design.deep_layers if arm == SCRATCH else design.layers
        return before * design.token_flops(early) + (point.tokens - before) * design.token_flops(design.layers_of(arm))

    # Tokens to a loss

    def tokens_to(self, arm: str, seed: int, loss: float) -> float | None:
        """Tokens after the fork until `arm` first measures `loss` or less; None where it never does."""
        return _first(self.ends[arm, seed], loss, lambda point: point.step * self.design.step_tokens)

    def tokens_to_base(self, arm: str, seed: int) -> float | None:
        """Until the stack is as good as the base was when it was made."""
        return self.tokens_to(arm, seed, self.base_loss(seed))

    def tokens_to_trained_base(self, arm: str, seed: int) -> float | None:
        """Until it is as good as the base is after equal tokens."""
        return self.tokens_to(arm, seed, self.at_equal_tokens(BASE, seed))

    def tokens_to_scratch(self, arm: str, seed: int) -> float | None:
        """Until it is as good as the random weights are at the very end."""
        return self.tokens_to(arm, seed, self.ends[SCRATCH, seed][-1].loss)

    def scratch_tokens_to_base(self, seed: int) -> float | None:
        """Tokens in all that random weights need to reach the base's loss at the fork."""
        return _first(self.whole(SCRATCH, seed), self.base_loss(seed), lambda point: point.tokens)


def _at(points: Iterable[Point], place: float, axis: Callable[[Point], float]) -> float | None:
    for left, right in pairwise(points):
        start, stop = axis(left), axis(right)
        if start <= place <= stop and start < stop:
            return left.loss + (right.loss - left.loss) * (place - start) / (stop - start)
    return None


def _first(points: list[Point], loss: float, axis: Callable[[Point], float]) -> float | None:
    if points and points[0].loss <= loss:
        return axis(points[0])
    for left, right in pairwise(points):
        if right.loss <= loss:
            return axis(left) + (axis(right) - axis(left)) * (left.loss - loss) / (left.loss - right.loss)
    return None
