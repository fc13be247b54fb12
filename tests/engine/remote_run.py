"""One request to a remote backend, and what came of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Protocol

import pytest

from solar_chat.engine import Event, Finished, GenerationRequest, TextPiece, connect
from solar_chat.engine.remote import RemoteBackend
from solar_chat.errors import ModelError
from solar_chat.keys import ApiKey
from solar_chat.messages import Message
from tests.engine.openai_server import MODEL, OpenAIServer, Script, chunk, usage

KEY = ApiKey("up-secret-0123456789")
ASKED = GenerationRequest("unused", 100, messages=(Message("system", "짧게 답하십시오."), Message("user", "안녕?")))
END = (chunk("", "stop"), usage(11, 3))


class Start(Protocol):
    """`backend, server = start(script, owner="vllm", key=..., max_model_len=...)`; both are closed after the test."""

    def __call__(
        self, *scripts: Script, owner: str = "vllm", key: ApiKey | None = None, silence_s: float = 20, **told: object
    ) -> tuple[RemoteBackend, OpenAIServer]: ...


def started() -> Iterator[Start]:
    """The body of the fixture `start`."""
    with ExitStack() as opened:

        def start(
            *scripts: Script, owner: str = "vllm", key: ApiKey | None = None, silence_s: float = 20, **told: object
        ) -> tuple[RemoteBackend, OpenAIServer]:
            server = OpenAIServer(*scripts, owner=owner, **told)
            opened.callback(server.server_close)
            opened.callback(server.shutdown)
            backend = connect(server.url, MODEL, name="here", key=key, silence_s=silence_s)
            opened.callback(backend.close)
            return backend, server

        yield start


def run(backend: RemoteBackend, request: GenerationRequest = ASKED, stop: threading.Event | None = None) -> list[Event]:
    return list(backend.stream(request, stop or threading.Event()))


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextPiece))


def last(events: list[Event]) -> Finished:
    found = events[-1]
    assert isinstance(found, Finished)
    return found


def fails(backend: RemoteBackend, request: GenerationRequest = ASKED) -> tuple[ModelError, str]:
    """The error, and what was said before it."""
    seen: list[Event] = []
    with pytest.raises(ModelError) as caught:
        seen.extend(_kept(backend, request, seen))
    return caught.value, text_of(seen)


def _kept(backend: RemoteBackend, request: GenerationRequest, seen: list[Event]) -> list[Event]:
    for event in backend.stream(request, threading.Event()):
        seen.append(event)
    return []
