"""A backend that says exactly what a test tells it.

No weights and no chance: `enqueue` a reply, and the next request gets it, through the same stop strings, limits and Stop as a real model. It
records the requests it was given. Not a model: its tokens are words.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from solar_chat.engine.protocol import Event, Feature, Finished, FinishReason, GenerationRequest, Prefilled, TextPiece
from solar_chat.engine.stops import StopScanner
from solar_chat.errors import ModelError


@dataclass(frozen=True, slots=True)
class Script:
    """One reply: its pieces (a token each), the pause before each in seconds, and what to raise behind the last."""

    pieces: tuple[str, ...]
    delay_s: float = 0.0
    error: BaseException | None = None


class ScriptedBackend:
    """Replies in the order they were enqueued; `default` answers when none is left."""

    def __init__(self, *replies: Iterable[str], default: Iterable[str] | None = None, context_tokens: int = 4096, name: str = "scripted") -> None:
        self.requests: list[GenerationRequest] = []
        """What was asked, in order."""
        self.closed = False
        self._scripts = deque(Script(_pieces(reply)) for reply in replies)
        self._default = None if default is None else Script(_pieces(default))
        self.context_tokens = context_tokens
        self.name = name
        self.reads_ahead = True
        self.device = "cpu"
        self.can_continue = True
        self.features: frozenset[Feature] = frozenset({"raw_prompt"})
        self._last_prompt = ""

    def enqueue(self, pieces: Iterable[str], *, delay_s: float = 0.0, error: BaseException | None = None) -> None:
        """Say `pieces` to a coming request; a plain string is one piece."""
        self._scripts.append(Script(_pieces(pieces), delay_s, error))

    def batch(self) -> None:
        return None

    def count_tokens(self, text: str) -> int:
        """Words between white space."""
        return len(text.split())

    def stream(self, request: GenerationRequest, stop: threading.Event) -> Iterator[Event]:
        """See `Backend`. Raises LookupError where the script is at its end: the test asked for more than it wrote."""
        started = time.perf_counter()
        if self.closed:
            raise ModelError("engine_closed")
        self.requests.append(request)
        prompt_tokens = self.count_tokens(request.prompt)
        if prompt_tokens + min(1, request.max_reply_tokens) > self.context_tokens:
            raise ModelError("prompt_too_long", tokens=prompt_tokens, context=self.context_tokens)
        reused = self._reused(request.prompt)
        yield Prefilled(reused, prompt_tokens, reused)
        if stop.is_set():
            yield Finished("cancelled", prompt_tokens, 0, time.perf_counter() - started)
            return
        yield Prefilled(prompt_tokens, prompt_tokens, reused)
        limit = min(request.max_reply_tokens, self.context_tokens - prompt_tokens)
        if not limit:
            yield Finished("length", prompt_tokens, 0, time.perf_counter() - started)
            return
        script = self._next()
        scanner = StopScanner(request.stop)
        reason: FinishReason = "stop"
        tokens = 0
        for piece in script.pieces:
            if stop.wait(script.delay_s) if script.delay_s else stop.is_set():
                reason = "cancelled"
                break
            if tokens == limit:
                reason = "length"
                break
            tokens += 1
            if text := scanner.push(piece):
                yield TextPiece(text, tokens)
            if scanner.stopped:
                break
        if script.error is not None and reason == "stop" and not scanner.stopped:
            raise script.error
        if rest := scanner.flush():
            yield TextPiece(rest, tokens)
        yield Finished(reason, prompt_tokens, tokens, time.perf_counter() - started)

    def close(self) -> None:
        self.closed = True

    def _next(self) -> Script:
        if self._scripts:
            return self._scripts.popleft()
        if self._default is None:
            raise LookupError("a reply was asked for and none is enqueued")
        return self._default

    def _reused(self, prompt: str) -> int:
        """Words shared with the prompt before, one always left to run: what a KV cache would reuse."""
        words, before = prompt.split(), self._last_prompt.split()
        self._last_prompt = prompt
        shared = 0
        while shared < min(len(words) - 1, len(before)) and words[shared] == before[shared]:
            shared += 1
        return shared


def _pieces(reply: Iterable[str]) -> tuple[str, ...]:
    return (reply,) if isinstance(reply, str) else tuple(reply)
