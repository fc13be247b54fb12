"""One token through the layers of a model: the inner loop of every reply.

The layers are those of transformers, and so are the numbers; what transformers does around them for every call (wrappers, masks, rotary angles) is
done once. `TokenStep` looks at exactly the rows in use. `FixedStep` works on shapes that never change, so that a CUDA graph can hold it, and
`GraphStep` replays such graphs: the host then sends one command where it sent a thousand kernels. The rule: a step writes one row at `position` and
changes nothing else, so running it twice, or not counting it, is harmless. Does not read prompts (`local.py`) and does not sample.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final, Protocol

from solar_chat.engine.cache import Place, PrefixCache
from solar_chat.engine.memory import free_memory, release_frames

if TYPE_CHECKING:
    from torch import Tensor

# Angles that depend on the position alone. "dynamic" and "longrope" change them with the length of the text.
_FIXED_ROTARY: Final = frozenset({"default", "linear", "llama3", "yarn"})
# Attention reads every row of its bucket, used or not: a longer step for each doubling, and a short text does not pay for the whole context.
_SMALLEST_ROWS: Final = 512
# Libraries choose kernels and take workspaces in their first calls, which a graph must not hold.
_WARM_UPS: Final = 2

_log = logging.getLogger(__name__)


class Step(Protocol):
    """What the decode loop calls for one token."""

    can_stop_inside: bool
    """Whether the layers run as Python, so that a Stop can break off between two of them."""

    def run(self, token: int, position: int) -> Tensor:
        """Read `token` at `position`; returns the logits behind it, float32 [vocabulary], valid until the next call."""

    def prepare(self, position: int) -> None:
        """Do now what the first `run` at `position` would have to do before it."""


def open_step(model: Any, cache: PrefixCache) -> Step | None:
    """The fastest step for `model` and its device that writes into `cache`; None where only the model's own forward is right."""
    if not has_fixed_steps(model, cache.capacity_tokens):
        return None
    return GraphStep(model, cache) if model.device.type == "cuda" else TokenStep(model, cache)


def has_fixed_steps(model: Any, capacity_tokens: int) -> bool:
    """Whether the steps of this module are right for `model`: no window, and angles that depend on the position alone."""
    return _looks_at_everything(model, capacity_tokens) and model.model.rotary_emb.rope_type in _FIXED_ROTARY


def _looks_at_everything(model: Any, capacity_tokens: int) -> bool:
    """Whether no layer has a window shorter than the cache."""
    window = getattr(model.config, "sliding_window", None)
    return window is None or window >= capacity_tokens


class TokenStep:
    """A step over the rows in use: the shortest one where every operation is called from Python anyhow."""

    can_stop_inside = True

    def __init__(self, model: Any, cache: PrefixCache) -> None:
        import torch

        self._model = model
        self._cache = cache
        with torch.inference_mode():
            self._positions = torch.arange(cache.capacity_tokens, device=model.device)
            # cos and sin of a whole row of positions at once: asked for one at a time on a busy CPU, the threads of MKL wait 16 ms for each other.
            like = torch.empty(0, dtype=model.dtype, device=model.device)
            self._cos, self._sin = model.model.rotary_emb(like, position_ids=self._positions[None])

    def run(self, token: int, position: int) -> Tensor:
        import torch

        here = slice(position, position + 1)
        angles = (self._cos[:, here], self._sin[:, here])
        return self.through_layers(torch.tensor([[token]], device=self._positions.device), self._positions[None, here], angles, None)[0]

    def prepare(self, position: int) -> None:
        """Nothing to do."""

    def through_layers(self, token: Tensor, position: Tensor, angles: tuple[Tensor, Tensor], mask: Tensor | None) -> Tensor:
        """The same as the `forward` of the four architectures in `checkpoint.ARCHITECTURES`, for one token of each row of `token` [batch, 1];
        returns the logits behind them, float32 [batch, vocabulary]."""
        decoder = self._model.model
        hidden = decoder.embed_tokens(token)
        for layer in decoder.layers:
            hidden = layer(
                hidden,
                attention_mask=mask,
                position_ids=position,
                cache=self._cache.for_model,
                use_cache=True,
                position_embeddings=angles,
            )
        logits: Tensor = self._model.lm_head(decoder.norm(hidden))[:, -1].float()
        return logits

    def angles_at(self, position: Tensor) -> tuple[Tensor, Tensor]:
        """cos and sin for an int64 [n] on the device: [1, n, width]."""
        return self._cos.index_select(1, position), self._sin.index_select(1, position)


