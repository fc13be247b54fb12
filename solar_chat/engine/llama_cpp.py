"""A GGUF model in this process: llama.cpp, through the server that `xllamacpp` carries.

Token ids go in, a callback brings text and can stop, and the keys and values of the last request stay for the next. The rule: the file is mapped and
nothing is stored beside it, and nobody else can reach the model: the HTTP port that the server insists on is closed, or asks for a random key. One
caller at a time; the worker queues them.
"""

from __future__ import annotations

import contextlib
import os
import queue
import secrets
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, Final

from solar_chat.engine.gguf_file import GgufFile
from solar_chat.engine.gguf_tokenizer import writes_leading_space
from solar_chat.engine.json_grammar import JSON_OBJECT
from solar_chat.engine.protocol import Event, Feature, Finished, FinishReason, GenerationRequest, Prefilled, ScoredToken, TextPiece
from solar_chat.engine.scoring import Scores, chance
from solar_chat.engine.stops import StopScanner
from solar_chat.engine.tokenizer import TextTokenizer
from solar_chat.engine.transcript import Transcript
from solar_chat.errors import ModelError, OutOfMemory

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


class LlamaCppBackend:
    """A GGUF file opened by llama.cpp."""

    def __init__(self, file: GgufFile, tokenizer: TextTokenizer, *, name: str, context_tokens: int, device: str, threads: int) -> None:
        """Maps the file. Raises ImportError without xllamacpp, RuntimeError where llama.cpp cannot load it, without a reason."""
        self._server: Any = _open_server(file.path, context_tokens, device, threads)
        self._tokenizer = tokenizer
        self.name = name
        self.reads_ahead = True
        self.can_continue = True
        self.features: frozenset[Feature] = frozenset({"raw_prompt", "logprobs", "json"})
        self.context_tokens = context_tokens
        self.device = device
        self._leading_space = writes_leading_space(file)
        self._byte_ids = {byte: token for byte in range(256) if (token := tokenizer.tokenizer.token_to_id(f"<0x{byte:02X}>")) is not None}
        self._transcript: Transcript | None = None

    def count_tokens(self, text: str) -> int:
        return len(self._tokenizer.encode(text))

    def stream(self, request: GenerationRequest, stop: threading.Event) -> Iterator[Event]:
        """See `Backend`. With `max_reply_tokens` 0 it only reads the prompt, so that a later request finds it in the cache.

        Raises ModelError `engine_closed`, `prompt_empty`, `prompt_unknown_token`, `prompt_too_long`, `generation_failed`, and OutOfMemory
        `memory_generating`. Of a character that took several tokens only the last one is scored: llama.cpp tells no more.
        """
        started = time.perf_counter()
        if self._server is None:
            raise ModelError("engine_closed")
        prompt = self._encoded(request)
        if not prompt:
            raise ModelError("prompt_empty")
        room = self.context_tokens - len(prompt)
        if room < min(1, request.max_reply_tokens):
            raise ModelError("prompt_too_long", tokens=len(prompt), context=self.context_tokens)
        limit = min(request.max_reply_tokens, room)
        # Without its text nothing could be recognised as its continuation.
        self._transcript = None if request.prompt_ids else Transcript(request.prompt, prompt)
        reply = _Reply(self._tokenizer, self._transcript, request, self._byte_ids, drops_space=self._leading_space)
        reason: FinishReason = "cancelled"
        if not stop.is_set():
            with contextlib.closing(_chunks(self._server, _body(prompt, limit, request), stop)) as chunks:
                reason = yield from self._read(chunks, len(prompt), limit, reply, stop)
        if rest := reply.scanner.flush():
            yield reply.piece(rest)
        yield Finished(reason, len(prompt), reply.tokens, time.perf_counter() - started)

    def close(self) -> None:
        # The last reference: its destructor ends llama.cpp's threads, unmaps the file and frees the cache.
        self._server = self._transcript = None

    def _encoded(self, request: GenerationRequest) -> list[int]:
        """Token ids of the prompt; those the model itself wrote where it continues the last reply."""
        if request.prompt_ids:
            vocabulary = self._tokenizer.vocabulary_size
            if not all(0 <= token < vocabulary for token in request.prompt_ids):
                raise ModelError("prompt_unknown_token", tokens=vocabulary)
            return list(request.prompt_ids)
        continued = self._transcript.ids_of(request.prompt) if self._transcript is not None else None
        return continued or self._tokenizer.encode_prompt(request.prompt)

    def _read(
        self, chunks: Iterator[dict[str, Any]], prompt_tokens: int, limit: int, reply: _Reply, stop: threading.Event
    ) -> Generator[Event, None, FinishReason]:
        """Turn llama.cpp's answer into events; returns why it ended."""
        for chunk in chunks:
            if "error" in chunk:
                raise self._failure(chunk["error"], prompt_tokens)
            if progress := chunk.get("prompt_progress"):
                yield Prefilled(progress["processed"], progress["total"], progress["cache"])
            elif (ended := chunk["choices"][0]["finish_reason"]) == "length":
                # Tokens of a character that was never finished are counted, too.
                reply.tokens = min(limit, chunk["usage"]["completion_tokens"])
                return "length"
            elif ended:
                return "stop"
            elif limit and (text := reply.push(chunk)):
                yield reply.piece(text)
            if reply.ended:
                return "stop"
            if stop.is_set():
                break
        return "cancelled"

    def _failure(self, error: dict[str, Any], prompt_tokens: int) -> ModelError:
        reason = str(error.get("message", "?")).split("\n", 1)[0]
        if error.get("type") == "exceed_context_size_error":
            return ModelError("prompt_too_long", tokens=prompt_tokens, context=self.context_tokens)
        if "memory" in reason.lower():
            return OutOfMemory("memory_generating", model=self.name)
        return ModelError("generation_failed", model=self.name, reason=reason)


