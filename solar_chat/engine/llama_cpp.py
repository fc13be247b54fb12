"""A GGUF model in this process: llama.cpp, through the server that `xllamacpp` carries.

Token ids go in, a callback brings text and can stop, and the keys and values of the last request stay for the next. The rule: a chunk's text is whole
characters and its tokens are known, or the transcript ends. One caller at a time; the worker queues them. How the library is started: `llama_server`.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Generator, Iterator
from typing import Any

from solar_chat.engine.gguf_file import GgufFile
from solar_chat.engine.gguf_tokenizer import writes_leading_space
from solar_chat.engine.llama_server import answer_to, body_of, open_server
from solar_chat.engine.protocol import Event, Feature, Finished, FinishReason, GenerationRequest, Prefilled, ScoredToken, TextPiece
from solar_chat.engine.scoring import Scores, chance
from solar_chat.engine.stops import StopScanner
from solar_chat.engine.tokenizer import TextTokenizer
from solar_chat.engine.transcript import Transcript
from solar_chat.errors import ModelError, OutOfMemory


class LlamaCppBackend:
    """A GGUF file opened by llama.cpp."""

    def __init__(
        self,
        file: GgufFile,
        tokenizer: TextTokenizer,
        *,
        name: str,
        context_tokens: int,
        device: str,
        threads: int,
        cache_in_8_bits: bool = False,
    ) -> None:
        """Maps the file. Raises ImportError without xllamacpp, RuntimeError where llama.cpp cannot load it, without a reason."""
        self._server: Any = open_server(file.path, context_tokens, device, threads, cache_in_8_bits=cache_in_8_bits)
        self.cache_in_8_bits = cache_in_8_bits
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

    def batch(self) -> None:
        return None

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
            with contextlib.closing(answer_to(self._server, body_of(prompt, limit, request), stop)) as chunks:
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
