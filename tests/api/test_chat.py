"""Chat completions, asked by the real client."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import openai
import pytest

from solar_chat.engine import ScriptedBackend
from solar_chat.errors import ModelError
from solar_chat.prompts import system_prompt
from tests.api.house import USER, House, body


def said(stream: Any) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)


def test_the_example_of_upstage_runs_with_another_address_alone(client: openai.OpenAI, backend: ScriptedBackend) -> None:
    for model in ("solar-1-mini-chat", "solar", "starter"):
        reply = client.chat.completions.create(
            model=model, messages=[{"role": "system", "content": "You are a helpful assistant."}, {"role": "user", "content": "Hi, how are you?"}]
        )
        assert (reply.choices[0].message.content, reply.choices[0].finish_reason, reply.model) == ("안녕하세요.", "stop", "starter")
        assert reply.object == "chat.completion"
        assert reply.usage is not None
        assert (reply.usage.completion_tokens, reply.usage.total_tokens) == (3, reply.usage.prompt_tokens + 3)


def test_a_plain_request_adds_nothing_to_the_messages(client: openai.OpenAI, backend: ScriptedBackend) -> None:
    client.chat.completions.create(model="solar", messages=[{"role": "user", "content": "안녕?"}])
    client.chat.completions.create(
        model="solar",
        messages=[
            {"role": "user", "content": [{"type": "text", "text": "안"}, {"type": "text", "text": "녕"}]},
            {"role": "assistant", "content": "네."},
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": "왜?"},
        ],
    )
    assert [request.prompt for request in backend.requests] == [
        "<|user|>안녕?<|end|><|assistant|>",
        "<|system|>Be brief.<|end|><|user|>안\n녕<|end|><|assistant|>네.<|end|><|user|>왜?<|end|><|assistant|>",
    ]


def test_fields_reach_the_model(client: openai.OpenAI, backend: ScriptedBackend) -> None:
    client.chat.completions.create(
        model="solar",
        messages=USER,  # type: ignore[arg-type]  # one list for all tests
        temperature=0.5,
        top_p=0,
        seed=-1,
        stop=["끝", "END"],
        max_tokens=7,
        extra_body={"top_k": -1, "min_p": 0.1, "repetition_penalty": 1.2},
    )
    request = backend.requests[0]
    assert (request.sampling.temperature, request.sampling.top_p, request.sampling.seed) == (0.5, 1e-6, 2**32 - 1)
    assert (request.sampling.top_k, request.sampling.min_p, request.sampling.repetition_penalty) == (0, 0.1, 1.2)
    assert request.stop[-2:] == ("끝", "END")
    assert request.max_reply_tokens == 7
    client.chat.completions.create(model="solar", messages=USER, max_completion_tokens=5)  # type: ignore[arg-type]
    # What is left out is as in the app's settings, and as long as there is room.
    request = backend.requests[1]
    assert (request.sampling.temperature, request.sampling.top_p, request.sampling.repetition_penalty) == (0.3, 0.9, 1.05)
    assert request.max_reply_tokens == 5
    client.chat.completions.create(model="solar", messages=USER)  # type: ignore[arg-type]
    assert backend.requests[2].max_reply_tokens > 300


def test_a_stream_is_the_whole_reply_in_pieces(client: openai.OpenAI, backend: ScriptedBackend) -> None:
    pieces = ["한국어와 ", "English", "를 함께 ", "씁니다. ", "😀 ", "<|a|> ", "끝."]
    backend.enqueue(pieces)
    backend.enqueue(pieces)
    options: dict[str, Any] = {"model": "solar", "messages": USER, "seed": 1}
    whole = client.chat.completions.create(**options)
    chunks = list(client.chat.completions.create(**options, stream=True, stream_options={"include_usage": True}))
    assert said(chunks) == whole.choices[0].message.content == "".join(pieces)
    assert len({chunk.id for chunk in chunks}) == 1
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices and chunk.choices[0].finish_reason] == ["stop"]
    assert chunks[-1].choices == []
    assert chunks[-1].usage == whole.usage
    assert [chunk.usage for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
    assert all(chunk.usage is None for chunk in client.chat.completions.create(**options, stream=True))


def test_every_line_of_a_stream_is_whole_utf8_without_replacement_characters(house: House, backend: ScriptedBackend) -> None:
    backend.enqueue(["한", "\ufffd", "국", "힣\ufffd", "👩‍💻"])
    status, headers, raw = house.ask("POST", "/v1/chat/completions", body(stream=True))
    assert (status, headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    lines = [line for line in raw.split(b"\n") if line]
    assert lines[-1] == b"data: [DONE]"
    found = [json.loads(line.removeprefix(b"data: ").decode("utf-8")) for line in lines[:-1]]
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in found) == "한국힣👩‍💻"
    assert b"\\u" not in raw


def test_the_limit_ends_a_reply_and_says_so(client: openai.OpenAI, backend: ScriptedBackend) -> None:
    reply = client.chat.completions.create(model="solar", messages=USER, max_tokens=2)  # type: ignore[arg-type]
    assert (reply.choices[0].message.content, reply.choices[0].finish_reason) == ("안녕하세요", "length")


def test_a_stop_string_is_not_shown(client: openai.OpenAI, backend: ScriptedBackend) -> None:
    backend.enqueue(["하나 ", "둘 EN", "D 셋"])
    reply = client.chat.completions.create(model="solar", messages=USER, stop="END")  # type: ignore[arg-type]
    assert (reply.choices[0].message.content, reply.choices[0].finish_reason) == ("하나 둘 ", "stop")


def test_the_prompt_does_not_fit(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="solar", messages=[{"role": "user", "content": "말 " * 500}])
    assert (caught.value.code, caught.value.param) == ("context_length_exceeded", "messages")
    assert "500" in caught.value.message or "501" in caught.value.message
    assert "400" in caught.value.message
    # A limit that would not fit is no reason to refuse: the reply ends where the context does.
    assert client.chat.completions.create(model="solar", messages=USER, max_tokens=100_000).choices[0].finish_reason == "stop"  # type: ignore[arg-type]


def test_a_level_switches_the_guard_on(client: openai.OpenAI, backend: ScriptedBackend) -> None:
    backend.enqueue(["저장", "했어. ", "확인해."])
    reply = client.chat.completions.create(
        model="solar",
        messages=[{"role": "system", "content": "You know everything."}, {"role": "user", "content": "저장했어?"}],
        extra_body={"speech_level": "formal", "guard": "keep"},
    )
    assert reply.choices[0].message.content == "저장했습니다. 확인하십시오."
    told: dict[str, Any] = (reply.model_extra or {})["solar_chat"]
    assert (told["asked_level"], told["language"], told["repaired"], told["slipped"]) == ("formal", "ko", 2, 0)
    assert told["sentences"][0]["original"] == "저장했어."
    assert f"<|system|>{system_prompt('ko', 'formal')}\n\nYou know everything.<|end|>" in backend.requests[0].prompt


def test_a_guarded_stream_sends_only_what_is_settled(client: openai.OpenAI, backend: ScriptedBackend) -> None:
    pieces = ["저장", "했어. ", "확인", "했어", ". 끝", "났어."]
    backend.enqueue(pieces)
    backend.enqueue(pieces)
    options: dict[str, Any] = {"model": "solar", "messages": [{"role": "user", "content": "저장했어?"}], "extra_body": {"speech_level": "formal"}}
    chunks = list(client.chat.completions.create(**options, stream=True))
    sent = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices[0].delta.content]
    assert sent == ["저장했습니다.", " 확인했습니다.", " 끝났습니다."]
    assert client.chat.completions.create(**options).choices[0].message.content == "".join(sent)
    assert (chunks[-1].model_extra or {})["solar_chat"]["repaired"] == 3


def test_the_guard_can_be_told_to_do_nothing(client: openai.OpenAI, backend: ScriptedBackend) -> None:
    backend.enqueue(["저장했어."])
    backend.enqueue(["저장했어."])
    plain = client.chat.completions.create(model="solar", messages=USER, extra_body={"guard": "off"})  # type: ignore[arg-type]
    assert plain.choices[0].message.content == "저장했어."
    assert "solar_chat" not in (plain.model_extra or {})
    marked = client.chat.completions.create(model="solar", messages=USER, extra_body={"guard": "mark", "speech_level": "polite"})  # type: ignore[arg-type]
    assert marked.choices[0].message.content == "저장했어."
    assert (marked.model_extra or {})["solar_chat"]["slipped"] == 1


def test_a_guarded_history_that_does_not_fit_is_refused_and_not_cut(client: openai.OpenAI) -> None:
    turns = [{"role": "user", "content": "말 " * 100}, {"role": "assistant", "content": "네 " * 100}] * 2
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="solar", messages=[*turns, *USER], extra_body={"speech_level": "formal"})  # type: ignore[list-item]
    assert caught.value.code == "context_length_exceeded"


def test_a_reply_that_breaks_off_is_an_error_in_both_forms(client: openai.OpenAI, backend: ScriptedBackend) -> None:
    failure = ModelError("generation_failed", model="/home/user/models/tiny", reason="broken at /opt/x/y.py")
    backend.enqueue(["안녕"], error=failure)
    with pytest.raises(openai.InternalServerError) as caught:
        client.chat.completions.create(model="solar", messages=USER)  # type: ignore[arg-type]
    assert (caught.value.status_code, caught.value.code) == (503, "generation_failed")
    assert "/" not in str(caught.value.body["message"])  # type: ignore[index]
    backend.enqueue(["안녕"], error=failure)
    with pytest.raises(openai.APIError, match="broke off"):
        said(client.chat.completions.create(model="solar", messages=USER, stream=True))  # type: ignore[arg-type]
    # And the next one is answered.
    assert client.chat.completions.create(model="solar", messages=USER).choices[0].message.content == "안녕하세요."  # type: ignore[arg-type]


def test_a_model_that_is_not_here(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="gpt-4o", messages=USER)  # type: ignore[arg-type]
    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")
    assert [model.id for model in client.models.list()] == ["starter"]
    assert client.models.retrieve("solar-1-mini-chat").id == "starter"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("upstage/other")


def test_the_name_of_a_folder_shows_no_path(house: House) -> None:
    spec = house.assistant.machine.current.spec
    house.assistant.machine.current.spec = replace(spec, id="/home/somebody/models/tiny-solar", path=None)
    try:
        house.assistant.machine.current.spec = replace(house.assistant.machine.current.spec, path=spec.path)
        with house.client() as client:
            assert [model.id for model in client.models.list()] == ["tiny-solar"]
            assert client.chat.completions.create(model="tiny-solar", messages=USER).model == "tiny-solar"  # type: ignore[arg-type]
    finally:
        house.assistant.machine.current.spec = spec
