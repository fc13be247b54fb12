"""Depth up-scaling as a plan: which source layer each new layer copies. Pure numbers; no file is touched.

SOLAR 10.7B (arXiv 2312.15166, section 2): of n = 32 layers one copy drops its last m = 8, the other its first 8, and the two are stacked:
[0, 24) + [8, 32) = 48. LLaMA Pro (arXiv 2401.02415): copies with zeroed output projections between the layers, which change nothing at first.
A plan never claims that the raw stack is better than its parent: it is worse until it is trained further, or the same for identity.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, get_args

from solar_chat.errors import InputError

Method = Literal["dus", "slices", "identity"]
METHODS: tuple[Method, ...] = get_args(Method)


@dataclass(frozen=True, slots=True)
class DepthPlan:
    """`sources[i]` is the layer of the source model, counted from 0, that new layer i copies."""

    source_layers: int
    sources: tuple[int, ...]
    zeroed: tuple[int, ...] = ()
    """New layers whose output projections are zeros: they pass on what they are given until they are trained."""
    method: Method = "slices"

    @classmethod
    def solar(cls, layers: int, drop: int) -> DepthPlan:
        """The paper's stack: [0, n - m) and [m, n), 2(n - m) layers for n = `layers` and m = `drop`.

        Raises InputError `upscale_bad_drop` unless 0 < m and the result is deeper than the source (2m < n).
        """
        _check_drop(layers, drop)
        return cls(layers, (*range(layers - drop), *range(drop, layers)), method="dus")

    @classmethod
    def slices(cls, layers: int, slices: Iterable[tuple[int, int]]) -> DepthPlan:
        """Any stack of half-open ranges of source layers. Raises InputError `upscale_bad_slice` for an empty range or one outside the model."""
        ranges = list(slices)
        for start, stop in ranges:
            if not 0 <= start < stop <= layers:
                raise InputError("upscale_bad_slice", start=start, stop=stop, layers=layers)
        if not ranges:
            raise InputError("upscale_no_slices")
        return cls(layers, tuple(layer for start, stop in ranges for layer in range(start, stop)))

    @classmethod
    def identity(cls, layers: int, drop: int) -> DepthPlan:
        """As deep as `solar` with the same `drop`, by n - 2m zeroed copies spread evenly, each right above the layer it copies.

        LLaMA Pro's own 32 → 40 (eight groups of four, one copy on top of each) is drop = 12. Raises as `solar` does.
        """
        _check_drop(layers, drop)
        count = layers - 2 * drop
        above = {(number + 1) * layers // count - 1 for number in range(count)}
        return cls.slices(layers, [(layer, layer + 1) for layer in range(layers) for _ in range(2 if layer in above else 1)]).passing()

    def passing(self) -> DepthPlan:
        """The same stack as identity: the first visit of each source layer in turn works, every other new layer is zeroed.

        Raises InputError `upscale_not_identity` where the source's layers do not all occur in their order.
        """
        awaited = 0
        zeroed = []
        for new, old in enumerate(self.sources):
            if old == awaited:
                awaited += 1
            else:
                zeroed.append(new)
        if awaited < self.source_layers:
            raise InputError("upscale_not_identity", layer=awaited)
        return DepthPlan(self.source_layers, self.sources, tuple(zeroed), "identity")

    @property
    def layers(self) -> int:
        """Layers of the result."""
        return len(self.sources)

    @property
    def repeated(self) -> tuple[int, ...]:
        """Source layers that occur more than once."""
        return tuple(sorted({layer for layer in self.sources if self.sources.count(layer) > 1}))

    @property
    def left_out(self) -> tuple[int, ...]:
        """Source layers that do not occur."""
        return tuple(sorted(set(range(self.source_layers)) - set(self.sources)))

    @property
    def working(self) -> tuple[int, ...]:
        """New layers that do something before any training, in order."""
        return tuple(new for new in range(self.layers) if new not in self.zeroed)

    @property
    def seams(self) -> tuple[tuple[int, int], ...]:
        """Neighbours among the working layers that were not neighbours in the source, as (below, above) source layers: (23, 8) for SOLAR."""
        met = pairwise(self.sources[new] for new in self.working)
        return tuple((below, above) for below, above in met if above != below + 1)

    @property
    def seam_distance(self) -> int:
        """The widest seam in source layers: 15 for SOLAR (23 → 8), 31 for two whole copies of it (31 → 0), 0 without a seam."""
        return max((abs(below - above) for below, above in self.seams), default=0)

    def parameters(self, config: Mapping[str, object]) -> int:
        """Parameters of the result, from a Llama-style config.json. Raises InputError `upscale_unknown_config` where a size is missing."""

        def size(key: str, default: int | None = None) -> int:
            value = config.get(key)
            if value is None:
                value = default
            if not isinstance(value, int) or value < 1:
                raise InputError("upscale_unknown_config", field=key)
            return value

        hidden, inner, heads = size("hidden_size"), size("intermediate_size"), size("num_attention_heads")
        head = size("head_dim", hidden // heads)
        query, key_value = heads * head, size("num_key_value_heads", heads) * head
        attention = 2 * hidden * query + 2 * hidden * key_value
        if config.get("attention_bias"):
            attention += query + 2 * key_value + hidden
        mlp = 3 * hidden * inner
        if config.get("mlp_bias"):
            mlp += 2 * inner + hidden
        embeddings = size("vocab_size") * hidden * (1 if config.get("tie_word_embeddings") else 2)
        return self.layers * (attention + mlp + 2 * hidden) + embeddings + hidden


def _check_drop(layers: int, drop: int) -> None:
    if layers < 3:
        raise InputError("upscale_too_shallow", layers=layers)
    if drop < 1 or 2 * drop >= layers:
        raise InputError("upscale_bad_drop", drop=drop, layers=layers, most=(layers - 1) // 2)
