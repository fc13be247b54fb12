"""The Responses API, stateless."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from solar_chat.engine import ScriptedBackend
from tests.api.house import House

PATH = "/v1/responses"


def test_a_response(client: openai.OpenAI, backend: ScriptedBackend) -> None:
    reply = client.responses.create(model="solar", input="안녕?", instructions="Be brief.", max_output_tokens=50, store=False)
    assert (reply.output_text, reply.status, reply.model, reply.object) == ("안녕하세요.", "completed", "starter", "response")
    assert reply.usage is not None
    assert reply.usage.output_tokens == 3
    assert backend.requests[0].prompt == "<|system|>Be brief.<|end|><|user|>안녕?<|end|><|assistant|>"


def test_what_was_said_comes_back_as_input(client: openai.OpenAI, backend: ScriptedBackend) -> None:
    first = client.responses.create(model="solar", input=[{"role": "user", "content": [{"type": "input_text", "text": "안녕?"}]}])
    told: Any = [{"role": "user", "content": "안녕?"}, *(item.model_dump() for item in first.output), {"role": "user", "content": "왜?"}]
    client.responses.create(model="solar", input=told)
    assert backend.requests[1].prompt.endswith("<|assistant|>안녕하세요.<|end|><|user|>왜?<|end|><|assistant|>")


def test_the_stream_is_the_response_in_events(client: openai.OpenAI, backend: ScriptedBackend) -> None:
    events = list(client.responses.create(model="solar", input="안녕?", stream=True))
    assert [event.type for event in events] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        *["response.output_text.delta"] * 3,
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == "안녕하세요."
    with client.responses.stream(model="solar", input="안녕?") as stream:
        for _ in stream:
            pass
        assert stream.get_final_response().output_text == "안녕하세요."


def test_a_cut_response_says_so(client: openai.OpenAI) -> None:
    reply = client.responses.create(model="solar", input="안녕?", max_output_tokens=1)
    assert reply.status == "incomplete"
    assert reply.incomplete_details is not None
    assert reply.incomplete_details.reason == "max_output_tokens"
    assert list(client.responses.create(model="solar", input="안녕?", max_output_tokens=1, stream=True))[-1].type == "response.incomplete"


def test_a_level_is_kept(client: openai.OpenAI, backend: ScriptedBackend) -> None:
    backend.enqueue(["저장했어."])
    reply = client.responses.create(model="solar", input="저장했어?", extra_body={"speech_level": "polite"})
    assert reply.output_text == "저장했어요."
    assert (reply.model_extra or {})["solar_chat"]["repaired"] == 1


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"background": True}, "background"),
        ({"tools": [{"type": "web_search"}]}, "tools"),
        ({"truncation": "auto"}, "truncation"),
        ({"include": ["message.output_text.logprobs"]}, "include"),
        ({"top_logprobs": 2}, "top_logprobs"),
        ({"input": []}, "input"),
        ({"input": [{"type": "function_call_output", "call_id": "1", "output": "x"}]}, "input[0].role"),
        ({"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}]}, "input[0].content"),
        ({"text": {"format": {"type": "json_schema", "name": "x", "schema": {}}}}, "text.format.type"),
        ({"max_tokens": 5}, "max_tokens"),
        ({"stream_options": {}}, "stream_options"),
        ({"input": "말 " * 500}, "input"),
        ({"input": "말 " * 500, "guard": "keep"}, "input"),
        ({"input": "  ", "guard": "keep"}, "input"),
        ({"input": [{"role": "assistant", "content": "네."}], "guard": "keep"}, "input"),
    ],
)
def test_refusals(house: House, fields: dict[str, Any], param: str) -> None:
    status, error = house.error(PATH, {"model": "solar", "input": "x", **fields})
    assert (status, error["param"]) == (400, param)


def test_harmless_fields(house: House) -> None:
    fields = {"store": True, "include": ["reasoning.encrypted_content"], "tools": [], "truncation": "disabled", "reasoning": {"effort": "low"}}
    assert house.ask("POST", PATH, {"model": "solar", "input": "x", **fields})[0] == 200
