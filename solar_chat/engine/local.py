"""A model in this process: transformers layers, our own decode loop.

Prefill runs in chunks and reuses the KV cache of the previous request as far as the token ids agree; a Stop breaks off between two layers, also
in prefill. The rule: `_read` lists exactly the tokens whose keys and values every layer of the cache holds. One caller at a time; the worker
queues them. Does not load (`loading.py`) and knows no templates.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from solar_chat.engine.batch import Batch
from solar_chat.engine.cache import PrefixCache, shared_tokens
from solar_chat.engine.memory import free_memory, is_out_of_memory, release_frames
from solar_chat.engine.protocol import Event, Feature, Finished, FinishReason, GenerationRequest, Prefilled
from solar_chat.engine.replying import NotNumbers, Picker, Reply
from solar_chat.engine.scoring import Scores
from solar_chat.engine.token_step import Step, has_fixed_steps, open_step
from solar_chat.engine.tokenizer import TextTokenizer
from solar_chat.engine.transcript import Transcript
from solar_chat.errors import ModelError, OutOfMemory

if TYPE_CHECKING:
    from torch import Tensor

# Long enough to use the matrix units: on a CPU 200 tokens in 4 bits take half as long in one piece as in pieces of 64. Short enough that progress
# moves: 10.7B parameters read 5 to 50 tokens a second there, so that a piece takes 5 to 50 s.
CHUNK_TOKENS = {"cpu": 256, "mps": 128, "cuda": 256}
# While somebody else may want the model in between: other replies, or a draft that is typed on, which loses the chunk that was being read.
SHORT_CHUNK_TOKENS = CHUNK_TOKENS | {"cpu": 64}


class _StopSignal(Exception):
    """Raised inside the model to leave a forward pass."""


class LocalBackend:
    """A causal language model of transformers with an ordinary KV cache, on one device."""

    def __init__(
        self,
        model: Any,
        tokenizer: TextTokenizer,
        *,
        name: str,
        context_tokens: int,
        end_ids: frozenset[int],
        threads: int | None = None,
        seats: int = 0,
    ) -> None:
        """`model` is a loaded `...ForCausalLM` in eval mode; `end_ids` are the tokens that end a reply.

        `threads` is how many CPU threads it may use, None for torch's own choice; `seats` how many replies may be made together.
        """
        self._model: Any = model
        self._tokenizer = tokenizer
        self.name = name
        self.reads_ahead = True
        self.can_continue = True
        self.features: frozenset[Feature] = frozenset({"raw_prompt", "logprobs", "prompt_logprobs"})
        self.context_tokens = context_tokens
        self._end_ids = end_ids
        self._device: Any = model.device
        self.device = str(self._device.type)
        self._threads = threads
        self._batch: Batch | None = None
        if seats and has_fixed_steps(model, context_tokens):
            self._batch = Batch(
                model,
                self._encoded_apart,
                tokenizer,
                name=name,
                context_tokens=context_tokens,
                end_ids=end_ids,
                seats=seats,
                chunk_tokens=_for_device(SHORT_CHUNK_TOKENS, self.device),
            )
        self._stop: threading.Event | None = None
        self._read: list[int] = []
        self._cache: PrefixCache | None = None
        self._step: Step | None = None
        self._transcript: Transcript | None = None
        for layer in model.model.layers:
            layer.register_forward_pre_hook(self._leave_if_stopped)

    def count_tokens(self, text: str) -> int:
        return len(self._tokenizer.encode(text))

    def batch(self) -> Batch | None:
        return self._batch

    def stream(self, request: GenerationRequest, stop: threading.Event) -> Iterator[Event]:
        """See `Backend`. With `max_reply_tokens` 0 it only reads the prompt, so that a later request finds it in the cache.

        Raises ModelError `engine_closed`, `prompt_empty`, `prompt_unknown_token`, `prompt_too_long`, `generation_failed`, and OutOfMemory
        `memory_generating`.
        """
        started = time.perf_counter()
        if self._model is None:
            raise ModelError("engine_closed")
        prompt = self._encoded(request)
        if not prompt:
            raise ModelError("prompt_empty")
        room = self.context_tokens - len(prompt)
        if room < min(1, request.max_reply_tokens):
            raise ModelError("prompt_too_long", tokens=len(prompt), context=self.context_tokens)
        self._transcript = transcript = Transcript(request.prompt, prompt)
        if request.prompt_ids:
            # Without its text nothing could be recognised as its continuation.
            self._transcript = None
        reply = Reply(request, self._tokenizer, transcript)
        scores = Scores(self._tokenizer, request.logprobs or 0) if request.score_prompt else None
        reason: FinishReason = "cancelled"
        try:
            # Without a reply somebody waits only for the prompt's own scores; what else has none is read ahead.
            waited_for = request.max_reply_tokens or request.score_prompt
            chunk = _for_device(CHUNK_TOKENS if waited_for else SHORT_CHUNK_TOKENS, self.device)
            logits = yield from self._prefill(prompt, chunk, stop, scores)
            if not request.max_reply_tokens:
                self._prepare()
            reason = yield from self._decode(logits, prompt, request, min(request.max_reply_tokens, room), reply, stop)
        except _StopSignal:
            pass
        except Exception as error:  # torch and tokenizers raise whatever they like
            release_frames(error)
            if is_out_of_memory(error):
                raise OutOfMemory("memory_generating", model=self.name) from error
            raise ModelError("generation_failed", model=self.name, reason=str(error).split("\n", 1)[0]) from error
        if rest := reply.end():
            yield reply.piece(rest)
        yield Finished(reason, len(prompt), reply.tokens, time.perf_counter() - started)

    def close(self) -> None:
        self._model = self._cache = self._step = self._transcript = self._batch = None
        self._read = []
        free_memory()

    def _encoded(self, request: GenerationRequest) -> list[int]:
        """Token ids of the prompt; those the model itself wrote where it continues the last reply."""
        continued = None if request.prompt_ids or self._transcript is None else self._transcript.ids_of(request.prompt)
        return continued or self._encoded_apart(request)

    def _encoded_apart(self, request: GenerationRequest) -> list[int]:
        """Token ids of the prompt, whatever was said before."""
        self._use_threads()
        if request.prompt_ids:
            # A number without an embedding is an assertion on CUDA, after which the device is unusable until the process ends.
            vocabulary = self._model.get_input_embeddings().num_embeddings
            if not all(0 <= token < vocabulary for token in request.prompt_ids):
                raise ModelError("prompt_unknown_token", tokens=vocabulary)
            return list(request.prompt_ids)
        return self._tokenizer.encode_prompt(request.prompt)

    def _prefill(self, prompt: list[int], chunk: int, stop: threading.Event, scores: Scores | None) -> Generator[Event, None, Tensor]:
        """Read `prompt` from where the cache agrees with it, at most `chunk` tokens at a time; returns the logits behind its last token.

        With `scores` it is read from the start.
        """
        self._use_threads()
        done = reused = self._rewind(prompt if scores is None else [])
        yield Prefilled(done, len(prompt), reused)
        # Of one length: a last one of a few tokens would unpack every weight once more for them.
        left = len(prompt) - done
        chunk = math.ceil(left / math.ceil(left / chunk))
        while True:
            start, rows = done, self._run(prompt[done : done + chunk], stop, every=scores is not None)
            done = len(self._read)
            yield Prefilled(done, len(prompt), reused, scores.prompt(prompt, start, rows) if scores is not None else ())
            if done == len(prompt):
                return rows[-1]

    def _decode(
        self, logits: Tensor, prompt: list[int], request: GenerationRequest, limit: int, reply: Reply, stop: threading.Event
    ) -> Generator[Event, None, FinishReason]:
        """Generate up to `limit` tokens; returns why it ended."""
        picker = Picker(request, prompt, self._tokenizer, self._end_ids, logits)
        while reply.tokens < limit:
            if stop.is_set():
                return "cancelled"
            try:
                token = picker.pick(logits)
            except NotNumbers:
                self._forget()
                raise
            if token in picker.end_ids:
                return "stop"
            if text := reply.push(token, logits):
                yield reply.piece(text)
            if reply.scanner.stopped:
                return "stop"
            if reply.tokens < limit:
                logits = self._run([token], stop)[-1]
        return "length"

    def _use_threads(self) -> None:
        if self._threads is not None:
            import torch

            # OpenMP keeps this number per thread, so the one that generates sets it.
            torch.set_num_threads(self._threads)

    def _rewind(self, prompt: list[int]) -> int:
        """Shorten the cache to what it shares with `prompt`, leaving at least one token to run; returns that length."""
        shared = shared_tokens(self._read, prompt)
        if self._cache is None:
            self._cache = PrefixCache(self._model.config.num_hidden_layers, self.context_tokens, zeroed=self._device.type == "cuda")
            self._step = open_step(self._model, self._cache)
        self._cache.shorten_to(shared)
        del self._read[shared:]
        return shared

    def _run(self, ids: list[int], stop: threading.Event, *, every: bool = False) -> Tensor:
        """Read `ids`; returns the logits behind the last one, or behind `every` one, as float32 [n, vocabulary]."""
        import torch

        assert self._cache is not None
        # The first token of all reserves the buffers, which a step of fixed shape needs.
        step = self._step if len(ids) == 1 and self._read else None
        self._stop = stop if step is None or step.can_stop_inside else None
        try:
            with torch.inference_mode():
                if step is not None:
                    logits = step.run(ids[0], len(self._read))[None]
                else:
                    tokens = torch.tensor([ids], device=self._device)
                    read = self._model.model(input_ids=tokens, cache=self._cache.for_model, use_cache=True)
                    rows = read.last_hidden_state[0]
                    # As a matrix: for a slice of three dimensions a CPU first copies the whole head, 262 MB and a second of SOLAR's.
                    logits = self._model.lm_head(rows if every else rows[-1:]).float()
        except _StopSignal:
            self._cache.shorten_to(len(self._read))
            raise
        except BaseException:
            self._forget()
            raise
        finally:
            self._stop = None
        self._read += ids
        return logits

    def _prepare(self) -> None:
        """Whoever reads a prompt early has time for what the first token would wait for."""
        import torch

        if self._step is not None:
            with torch.inference_mode():
                self._step.prepare(len(self._read))

    def _forget(self) -> None:
        """Start from nothing rather than from rows that are half written, not allocated or not numbers."""
        self._cache = self._step = None
        self._read = []

    def _leave_if_stopped(self, _module: Any, _inputs: Any) -> None:
        if self._stop is not None and self._stop.is_set():
            raise _StopSignal


def _for_device(tokens: Mapping[str, int], device: str) -> int:
    return tokens.get(device, tokens["cpu"])
