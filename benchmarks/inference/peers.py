"""What ours is built on, used as its own documentation says: xllamacpp's server, and `generate` of transformers."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.inference.timing import Timed


class RawLlama:
    """A `xllamacpp.Server`, token ids in, with a callback that only counts."""

    def __init__(self, file: Path, context_tokens: int, threads: int, *, as_ours: bool, cache_in_8_bits: bool = False) -> None:
        """`as_ours` takes the parameters that matter for speed as `solar_chat.engine.llama_server` sets them; else xllamacpp's own stay.

        `cache_in_8_bits` is what ours chose for this file on this machine.
        """
        import xllamacpp

        params = xllamacpp.CommonParams()
        params.model.path = str(file)
        params.n_ctx = context_tokens
        params.n_parallel = 1
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
        params.n_gpu_layers = 0
        params.hostnames, params.port = ["127.0.0.1"], 0
        params.verbosity = -1
        if as_ours:
            params.n_batch = params.n_ubatch = 64
            params.load_mode = xllamacpp.llama_load_mode.LLAMA_LOAD_MODE_MMAP
            params.no_extra_bufts = True
            params.fit_params = params.warmup = False
            params.cache_ram_mib = 0
            if cache_in_8_bits:
                params.cache_type_k = params.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_Q8_0
                params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_ENABLED
        self._server: Any = xllamacpp.Server(params)
        self._server.handle_metrics()

    def ask(self, ids: Sequence[int], reply_tokens: int) -> Timed:
        """Time one request."""
        body = {"prompt": list(ids), "n_predict": reply_tokens, "stream": True, "cache_prompt": True, "samplers": ["top_k"], "top_k": 1}
        last: dict[str, Any] = {}

        def count(chunk: dict[str, Any]) -> bool:
            last.update(chunk)
            return False

        started = time.perf_counter()
        self._server.handle_completions(body, count)
        seconds = time.perf_counter() - started
        if "usage" not in last:
            raise RuntimeError(f"llama.cpp did not answer: {last}")
        return Timed(seconds, len(ids), last["usage"]["completion_tokens"])


class _Clock:
    """The streamer that `generate` calls with the prompt, then with every token."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def put(self, tokens: Any) -> None:
        # The transfer is what a streamer that shows the token does, too; on CUDA it waits for the step.
        tokens.tolist()
        self.times.append(time.perf_counter())

    def end(self) -> None:
        """Nothing was held back."""


def generate(model: Any, ids: Sequence[int], reply_tokens: int) -> tuple[float, float]:
    """Seconds to the first token and tokens a second behind it, greedy, with the cache, attention, products and settings of its own."""
    import torch

    clock = _Clock()
    with _without_ours(model):
        started = time.perf_counter()
        prompt = torch.tensor([list(ids)], device=model.device)
        model.generate(prompt, do_sample=False, max_new_tokens=reply_tokens, min_new_tokens=reply_tokens, streamer=clock, pad_token_id=0)
    _, first, *_, last = clock.times
    return first - started, (reply_tokens - 1) / (last - first)


@contextlib.contextmanager
def _without_ours(model: Any) -> Iterator[None]:
    """`model` as transformers and bitsandbytes load it."""
    attention = model.config._attn_implementation
    model.set_attn_implementation("sdpa")
    products = [(module, vars(module).pop("forward")) for module in model.modules() if "forward" in vars(module)]
    try:
        yield
    finally:
        model.set_attn_implementation(attention)
        for module, forward in products:
            module.forward = forward
