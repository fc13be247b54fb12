"""The keys and values of the tokens a model has read.

One preallocated buffer per layer: a step writes its rows in place, where the growing cache of transformers copies everything for each token
(768 MiB at SOLAR's full context), and going back to an earlier length only moves a mark. Memory for the whole context is reserved at the first
token, so a context that does not fit fails at once and not in the middle of a chat. A sliding window is a mask here, never a smaller buffer.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


def shared_tokens(read: list[int], prompt: list[int]) -> int:
    """How many tokens both begin with, leaving at least one of `prompt` to run."""
    count = 0
    for old, new in zip(read, prompt[:-1], strict=False):
        if old != new:
            break
        count += 1
    return count


@dataclass(frozen=True, slots=True)
class Place:
    """Where a step of fixed shape writes its row, and how many rows it looks at."""

    position: Tensor
    """int64 [1], on the device."""
    rows: int


class PreallocatedLayer:
    """Keys and values of one layer, [batch, heads, tokens, width]; speaks the interface of transformers' `CacheLayerMixin`."""

    is_sliding = False
    is_compileable = False
    is_croppable = True
    supports_early_init = False

    def __init__(self, capacity_tokens: int, *, zeroed: bool = False) -> None:
        self.place: Place | None = None
        """Set while a step of fixed shape runs."""
        self._capacity_tokens = capacity_tokens
        self._zeroed = zeroed
        self._keys: Tensor | None = None
        self._values: Tensor | None = None
        self._used = 0

    @property
    def is_initialized(self) -> bool:
        return self._keys is not None

    def update(self, keys: Tensor, values: Tensor, *_args: object, **_kwargs: object) -> tuple[Tensor, Tensor]:
        """Write new rows behind the old ones; returns views of all rows in use."""
        if self._keys is None or self._values is None:
            self._keys, self._values = self._reserve(keys), self._reserve(values)
        if self.place is not None:
            self._keys.index_copy_(2, self.place.position, keys)
            self._values.index_copy_(2, self.place.position, values)
            return self._keys[:, :, : self.place.rows], self._values[:, :, : self.place.rows]
        start, self._used = self._used, self._used + keys.shape[-2]
        self._keys[:, :, start : self._used] = keys
        self._values[:, :, start : self._used] = values
        return self._keys[:, :, : self._used], self._values[:, :, : self._used]

    def get_seq_length(self) -> int:
        return self._used

    def get_max_length(self) -> int:
        return self._capacity_tokens

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """(rows that attention sees after the next step, position of the first one)."""
        return self._used + query_length, 0

    def shorten_to(self, tokens: int) -> None:
        """Forget every row from `tokens` on."""
        self._used = min(self._used, tokens)

    def lengthen_by_one(self) -> None:
        """Count the row that a step of fixed shape wrote."""
        self._used += 1

    def _reserve(self, like: Tensor) -> Tensor:
        batch, heads, _, width = like.shape
        reserve = like.new_zeros if self._zeroed else like.new_empty
        return reserve((batch, heads, self._capacity_tokens, width))


class PrefixCache:
    """All layers of a model; `shorten_to` makes them agree again after a step that was broken off between two layers."""

    def __init__(self, layers: int, capacity_tokens: int, *, zeroed: bool = False) -> None:
        """`zeroed` is for steps of fixed shape: a mask hides an unused row that holds zeros, not one that holds NaN by chance. Without it a CPU gives
        memory only to the rows that are written.
        """
        from transformers.cache_utils import Cache, CacheLayerMixin

        # Cache asks isinstance: registered rather than inherited, so that importing this module does not import transformers.
        CacheLayerMixin.register(PreallocatedLayer)
        self.capacity_tokens = capacity_tokens
        self._layers = [PreallocatedLayer(capacity_tokens, zeroed=zeroed) for _ in range(layers)]
        self.for_model: Any = Cache(layers=list(self._layers))
        """What the model is called with."""

    def shorten_to(self, tokens: int) -> None:
        """Forget every token from position `tokens` on."""
        for layer in self._layers:
            layer.shorten_to(tokens)

    @contextlib.contextmanager
    def fixed(self, place: Place) -> Iterator[None]:
        """Write to `place` instead of behind the last row, and do not count it."""
        for layer in self._layers:
            layer.place = place
        try:
            yield
        finally:
            for layer in self._layers:
                layer.place = None

    def lengthen_by_one(self) -> None:
        """Count the row that a step of fixed shape wrote behind the last one."""
        for layer in self._layers:
            layer.lengthen_by_one()
