"""A reply as the model gives it, and what programs may call the model."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from solar_chat.assistant import Assistant, CompletionRequest, Prompt
from solar_chat.assistant.completion import in_front
from solar_chat.assistant.names import names_of, names_of_unknown
from solar_chat.engine import Finished, ScriptedBackend, TextPiece
from solar_chat.errors import InputError, ModelError
from solar_chat.messages import Message
from solar_chat.models import SOLAR, STARTER, resolve

HELLO = (Message("user", "안녕?"),)


def test_messages_go_through_the_template_alone(assistant: Assistant, backend: ScriptedBackend) -> None:
    backend.enqueue(["네", "."])
    events = list(assistant.completion(CompletionRequest(HELLO, stop=("끝",), max_reply_tokens=9)).stream())
    assert "".join(event.text for event in events if isinstance(event, TextPiece)) == "네."
    request = backend.requests[0]
    assert request.prompt == "<|user|>안녕?<|end|><|assistant|>"
    assert (request.messages, request.max_reply_tokens, request.stop[0], request.stop[-1]) == (HELLO, 9, "<|end|>", "끝")


def test_without_a_limit_all_the_room_is_the_replys(assistant: Assistant, backend: ScriptedBackend) -> None:
    backend.enqueue(["네."])
    list(assistant.completion(CompletionRequest("one two three")).stream())
    assert backend.requests[0].max_reply_tokens == 400 - 4


def test_system_messages_stand_in_front_as_one() -> None:
    system, user = Message("system", "a"), Message("user", "u")
    assert in_front([user, system, user, Message("system", "b")]) == (Message("system", "a\n\nb"), user, user)
    assert in_front([user]) == (user,)


def test_a_system_message_alone_is_still_answered(assistant: Assistant, backend: ScriptedBackend) -> None:
    backend.enqueue(["네."])
    list(assistant.completion(CompletionRequest((Message("system", "Say yes."),))).stream())
    assert backend.requests[0].prompt == "<|system|>Say yes.<|end|><|user|><|end|><|assistant|>"


@pytest.mark.parametrize(
    ("request_", "feature"),
    [
        (CompletionRequest(HELLO, logprobs=0), "logprobs"),
        (CompletionRequest("x", score_prompt=True), "prompt_logprobs"),
        (CompletionRequest(HELLO, json_object=True), "json"),
    ],
)
def test_what_the_backend_cannot_do_is_refused_before_it_is_asked(
    assistant: Assistant, backend: ScriptedBackend, request_: CompletionRequest, feature: str
) -> None:
    with pytest.raises(ModelError) as caught:
        assistant.completion(request_)
    assert (caught.value.key, caught.value.params["feature"]) == ("no_feature", feature)
    assert backend.requests == []


@pytest.mark.parametrize("prompt", ["", "text", (1, 2)])
def test_a_server_reads_messages_only(assistant: Assistant, backend: ScriptedBackend, prompt: Prompt) -> None:
    backend.features = frozenset()
    with pytest.raises(ModelError) as caught:
        assistant.completion(CompletionRequest(prompt))
    assert caught.value.params["feature"] == "raw_prompt"
    backend.enqueue(["네."])
    assert list(assistant.completion(CompletionRequest(HELLO)).stream())


def test_it_is_stopped_from_another_thread(assistant: Assistant, backend: ScriptedBackend) -> None:
    backend.enqueue(["가 "] * 500, delay_s=0.02)
    completion = assistant.completion(CompletionRequest(HELLO))
    threading.Timer(0.2, completion.stop).start()
    events = list(completion.stream())
    assert 1 < len(events) < 100
    assert not isinstance(events[-1], Finished) or events[-1].reason == "cancelled"


def test_a_turn_is_stopped_from_another_thread(assistant: Assistant, backend: ScriptedBackend) -> None:
    # A slip that would be written once more, and once more.
    backend.enqueue(["아이 ", "배고파", ". "] + ["가 "] * 500, delay_s=0.02)
    turn = assistant.turn(assistant.request("배고파?", level="formal"))
    threading.Timer(0.3, turn.stop).start()
    assert len(list(turn.stream())) < 100
    assert len(backend.requests) <= 2


def test_a_program_may_want_more_of_every_reply(assistant: Assistant, backend: ScriptedBackend) -> None:
    backend.enqueue(["네. ", "END", "아니요."])
    request = replace(assistant.request("저장했어?"), instructions="Answer yes.", stop=("END",), whole_history=True, max_reply_tokens=50)
    list(assistant.turn(request).stream())
    assert "\n\nAnswer yes.<|end|><|user|>저장했어?" in backend.requests[0].prompt
    assert backend.requests[0].stop[-1] == "END"
    with pytest.raises(InputError, match="prompt_too_long"):
        assistant.turn(replace(request, history=(Message("user", "말 " * 500), Message("assistant", "네"))))


def test_names(tmp_path: Path) -> None:
    assert names_of(STARTER).id == "starter"
    assert names_of(SOLAR).id == SOLAR.id
    for name in ("starter", "solar", "SOLAR", "solar-1-mini-chat"):
        assert name in names_of(STARTER)
    assert "eeve" not in names_of(STARTER)
    assert "eeve" in names_of(resolve("eeve"))
    folder = replace(STARTER, id=str(tmp_path / "my-model"), path=tmp_path / "my-model", name="My")
    assert names_of(folder).id == "my-model"
    assert str(tmp_path / "my-model") in names_of(folder)
    remote = resolve("remote:http://192.168.0.9:8000/v1#some/model")
    assert names_of(remote).id == "some/model"
    assert names_of_unknown("/a/b/missing").id == "missing"