class FixedStep:
    """A step whose tensors keep their shapes and addresses: token and position are filled in, a mask hides the rows not yet written."""

    def __init__(self, model: Any, cache: PrefixCache) -> None:
        import torch

        self._step = TokenStep(model, cache)
        self._cache = cache
        self._dtype = model.dtype
        self._token = torch.zeros((1, 1), dtype=torch.int64, device=model.device)
        self._position = torch.zeros(1, dtype=torch.int64, device=model.device)
        self._index = torch.arange(cache.capacity_tokens, device=model.device)

    def rows(self, position: int) -> int:
        """How many rows a step at `position` looks at: the smallest bucket that holds it."""
        rows = _SMALLEST_ROWS
        while rows <= position:
            rows *= 2
        return min(rows, self._cache.capacity_tokens)

    def fill(self, token: int, position: int) -> None:
        """Set what the next `forward` reads."""
        self._token.fill_(token)
        self._position.fill_(position)

    def forward(self, rows: int) -> Tensor:
        """Read the token that was filled in; the cache is not told that it grew."""
        hidden_rows = self._index[:rows] > self._position
        mask = hidden_rows.to(self._dtype).masked_fill(hidden_rows, float("-inf"))[None, None, None]
        with self._cache.fixed(Place(self._position, rows)):
            return self._step.through_layers(self._token, self._position[None], self._step.angles_at(self._position), mask)[0]

    def run_unfixed(self, token: int, position: int) -> Tensor:
        """The same over the rows in use."""
        return self._step.run(token, position)


class GraphStep:
    """A `FixedStep` replayed from CUDA graphs, one for each bucket of rows, captured when it is first needed.

    Where capturing fails, for whatever reason, it says so in the log once and goes on without.
    """

    can_stop_inside = False

    def __init__(self, model: Any, cache: PrefixCache) -> None:
        self._fixed = FixedStep(model, cache)
        self._cache = cache
        self._graphs: dict[int, tuple[Any, Tensor]] = {}
        self._stream: Any = None
        self.captures = True
        """False after a capture failed."""

    def run(self, token: int, position: int) -> Tensor:
        self._fixed.fill(token, position)
        found = self._graph(self._fixed.rows(position))
        if found is None:
            return self._fixed.run_unfixed(token, position)
        graph, logits = found
        graph.replay()
        self._cache.lengthen_by_one()
        return logits

    def prepare(self, position: int) -> None:
        """Capture the graph for `position`, which writes a row there that nobody counts."""
        if position < self._cache.capacity_tokens:
            self._fixed.fill(0, position)
            self._graph(self._fixed.rows(position))

    def _graph(self, rows: int) -> tuple[Any, Tensor] | None:
        if rows not in self._graphs and self.captures:
            try:
                self._graphs[rows] = self._captured(rows)
            except Exception as error:  # a library that synchronizes, a driver too old, no memory: decoding goes on without graphs
                release_frames(error)
                self.captures = False
                self._graphs.clear()
                _log.warning("No CUDA graph of a decode step, going on without: %s", str(error).split("\n", 1)[0])
                free_memory()
        return self._graphs.get(rows)

    def _captured(self, rows: int) -> tuple[Any, Tensor]:
        import torch

        if self._stream is None:
            self._stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]  # torch's own annotation is missing
        self._stream.wait_stream(torch.cuda.current_stream())
        graph = torch.cuda.CUDAGraph()
        pool = next((other.pool() for other, _ in self._graphs.values()), None)
        # The outer `with` also restores the stream where the end of a broken capture raises.
        with torch.cuda.stream(self._stream):
            for _ in range(_WARM_UPS):
                self._fixed.forward(rows)
            # Other threads may use CUDA meanwhile.
            with torch.cuda.graph(graph, pool=pool, stream=self._stream, capture_error_mode="thread_local"):
                logits = self._fixed.forward(rows)
        torch.cuda.current_stream().wait_stream(self._stream)
        return graph, logits
