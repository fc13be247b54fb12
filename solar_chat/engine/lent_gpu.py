"""A GPU that is there only while a decorated function runs: ZeroGPU on a Hugging Face Space.

The weights are loaded in the main process, where `spaces` pretends that there is a GPU; each reply is written by a fork of it, which has one. The
rule: nothing but the request goes in and nothing but events comes out, because both are pickled; what the fork remembers, its keys and values first,
is gone with it. So nothing is read ahead, and a conversation is read anew for each reply unless the fork happens to live on.

`import_spaces` comes before torch, loading and `lend` come before the page is launched, all in the thread that will launch it: the pretence is that
thread's own, and the page's launch is when the weights are put where a fork finds them. Decorates nothing but the writing of a reply.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from typing import Final

from solar_chat.engine.batch import Batch
from solar_chat.engine.local import LocalBackend
from solar_chat.engine.protocol import Backend, Event, Feature, Finished, GenerationRequest, Prefilled, TextPiece
from solar_chat.errors import ModelError, NoTurn, SolarChatError, StartError

# What a reply may take: moving the weights and reading the prompt, then its tokens. It is asked of the visitor's quota before it begins, so rather
# too little than twice too much; a reply that takes longer is still finished as long as the GPU is free.
_BEFORE_FIRST_TOKEN_S: Final = 12
_TOKENS_A_SECOND: Final = 30
_LONGEST_S: Final = 60

Writer = Callable[[GenerationRequest], Generator[Event | SolarChatError, None, None]]

# The one thing that the fork finds by itself: a fork has this module as it was, and gets nothing else but the request.
_lent: list[LocalBackend] = []


def import_spaces() -> Writer:
    """What writes a reply on a lent GPU. Raises StartError `lent_gpu_late` where torch was there first, `lent_gpu_missing` without the package."""
    if "spaces" not in sys.modules and "torch" in sys.modules:
        raise StartError("lent_gpu_late")
    # The tokenizers' threads do not survive a fork.
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    try:
        import spaces
    except ImportError as error:
        raise StartError("lent_gpu_missing") from error
    writer: Writer = spaces.GPU(_write, duration=seconds_for)
    return writer


def lend(backend: Backend, writer: Writer) -> Backend:
    """`backend`, whose replies are written on the lent GPU; as it is where it does not run on one."""
    if not isinstance(backend, LocalBackend) or backend.device != "cuda":
        return backend
    _lent[:] = [backend]
    return LentGpuBackend(backend, writer)


def seconds_for(request: GenerationRequest) -> int:
    """How long the GPU is asked for."""
    return min(_LONGEST_S, _BEFORE_FIRST_TOKEN_S + request.max_reply_tokens // _TOKENS_A_SECOND)


def _write(request: GenerationRequest) -> Generator[Event | SolarChatError, None, None]:
    """Runs in the fork. An error is handed over as a value: raised here, its class and its parameters would be lost."""
    try:
        # Stopping is closing this generator.
        yield from _lent[0].stream(request, threading.Event())
    except SolarChatError as error:
        yield error


class LentGpuBackend:
    """A model whose weights are here and whose replies are written elsewhere."""

    def __init__(self, local: LocalBackend, writer: Writer) -> None:
        self._local = local
        self._writer = writer
        self.name = local.name
        self.context_tokens = local.context_tokens
        self.device = local.device
        self.reads_ahead = False
        self.can_continue = local.can_continue
        self.features: frozenset[Feature] = local.features

    def count_tokens(self, text: str) -> int:
        return self._local.count_tokens(text)

    def batch(self) -> Batch | None:
        """Each reply has a GPU of its own."""
        return None

    def stream(self, request: GenerationRequest, stop: threading.Event) -> Iterator[Event]:
        """See `Backend`. Raises NoTurn `gpu_quota`, `gpu_busy`, ModelError `gpu_failed`, and what the model raises.

        A Stop is noticed at the next event, and what the model then still holds back (part of a character or of a stop string) is not said.
        """
        started = time.perf_counter()
        prompt_tokens = reply_tokens = 0
        with contextlib.closing(self._writer(request)) as written:
            for event in _mapped(written, self.name):
                if isinstance(event, SolarChatError):
                    raise event
                if isinstance(event, Prefilled):
                    prompt_tokens = event.prompt_tokens
                elif isinstance(event, TextPiece):
                    reply_tokens = event.reply_tokens
                yield event
                if stop.is_set() and not isinstance(event, Finished):
                    yield Finished("cancelled", prompt_tokens, reply_tokens, time.perf_counter() - started)
                    return

    def close(self) -> None:
        _lent.clear()
        self._local.close()


def _mapped(written: Iterator[Event | SolarChatError], model: str) -> Iterator[Event | SolarChatError]:
    """The errors of `spaces`, which are the page's own kind, in the words of `solar_chat.errors`."""
    try:
        yield from written
    except SolarChatError:
        raise
    except Exception as error:  # `spaces` raises Gradio's class for messages, RuntimeError, and what its HTTP client raises
        title = str(getattr(error, "title", "")).lower()
        if ("quota" in title and "timeout" not in title) or "credits" in title:
            raise NoTurn("gpu_quota") from error
        if "queue" in title or "client error" in title:
            raise NoTurn("gpu_busy") from error
        raise ModelError("gpu_failed", model=model, reason=str(error).split("\n", 1)[0]) from error
