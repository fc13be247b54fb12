"""What is compared with what: the arms, the sizes, the tokens. Pure numbers, written beside every result.

One base is trained per seed; then every arm goes on with the same batches in the same order, at the same rates and with a fresh optimizer. The
rate is constant, so that any two curves may be compared at any point. The arm from random weights reads all that the base read before, too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from transformers import LlamaConfig

from recipes.upscale.loop import Schedule
from solar_chat.upscale import DepthPlan

BASE, SCRATCH = "base", "scratch"
HEAD_SIZE = 24
END_ID = 0
# The first steps after stacking are where the arms differ most; later the curves are smooth.
_EARLY_STEPS = (0, 2, 5, 10, 15, 20, 30, 40, 50)


@dataclass(frozen=True, slots=True)
class Design:
    """Everything that decides the figures but the text."""

    width: int = 96
    inner: int = 256
    layers: int = 8
    drop: int = 2
    vocabulary: int = 2048
    context_tokens: int = 128
    batch_rows: int = 4
    base_steps: int = 800
    """Of the base, and of the random weights, before the arms begin."""
    arm_steps: int = 320
    """Of each deeper arm; the base goes on until it has cost as much."""
    base_rate: float = 2e-3
    arm_rate: float = 1e-3
    warmup_steps: int = 20
    measure_every: int = 32
    """Steps between two measurements of the held-out loss."""
    heldout_rows: int = 32
    seeds: tuple[int, ...] = (0, 1, 2)

    @property
    def plans(self) -> dict[str, DepthPlan]:
        """The up-scaled arms by name, all of the same depth."""
        last = self.layers
        half = last // 2
        # One seam between [0, a) and [b, n) is always as wide as the stack is deeper, less one; other distances need more seams.
        return {
            "dus": DepthPlan.solar(last, self.drop),
            "identity": DepthPlan.identity(last, self.drop),
            "slices-each": DepthPlan.slices(last, _each_twice(last, self.drop)),
            "slices-blocks": DepthPlan.slices(last, [(0, half), (half // 2, half + half // 2), (half, last)]),
            "slices-far": DepthPlan.slices(last, [(0, last), (0, half // 2), (last - half // 2, last)]),
        }

    @property
    def arms(self) -> tuple[str, ...]:
        return (BASE, *self.plans, SCRATCH)

    @property
    def deep_layers(self) -> int:
        return 2 * (self.layers - self.drop)

    @property
    def step_tokens(self) -> int:
        return self.batch_rows * self.context_tokens

    def layers_of(self, arm: str) -> int:
        return self.layers if arm == BASE else self.deep_layers

    def steps_of(self, arm: str) -> int:
        """Steps after the fork: equal tokens for the deep arms, equal compute for the base."""
        if arm != BASE:
            return self.arm_steps
        return math.ceil(self.arm_steps * self.token_flops(self.deep_layers) / self.token_flops(self.layers))

    def config(self, layers: int) -> LlamaConfig:
        """A Llama of the study's width."""
        return LlamaConfig(
            vocab_size=self.vocabulary,
            hidden_size=self.width,
            intermediate_size=self.inner,
            num_hidden_layers=layers,
            num_attention_heads=self.width // HEAD_SIZE,
            num_key_value_heads=self.width // HEAD_SIZE,
            max_position_embeddings=self.context_tokens,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=END_ID,
            pad_token_id=END_ID,
        )

    def schedule(self, steps: int, rate: float) -> Schedule:
        return Schedule(steps, rate, rate, self.warmup_steps)

    def parameters(self, layers: int) -> int:
        """Parameters of a model of so many layers, the embeddings once."""
        return self.vocabulary * self.width + self.width + layers * (self._layer_matrices + 2 * self.width)

    def token_flops(self, layers: int) -> int:
        """Floating-point operations to train on one token: six per weight of a matrix product, the output layer among them, and attention's own
        12 · layers · width · context (arXiv 2204.02311, appendix B).
        """
        matrices = layers * self._layer_matrices + self.vocabulary * self.width
        return 6 * matrices + 12 * layers * self.width * self.context_tokens

    @property
    def _layer_matrices(self) -> int:
        return 4 * self.width * self.width + 3 * self.width * self.inner

    def is_measured(self, step: int, steps: int) -> bool:
        """Whether the held-out loss is measured after `step` of `steps`."""
        return step in _EARLY_STEPS or step % self.measure_every == 0 or step == steps

    def to_json(self) -> dict[str, object]:
        return asdict(self) | {"seeds": list(self.seeds)}

    @classmethod
    def from_json(cls, entry: Mapping[str, object]) -> Design:
        """The design that `to_json` wrote. Raises TypeError for a field this version does not know."""
        seeds = entry["seeds"]
        if not isinstance(seeds, list):
            raise TypeError("seeds")
        return cls(**(dict(entry) | {"seeds": tuple(seeds)}))  # type: ignore[arg-type]  # checked by the constructor's names only


FULL = Design()
# Seconds instead of most of an hour: shows that everything runs, and nothing else.
QUICK = Design(width=24, inner=48, context_tokens=32, base_steps=8, arm_steps=6, measure_every=3, heldout_rows=4, seeds=(0, 1))


def _each_twice(layers: int, drop: int) -> list[tuple[int, int]]:
    """One layer at a time; the middle ones, as many as the stack is deeper by, stand twice in a row."""
    doubled = range(drop, layers - drop)
    return [(layer, layer + 1) for layer in range(layers) for _ in range(2 if layer in doubled else 1)]
