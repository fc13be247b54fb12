"""The running server that the tests of this folder ask. Fixtures are in conftest.py."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import openai

from solar_chat import api
from solar_chat.api.server import base_url, listening, server
from solar_chat.assistant import Assistant
from solar_chat.conversation import Store
from solar_chat.engine import Backend, Engine
from solar_chat.i18n import Catalogue
from solar_chat.paths import Home
from solar_chat.settings import SettingsFile


@dataclass
class House:
    """A running server and the assistant behind it."""

    url: str
    assistant: Assistant
    engine: Engine

    def client(self, key: str = "unused", **options: Any) -> openai.OpenAI:
        return openai.OpenAI(base_url=self.url, api_key=key, max_retries=0, timeout=60, **options)

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """(status, headers, body) of a request made by hand; `body` as it is where it is bytes."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=60)
        sent = {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
        connection.request(method, path, body if isinstance(body, bytes | None) else json.dumps(body).encode(), sent)
        answer = connection.getresponse()
        found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        connection.close()
        return found

    def error(self, path: str, body: object, **headers: str) -> tuple[int, dict[str, Any]]:
        """(status, error object) of a POST that is refused."""
        status, _, answer = self.ask("POST", path, body, **headers)
        return status, json.loads(answer)["error"]


@contextlib.contextmanager
def opened(folder: Path, options: api.ApiOptions, backend: Backend | None = None) -> Iterator[House]:
    """Serve inside the block; without a `backend` the model in the box is loaded at the first need."""
    home = Home.find(folder).create()
    engine = Engine()
    if backend is not None:
        engine.load(lambda: backend)
    with Assistant(home, SettingsFile(home.settings), Store(home.history), Catalogue.load(), engine) as assistant, served(assistant, options) as url:
        yield House(url, assistant, engine)


@contextlib.contextmanager
def served(assistant: Assistant, options: api.ApiOptions) -> Iterator[str]:
    """The base URL of a server that runs inside the block."""
    with listening("127.0.0.1", 0) as bound:
        running = server(api.build(assistant, options))
        thread = threading.Thread(target=lambda: asyncio.run(running.serve([bound])), name="uvicorn", daemon=True)
        thread.start()
        assert eventually(lambda: running.started)
        try:
            yield base_url(bound)
        finally:
            running.should_exit = True
            thread.join(20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(claim: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether `claim` comes true in time."""
    end = time.monotonic() + seconds
    while not (true := claim()) and time.monotonic() < end:
        time.sleep(0.02)
    return true


USER = [{"role": "user", "content": "안녕?"}]


def body(**more: object) -> dict[str, Any]:
    """A chat request that is fine but for what is put into it."""
    return {"model": "solar", "messages": USER, **more}
