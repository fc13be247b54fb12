"""llama.cpp's server, as `xllamacpp` carries it in this process: whether it may be started, how, and one request to it.

The rule: the file is mapped and nothing is stored beside it, and nobody else can reach the model: the HTTP port that the server insists on is closed,
or asks for a random key. Knows no prompts and no events.
"""

from __future__ import annotations

import importlib.util
import os
import queue
import secrets
import sys
import tempfile
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

from solar_chat.engine.json_grammar import JSON_OBJECT
from solar_chat.engine.protocol import GenerationRequest
from solar_chat.errors import ModelError
from solar_chat.hardware import Hardware

# A Stop in prefill takes effect between two of these. On a CPU 64 tokens are read as fast, one by one, as 512 are.
BATCH_TOKENS: Final = {"cpu": 64, "mps": 256}
# More than any model has.
_ALL_LAYERS: Final = 999
# Nothing is written to the terminal, errors neither: what they say reaches the person as a ModelError.
_SILENT: Final = -1
# sockaddr_un holds 104 bytes on macOS, 108 on Linux.
_LONGEST_SOCKET_PATH: Final = 100
_SEEDS: Final = 0xFFFF_FFFF
"""Below the number by which llama.cpp means a random seed."""


def require_llama_cpp(model: str, path: Path, hardware: Hardware) -> None:
    """Raises ModelError `cpu_too_old` where the library would kill the process, `package_missing` where it is not installed."""
    if hardware.missing_for_llama_cpp:
        # No error of Python's would follow: the first product ends in an illegal instruction.
        raise ModelError("cpu_too_old", model=model, missing=", ".join(hardware.missing_for_llama_cpp))
    if importlib.util.find_spec("xllamacpp") is None:
        raise ModelError("package_missing", path=path, packages="xllamacpp")


def open_server(path: Path, context_tokens: int, device: str, threads: int, *, cache_in_8_bits: bool) -> Any:
    """llama.cpp's server with the file at `path`. Raises RuntimeError, without a reason, where it cannot load it."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx = context_tokens
    params.n_parallel = 1
    params.n_batch = params.n_ubatch = BATCH_TOKENS[device]
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.n_gpu_layers = _ALL_LAYERS if device == "mps" else 0
    params.load_mode = xllamacpp.llama_load_mode.LLAMA_LOAD_MODE_MMAP
    # Else most weights stand in memory a second time, rearranged: 1,633 instead of 1,032 MB for six layers of SOLAR's width, and no faster.
    params.no_extra_bufts = True
    if cache_in_8_bits:
        params.cache_type_k = params.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_Q8_0
        # Without it values stay in 16 bits, and loading fails.
        params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_ENABLED
    # It would keep earlier conversations in up to 8 GB of memory.
    params.cache_ram_mib = 0
    # Sizes are ours to decide, and a warm-up reads the whole file before anybody asked for something.
    params.fit_params = params.warmup = False
    params.verbosity = _SILENT
    params.ui = params.endpoint_slots = False
    params.n_threads_http = 1
    params.endpoint_metrics = True
    params.api_keys = [secrets.token_urlsafe(32)]
    return _unreachable(xllamacpp.Server, params)


def _unreachable(server_class: Any, params: Any) -> Any:
    """Start the server where nobody can connect: on a socket file of ours that is removed; else on a free loopback port, behind its key."""
    with tempfile.TemporaryDirectory(prefix="solar-chat-") as folder:
        socket = os.path.join(folder, "llama.sock")
        if sys.platform != "win32" and len(os.fsencode(socket)) <= _LONGEST_SOCKET_PATH:
            params.hostnames = [socket]
        else:
            params.hostnames, params.port = ["127.0.0.1"], 0
        server = server_class(params)
    # Answered by the loop that runs the model, which begins a moment after the server is there: one that is closed before that never ends.
    server.handle_metrics()
    return server


def body_of(prompt: list[int], limit: int, request: GenerationRequest) -> dict[str, Any]:
    """The request as llama.cpp's completion endpoint reads it."""
    sampling = request.sampling
    greedy = sampling.temperature <= 0
    # The same steps in the same order as `sampling.shape_logits`; whatever is off leaves the logits as they are.
    steps = ["penalties", "top_k"] if greedy else ["penalties", "temperature", "top_k", "top_p", "min_p"]
    return {
        "prompt": prompt,
        "n_predict": limit,
        "stream": True,
        "cache_prompt": True,
        "return_progress": True,
        "timings_per_token": True,
        # For the token's id, which nothing else in the answer holds; of the few candidates that sampling left, it costs nothing.
        "n_probs": max(1, request.logprobs or 0),
        "post_sampling_probs": request.logprobs is None,
        "grammar": JSON_OBJECT if request.json_object else "",
        "samplers": steps,
        "temperature": sampling.temperature,
        "top_k": 1 if greedy else sampling.top_k,
        "top_p": sampling.top_p if 0 < sampling.top_p < 1 else 1.0,
        "min_p": sampling.min_p,
        "repeat_penalty": sampling.repetition_penalty,
        "repeat_last_n": len(prompt) + limit if sampling.repetition_penalty != 1.0 else 0,
        "seed": secrets.randbelow(_SEEDS) if sampling.seed is None else sampling.seed % _SEEDS,
    }


def answer_to(server: Any, body: dict[str, Any], stop: threading.Event) -> Generator[dict[str, Any], None, None]:
    """What llama.cpp answers, as it comes. Ends within one token, or one batch of the prompt, after `stop` or when the iterator is closed."""
    items: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
    left = threading.Event()

    def take(chunk: dict[str, Any]) -> bool:
        items.put(chunk)
        return left.is_set() or stop.is_set()

    def run() -> None:
        try:
            server.handle_completions(body, take)
        except Exception as error:  # xllamacpp raises what C++ throws, as RuntimeError and others
            items.put({"error": {"message": str(error)}})
        items.put(None)

    # The call only returns at the end of the reply, so it waits in a thread of its own.
    thread = threading.Thread(target=run, name="llama.cpp", daemon=True)
    thread.start()
    try:
        while (item := items.get()) is not None:
            yield item
    finally:
        left.set()
        thread.join()
