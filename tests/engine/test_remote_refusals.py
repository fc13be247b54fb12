"""Everything that goes wrong with a server, and the sentence for it; keys are in none of them."""

from __future__ import annotations

import logging
import socket
import traceback
from typing import Any

import pytest
from openai import APIConnectionError

from solar_chat.engine.refusals import pause_before_retry
from tests.engine.openai_server import MODEL, Answer, Script, chunk, refuses, says
from tests.engine.remote_run import END, KEY, Start, fails, last, run, text_of

REFUSALS: list[tuple[int, object, dict[str, str], str, dict[str, object]]] = [
    (401, {"error": {"message": "Invalid API key"}}, {}, "remote_key_missing", {"variable": "SOLAR_CHAT_API_KEY"}),
    (402, {"error": {"message": "Payment required"}}, {}, "remote_no_credit", {}),
    (403, {"error": {"message": "No access"}}, {}, "remote_forbidden", {"model": MODEL}),
    (404, {"error": {"message": f"The model `{MODEL}` does not exist", "code": "model_not_found"}}, {}, "remote_model_unknown", {"model": MODEL}),
    (404, {"error": f'model "{MODEL}" not found, try pulling it first'}, {}, "remote_model_unknown", {}),
    (404, {"detail": "Not Found"}, {}, "remote_wrong_address", {}),
    (429, {"error": {"message": "slow down"}}, {"retry_after": "60"}, "remote_rate_limited", {"seconds": 60}),
    (429, {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}, {}, "remote_no_credit", {}),
    (400, {"error": {"message": "bad thing"}}, {}, "remote_failed", {"status": 400, "reason": "bad thing"}),
    (
        400,
        {"object": "error", "message": "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens.", "code": 400},
        {},
        "prompt_too_long",
        {"context": 4096},
    ),
    (
        400,
        {"error": {"code": 400, "message": "exceeds the available context size", "n_prompt_tokens": 900, "n_ctx": 512}},
        {},
        "prompt_too_long",
        {"tokens": 900, "context": 512},
    ),
    (
        400,
        {"error": {"message": "The input (5000 tokens) is longer than the model's context length (2048 tokens)."}},
        {},
        "prompt_too_long",
        {"context": 2048},
    ),
    (500, {"error": "llama runner process has terminated: out of memory"}, {"x": "y"}, "remote_failed", {"status": 500}),
]


