"""What is not supported is said with the parameter's name; garbage is never a fault of the server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from solar_chat.api.refusals import without_paths
from solar_chat.engine import ScriptedBackend
from tests.api.house import USER, House, body

CHAT = "/v1/chat/completions"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"n": 2}, "n"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
        ({"functions": [{"name": "f"}]}, "functions"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"logit_bias": {"1": 1}}, "logit_bias"),
        ({"frequency_penalty": 0.5}, "frequency_penalty"),
        ({"presence_penalty": -1}, "presence_penalty"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"audio": {"voice": "x", "format": "mp3"}}, "audio"),
        ({"web_search_options": {}}, "web_search_options"),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}}, "response_format.type"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"logprobs": True}, "logprobs"),
        ({"logprobs": True, "speech_level": "formal"}, "logprobs"),
        ({"top_logprobs": 2}, "top_logprobs"),
        ({"top_logprobs": 99, "logprobs": True}, "top_logprobs"),
        ({"temperature": 3}, "temperature"),
        ({"temperature": "hot"}, "temperature"),
        ({"top_p": -0.1}, "top_p"),
        ({"seed": 2**63}, "seed"),
        ({"seed": 1.5}, "seed"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": True}, "max_tokens"),
        ({"stop": ["a"] * 17}, "stop"),
        ({"stop": [1]}, "stop"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({"speech_level": "rude"}, "speech_level"),
        ({"reply_language": "fr"}, "reply_language"),
        ({"guard": "on"}, "guard"),
        ({"guard": "keep", "messages": [{"role": "assistant", "content": "네."}]}, "messages"),
        ({"guard": "keep", "messages": [{"role": "user", "content": "  "}]}, "messages"),
        ({"colour": "red"}, "colour"),
        ({"messages": []}, "messages"),
        ({"messages": "안녕"}, "messages"),
        ({"messages": None}, "messages"),
        ({"messages": [None]}, "messages[0]"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "tool", "content": "x", "tool_call_id": "1"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 7}]}, "messages[0].content"),
        ({"messages": [*USER, {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}]}, "messages[1].tool_calls"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}]}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio"}, {"type": "text", "text": "x"}]}]}, "messages[0].content"),
        ({"model": 7}, "model"),
    ],
)
def test_a_field_that_cannot_be_honoured_is_named(house: House, backend: ScriptedBackend, fields: dict[str, Any], param: str) -> None:
    status, error = house.error(CHAT, body(**fields))
    assert (status, error["param"], error["type"]) == (400, param, "invalid_request_error")
    assert error["message"]
    assert backend.requests == []


def test_fields_that_change_nothing_are_taken(house: House) -> None:
    harmless = {
        "user": "me", "metadata": {"a": "b"}, "store": False, "service_tier": "auto", "n": 1, "frequency_penalty": 0, "presence_penalty": 0.0,
        "logit_bias": {}, "tools": [], "tool_choice": "none", "modalities": ["text"], "parallel_tool_calls": True, "seed": 0, "logprobs": False,
        "prediction": {"type": "content", "content": "x"}, "reasoning_effort": "low", "response_format": {"type": "text"}, "stop": None, "top_p": 1,
        "stream_options": None, "safety_identifier": "x", "prompt_cache_key": "x", "verbosity": "low", "functions": None, "guard": None,
    }  # fmt: skip
    told_back: dict[str, Any] = {
        "role": "assistant",
        "content": None,
        "refusal": None,
        "annotations": [],
        "tool_calls": None,
        "audio": None,
        "function_call": None,
    }
    assert house.ask("POST", CHAT, body(**harmless, messages=[*USER, told_back, *USER]))[0] == 200


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"model"',
        b"\xff\xfe",
        b'{"model": "solar", "messages": ' + b"[" * 100_000,
        b'{"model":' * 50_000,
        json.dumps({"a": 1}).encode("utf-16"),
        b'{"model": "solar", "messages": [{"role": "user", "content": "x"}], "temperature": NaN}',
        b'{"model": "solar", "messages": [{"role": "user", "content": "x"}], "temperature": Infinity}',
        b'{"model": "solar", "messages": [{"role": "user", "content": "x"}], "max_tokens": 1e400}',
        b'{"model": "solar", "messages": [{"role": "user", "content": "x"}], "max_tokens": ' + b"9" * 5000 + b"}",
        b'{"model": "solar", "messages": [{"role": "user", "content": "\\ud800"}]}',
        b'{"model": "\\ud800", "messages": [{"role": "user", "content": "x"}]}',
        b'{"model": "solar", "messages": [{"role": "user", "content": "x"}], "stop": "\\udfff"}',
    ],
)
def test_garbage_is_a_400_with_an_error_object(house: House, raw: bytes) -> None:
    status, headers, answer = house.ask("POST", CHAT, raw)
    assert status == 400
    assert headers["content-type"] == "application/json"
    assert set(json.loads(answer)["error"]) == {"message", "type", "param", "code"}


def test_half_a_character_in_what_is_ignored_does_no_harm(house: House) -> None:
    assert house.ask("POST", CHAT, b'{"model": "solar", "messages": [{"role": "user", "content": "x"}], "user": "\\ud800"}')[0] == 200


def test_another_content_type_is_not_read(house: House, backend: ScriptedBackend) -> None:
    # What a page of another site can send without asking first.
    assert house.error(CHAT, json.dumps(body()).encode(), Content_Type="text/plain")[0] == 400
    assert backend.requests == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 404), ("GET", "/v1", 404), ("GET", CHAT, 405), ("DELETE", "/v1/models/starter", 405), ("GET", "/docs", 404)],
)
def test_other_addresses_and_methods_have_error_objects_too(house: House, method: str, path: str, status: int) -> None:
    found, _, answer = house.ask(method, path)
    assert (found, json.loads(answer)["error"]["type"]) == (status, "invalid_request_error")


def test_a_megabyte_is_read_and_does_not_fit(house: House, backend: ScriptedBackend) -> None:
    status, error = house.error(CHAT, body(messages=[{"role": "user", "content": "가나다 " * 100_000}]))
    assert (status, error["code"]) == (400, "context_length_exceeded")
    assert "100001" in error["message"]
    # Of several messages too, and a megabyte that is ignored is nothing.
    assert house.error(CHAT, body(messages=[{"role": "user", "content": "가 " * 500}] * 1000))[1]["code"] == "context_length_exceeded"
    assert house.ask("POST", CHAT, body(user="가" * 300_000))[0] == 200


def test_the_refusal_speaks_korean_where_it_is_asked_to(house: House) -> None:
    assert "지원되지 않습니다" in house.error(CHAT, body(n=2), Accept_Language="ko-KR,ko;q=0.9")[1]["message"]
    assert "not supported" in house.error(CHAT, body(n=2), Accept_Language="kok,en")[1]["message"]


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("/home/somebody/models/tiny", "tiny"),
        ("/home/Hong Gildong/models/my model", "my model"),
        (r"C:\Users\Hong Gildong\models\my model", "my model"),
        (r"\\server\our models\my model", "my model"),
        (r"~\my models\x", "x"),
        ("C:\\", "…"),
        ("no file at /home/a b/x.gguf, sorry", "no file at x.gguf, sorry"),
        ("neither /home/a b/x nor /home/a b/y", "neither x nor y"),
        ("no such file: '/home/a (b), c/my model'", "no such file: 'my model'"),
        (r"no such file: 'C:\\Hong Gildong\\my model'", "no such file: 'my model'"),
        (r"C:\Users\홍길동\model.gguf is broken", "model.gguf is broken"),
        ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1"),
        ("upstage/SOLAR-10.7B", "upstage/SOLAR-10.7B"),
        ("~/models/x", "x"),
        ("and/or", "and/or"),
    ],
)
def test_paths_are_not_shown(told: str, shown: str) -> None:
    assert without_paths(told) == shown