class _Reply:
    """Where one reply stands, chunk by chunk."""

    def __init__(
        self, tokenizer: TextTokenizer, transcript: Transcript | None, request: GenerationRequest, byte_ids: dict[int, int], *, drops_space: bool
    ) -> None:
        self.scanner = StopScanner(request.stop)
        self.tokens = 0
        self._special = tokenizer.special_ids
        # A stop string that is one token of its own ends the reply by id, because special tokens have no text to compare.
        self._end_ids = {index for text in request.stop if (index := tokenizer.added_id(text)) is not None}
        self._transcript = transcript
        self._tokenizer = tokenizer
        self._scores = None if request.logprobs is None else Scores(tokenizer, request.logprobs)
        self._byte_ids = byte_ids
        self._drops_space = drops_space
        self._stopped_by_token = False

    @property
    def ended(self) -> bool:
        """Whether a stop string was met."""
        return self._stopped_by_token or self.scanner.stopped

    def push(self, chunk: dict[str, Any]) -> str:
        """The text that may be shown now. A chunk brings the characters that one or more tokens completed, and the last one's id."""
        choice = chunk["choices"][0]
        text: str = choice["text"]
        token = choice["logprobs"]["content"][0]["id"]
        if token in self._end_ids:
            self._stopped_by_token = True
            return ""
        said = chunk["timings"]["predicted_n"]
        if token in self._special and not text:
            # It ends the reply, or the next chunk counts it.
            ids: list[int] | None = [token]
        else:
            ids = self._ids(token, text, said - self.tokens)
            self.tokens = said
        if text and self._drops_space:
            text, self._drops_space = text.removeprefix(" "), False
        self._remember(ids, text)
        if self._scores is not None and text:
            self._scores.append(self._scored(choice["logprobs"]["content"][0], text, self._scores.likeliest))
        return self.scanner.push(text)

    def piece(self, text: str) -> TextPiece:
        """`text` as it is shown."""
        return TextPiece(text, self.tokens, self._scores.take(text) if self._scores is not None else ())

    def _scored(self, told: dict[str, Any], text: str, likeliest: int) -> ScoredToken:
        """llama.cpp calls the last token of a character by the whole character, so it is spelled here."""
        raw_of = self._tokenizer.raw_of
        best = tuple(chance(raw_of(each["id"]), each["logprob"]) for each in told["top_logprobs"][:likeliest])
        return ScoredToken(chance(raw_of(told["id"]), told["logprob"]), best, text)

    def _ids(self, token: int, text: str, count: int) -> list[int] | None:
        """The `count` tokens that completed `text`, the last of which is `token`; None where only llama.cpp knows them."""
        if count == 1:
            return [token]
        spelled = [self._byte_ids.get(byte, -1) for byte in text.encode()]
        return spelled if len(spelled) == count and spelled[-1] == token and -1 not in spelled else None

    def _remember(self, ids: list[int] | None, text: str) -> None:
        if ids is None:
            # From here on the reply is continued by its text instead.
            self._transcript = None
        if self._transcript is not None and ids:
            for index in ids[:-1]:
                self._transcript.add(index, "")
            self._transcript.add(ids[-1], text)


def _open_server(path: Path, context_tokens: int, device: str, threads: int) -> Any:
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


def _body(prompt: list[int], limit: int, request: GenerationRequest) -> dict[str, Any]:
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


def _chunks(server: Any, body: dict[str, Any], stop: threading.Event) -> Generator[dict[str, Any], None, None]:
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
