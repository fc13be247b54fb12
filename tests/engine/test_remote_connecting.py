"""Reaching a server: is it there, is it one, what does it offer, and does what is said stay on this machine."""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest

from solar_chat.engine import connect, is_this_machine, list_remote_models
from solar_chat.engine.dialects import OLLAMA, UPSTAGE, dialect_of
from solar_chat.errors import ModelError
from tests.engine.openai_server import MODEL, OpenAIServer, refuses, says
from tests.engine.remote_run import END, Start, run, text_of


class TestConnecting:
    def test_nobody_there(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
        started = time.monotonic()
        with pytest.raises(ModelError) as caught:
            connect(url, MODEL, name="here")
        assert (caught.value.key, caught.value.params) == ("remote_unreachable", {"url": url})
        assert time.monotonic() - started < 5

    def test_no_tls(self, start: Start) -> None:
        _, server = start(says("네."))
        with pytest.raises(ModelError) as caught:
            connect(server.url.replace("http:", "https:"), MODEL, name="here")
        assert caught.value.key == "remote_tls"

    def test_a_model_that_is_not_offered(self, start: Start) -> None:
        _, server = start(says("네."))
        with pytest.raises(ModelError) as caught:
            connect(server.url, "gone-model", name="here")
        assert caught.value.key == "remote_model_unknown"
        # Upstage knows names that it does not list.
        _, server = start(says("네."), owner="acme")
        connect(server.url, "dated-name-0701", name="here").close()

    def test_a_server_without_a_list(self, start: Start) -> None:
        server = OpenAIServer(says("네.", *END))
        server.models = refuses(404, {"detail": "Not Found"})
        backend = connect(server.url, "any", name="here")
        assert (text_of(run(backend)), backend.context_tokens, backend.device, backend.name) == ("네.", 4096, "remote", "here")
        backend.close()
        server.shutdown()
        server.server_close()

    @pytest.mark.parametrize(
        ("told", "context"),
        [
            ({"max_model_len": 8192}, 8192),
            ({"meta": {"n_ctx": 2048}}, 2048),
            ({"context_length": 131072}, 131072),
            ({"max_model_len": None}, 4096),
            ({}, 4096),
        ],
    )
    def test_the_context_is_the_servers(self, start: Start, told: dict[str, Any], context: int) -> None:
        backend, _ = start(says("네."), **told)
        assert backend.context_tokens == context

    def test_ollamas_tags(self) -> None:
        server = OpenAIServer(says("네."))
        server.models = lambda answer: answer.json(
            200, {"object": "list", "data": [{"id": "solar:10.7b", "owned_by": "library"}, {"id": "me/eeve:latest", "owned_by": "me"}, {"broken": 1}]}
        )
        assert [model.id for model in list_remote_models(server.url)] == ["solar:10.7b", "me/eeve:latest"]
        connect(server.url, "me/eeve", name="here").close()
        server.models = lambda answer: answer.json(200, {"object": "list", "data": None})
        assert list_remote_models(server.url) == ()
        server.models = lambda answer: answer.whole(200, b"<html>", content_type="text/html")
        with pytest.raises(ModelError) as caught:
            list_remote_models(server.url)
        assert caught.value.key == "remote_garbage"
        server.shutdown()
        server.server_close()

    def test_who_is_who(self) -> None:
        assert dialect_of("https://api.upstage.ai/v1", None) is UPSTAGE
        assert dialect_of("http://127.0.0.1:11434/v1", "somebody") is OLLAMA
        assert (UPSTAGE.usual_context_tokens, UPSTAGE.continues) == (32_768, False)

    @pytest.mark.parametrize(
        ("url", "here"),
        [
            ("http://127.0.0.1:8000/v1", True),
            ("http://localhost/v1", True),
            ("http://[::1]:1/v1", True),
            ("http://192.168.0.2/v1", False),
            ("https://api.upstage.ai/v1", False),
            ("http://127.evil.example/v1", False),
            ("http://localhost.evil.example/v1", False),
        ],
    )
    def test_what_stays_on_this_machine(self, url: str, here: bool) -> None:
        assert is_this_machine(url) is here

    def test_a_proxy_does_not_see_what_stays_here(self, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        backend, _ = start(says("네.", *END))
        assert text_of(run(backend)) == "네."
