"""The same door beside the page, on the page's port: its own rules, and Gradio's streams do not hold it up."""

from __future__ import annotations

import asyncio
import gc
import json
import warnings
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from solar_chat import api
from solar_chat.assistant import Assistant
from solar_chat.conversation import Store
from solar_chat.engine import Engine, ScriptedBackend
from solar_chat.i18n import Catalogue
from solar_chat.paths import Home
from solar_chat.settings import SettingsFile
from solar_chat.ui.environment import prepare
from tests.api.house import House, body, eventually, free_port

KEY = "sk-solar-0123456789abcdef"
CHAT = "/v1/chat/completions"
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def backend() -> ScriptedBackend:
    return ScriptedBackend(context_tokens=400, default=["안녕", "하세요", "."])


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, backend: ScriptedBackend) -> Iterator[House]:
    prepare()
    # Imports Gradio, which `prepare` must precede.
    from solar_chat.ui.server import serve

    home = Home.find(tmp_path_factory.mktemp("home")).create()
    engine = Engine()
    engine.load(lambda: backend)
    with Assistant(home, SettingsFile(home.settings), Store(home.history), Catalogue.load(), engine) as assistant:
        doors = dict.fromkeys(api.PATHS, api.build(assistant, api.ApiOptions(key=KEY, fall_back=True)))
        # Gradio leaves a socket open for every port that it finds taken.
        with serve(assistant, host="127.0.0.1", port=free_port(), share=False, password=None, lang=None, doors=doors) as addresses:
            yield House(f"{(addresses.owner or '').rstrip('/')}/v1", assistant, engine)
    asyncio.set_event_loop(None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def test_the_page_and_the_api_answer_on_one_port(page: House) -> None:
    assert page.ask("GET", "/config")[0] == 200
    assert json.loads(page.ask("GET", "/health")[2])["running"] == 0
    with page.client(KEY) as client:
        chunks: list[Any] = list(client.chat.completions.create(**body(stream=True)))
    assert [chunk.choices[0].delta.content for chunk in chunks] == ["", "안녕", "하세요", ".", None]


def test_the_page_asks_for_no_key_and_the_api_does(page: House) -> None:
    with page.client("another key, too") as client, pytest.raises(openai.AuthenticationError):
        client.models.list()
    assert page.ask("GET", "/v1extra")[0] == 404


@pytest.mark.parametrize("path", ["/v1/models", "/health", CHAT])
def test_foreign_hosts_and_origins_are_refused_here_too(page: House, path: str) -> None:
    assert page.ask("GET", path, Host="evil.example", Authorization=f"Bearer {KEY}")[0] == 403
    assert page.ask("POST", path, body(), Origin="http://evil.example", Authorization=f"Bearer {KEY}")[0] == 403


def test_a_tool_on_localhost_may_ask_with_the_key(page: House) -> None:
    origin = "http://localhost:3000"
    status, headers, _ = page.ask("POST", CHAT, body(), Origin=origin, Authorization=f"Bearer {KEY}")
    assert (status, headers["access-control-allow-origin"]) == (200, origin)
    status, headers, _ = page.ask(
        "OPTIONS", CHAT, Origin=origin, Access_Control_Request_Method="POST", Access_Control_Request_Headers="authorization"
    )
    assert status in (200, 204)
    assert headers["access-control-allow-origin"] == origin
    # The page's own writes stay closed to it.
    assert page.ask("POST", "/gradio_api/queue/join", {}, Origin=origin)[0] == 403


def test_a_client_that_goes_away_stops_the_model_here_too(page: House, backend: ScriptedBackend) -> None:
    backend.enqueue(["가 "] * 300, delay_s=0.1)
    before = len(backend.requests)
    with page.client(KEY) as client:
        stream: Any = client.chat.completions.create(**body(stream=True))
        for chunk in stream:
            if chunk.choices[0].delta.content:
                break
        assert len(backend.requests) == before + 1
        stream.close()
    assert eventually(lambda: page.engine.queue_length == 0, 5)