class TestRefusals:
    @pytest.mark.parametrize(("status", "body", "headers", "key", "params"), REFUSALS)
    def test_each_has_its_sentence(
        self, start: Start, monkeypatch: pytest.MonkeyPatch, status: int, body: object, headers: dict[str, str], key: str, params: dict[str, object]
    ) -> None:
        monkeypatch.setattr("solar_chat.engine.endpoint.PAUSES_S", ())
        backend, _ = start(refuses(status, body, **headers))
        error, _ = fails(backend)
        assert (error.key, {name: error.params[name] for name in params}) == (key, params)

    def test_a_key_that_is_refused(self, start: Start) -> None:
        backend, server = start(refuses(401, {"error": {"message": "Incorrect API key"}}), key=KEY)
        assert fails(backend)[0].key == "remote_key_refused"
        assert server.seen[0].headers["authorization"] == f"Bearer {KEY.secret}"

    @pytest.mark.parametrize("first", [refuses(503, {}), refuses(500, {}), refuses(429, {}, retry_after="0"), lambda answer: answer.drop()])
    def test_what_passes_is_tried_again(self, start: Start, monkeypatch: pytest.MonkeyPatch, first: Script) -> None:
        monkeypatch.setattr("solar_chat.engine.endpoint.PAUSES_S", (0.01, 0.01))
        backend, server = start(first, first, says("네.", *END))
        assert text_of(run(backend)) == "네."
        assert len(server.seen) == 3

    def test_retry_after_is_waited_for(self, start: Start) -> None:
        backend, _ = start(refuses(429, {}, retry_after="1"), says("네.", *END))
        assert last(run(backend)).seconds >= 1

    def test_an_error_in_the_stream(self, start: Start) -> None:
        backend, _ = start(says("안녕", {"error": {"message": "CUDA out of memory", "code": 500}}))
        error, said = fails(backend)
        assert (error.key, error.params["reason"], said) == ("remote_failed", "CUDA out of memory 500", "안녕")
        backend, _ = start(says({"error": "an error was encountered while running the model"}))
        assert fails(backend)[0].key == "remote_failed"

    @pytest.mark.parametrize("chunked", [True, False])
    def test_a_stream_that_breaks_off(self, start: Start, chunked: bool) -> None:
        def script(answer: Answer) -> None:
            answer.begin(chunked=chunked)
            answer.event(chunk("안녕하"))
            answer.drop()

        backend, server = start(script)
        error, said = fails(backend)
        assert (error.key, said, len(server.seen)) == ("remote_cut", "안녕하", 1)

    @pytest.mark.parametrize("data", [b"data: {not json\n\n", b"data: 42\n\n", b'data: "x"\n\n', b'data: {"choices": 7}\n\n', b""])
    def test_what_is_no_reply(self, start: Start, data: bytes) -> None:
        def script(answer: Answer) -> None:
            answer.whole(200, data, content_type="text/event-stream")

        backend, _ = start(script)
        assert fails(backend)[0].key == "remote_garbage"

    def test_a_page_instead_of_a_reply(self, start: Start) -> None:
        backend, _ = start(lambda answer: answer.whole(200, b"<html>Log in to the hotel's network</html>"))
        assert fails(backend)[0].key == "remote_garbage"

    def test_a_server_that_falls_silent(self, start: Start) -> None:
        def script(answer: Answer) -> None:
            answer.begin()
            answer.event(chunk("안녕"))
            answer.gone(5)

        backend, _ = start(script, silence_s=0.4)
        error, said = fails(backend)
        assert (error.key, said) == ("remote_timeout", "안녕")

    def test_text_and_key_do_not_follow_a_redirect(self, start: Start) -> None:
        _, other = start(says("네.", *END))
        backend, _ = start(lambda answer: answer.whole(307, b"", location=f"{other.url}/chat/completions"), key=KEY)
        error, _ = fails(backend)
        assert (error.key, error.params["target"], other.seen) == ("remote_moved", f"{other.url}/chat/completions", [])


class TestSecrets:
    def test_a_key_is_seen_by_nobody_else(self, start: Start, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        echo = {"error": {"message": f"Your key {KEY.secret} may not do that", "code": 400}}
        backend, server = start(refuses(400, echo), key=KEY)
        error, _ = fails(backend)
        assert server.listed[0].headers["authorization"] == f"Bearer {KEY.secret}"
        assert error.params["reason"] == "Your key ••• may not do that 400"
        shown = [str(error), repr(error), repr(backend), repr(KEY), str(KEY), repr(vars(backend)), caplog.text]
        shown += traceback.format_exception(error)
        assert [text for text in shown if KEY.secret in text] == []

    def test_the_environments_openai_is_not_meant(self, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
            monkeypatch.setenv(name, "sk-of-openai")
        monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
        backend, server = start(says("네.", *END))
        assert text_of(run(backend)) == "네."
        for answer in (*server.seen, *server.listed):
            assert "authorization" not in answer.headers
            assert "sk-of-openai" not in str(answer.headers)


@pytest.mark.parametrize(
    ("cause", "pause"),
    [(socket.gaierror(socket.EAI_NONAME, "Name or service not known"), None), (ConnectionRefusedError(), None), (ConnectionResetError(), 1.0)],
)
def test_only_a_connection_that_broke_is_tried_again(cause: Exception, pause: float | None) -> None:
    request: Any = None
    error = APIConnectionError(request=request)
    error.__cause__ = cause
    assert pause_before_retry(error, 1.0) == pause
