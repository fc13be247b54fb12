"""The keys and values of the tokens a model has read.

One preallocated buffer per layer: a step writes its rows in place, where the growing cache of transformers copies everything for each token
(768 MiB at SOLAR's full context), and going back to an earlier length only moves a mark. Memory for the whole context is reserved at the first
token, so a context that does not fit fails at once and not in the middle of a chat. A sliding window is a mask here, never a smaller buffer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


class PreallocatedLayer:
    """Keys and values of one layer, [batch, heads, tokens, width]; speaks the interface of transformers' `CacheLayerMixin`."""

    is_sliding = False
    is_compileable = False
    is_croppable = True
    supports_early_init = False

    def __init__(self, capacity_tokens: int) -> None:
        self._capacity_tokens = capacity_tokens
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

    def _reserve(self, like: Tensor) -> Tensor:
        batch, heads, _, width = like.shape
        return like.new_empty((batch, heads, self._capacity_tokens, width))


class PrefixCache:
    """All layers of a model; `shorten_to` makes them agree again after a step that was broken off between two layers."""

    def __init__(self, layers: int, capacity_tokens: int) -> None:
        from transformers.cache_utils import Cache, CacheLayerMixin

        # Cache asks isinstance: registered rather than inherited, so that importing this module does not import transformers.
        CacheLayerMixin.register(PreallocatedLayer)
        self._layers = [PreallocatedLayer(capacity_tokens) for _ in range(layers)]
        self.past_key_values: Any = Cache(layers=list(self._layers))
        """What the model is called with."""

    def shorten_to(self, tokens: int) -> None:
        """Forget every token from position `tokens` on."""
        for layer in self._layers:
            layer.shorten_to(tokens)
