"""A turn with a model on a server, from its name to the guarded answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backends import null

from solar_chat.assistant import Answer, Assistant, Decided, forget_key, remote_models, save_key
from solar_chat.assistant.servers import leaves_for
from solar_chat.errors import ModelError
from solar_chat.messages import Message
from solar_chat.models import Remote
from solar_chat.paths import Home
from solar_chat.prompts import system_prompt
from tests.engine.openai_server import MODEL, OpenAIServer, chunk, refuses, says, usage

HISTORY = (Message("user", "안녕하세요?"), Message("assistant", "안녕하세요, 무엇을 도와 드릴까요?"))


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    made = OpenAIServer(says("설정을 ", "확인", "하십시오. 그러면 해결돼요.", chunk("", "stop"), usage(70, 9)), max_model_len=4096)
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def assistant(tmp_path: Path, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Assistant]:
    monkeypatch.setenv("SOLAR_CHAT_API_KEY", "of-the-environment")
    before = keyring.get_keyring()
    keyring.set_keyring(null.Keyring())  # type: ignore[no-untyped-call]  # keyring leaves its constructors untyped
    with Assistant.open(Home.find(tmp_path), model=f"remote:{server.url}#{MODEL}") as made:
        yield made
    keyring.set_keyring(before)


def test_a_turn(assistant: Assistant, server: OpenAIServer) -> None:
    turn = assistant.turn(assistant.request("화면이 안 나와요.", level="formal", history=HISTORY))
    events = list(turn.stream())
    assert isinstance(events[0], Decided)
    answer = events[-1]
    assert isinstance(answer, Answer)
    assert answer.reply == "설정을 확인하십시오. 그러면 해결됩니다."
    assert (answer.model, answer.prompt_tokens, answer.finish) == (f"remote:{server.url}#{MODEL}", 70, "stop")
    state = assistant.load_state()
    assert (state.stage, state.model, state.device, state.server) == ("ready", MODEL, "remote", None)
    body = server.seen[0].body
    assert body["messages"] == [
        {"role": "system", "content": system_prompt("ko", "formal")},
        {"role": "user", "content": "안녕하세요?"},
        {"role": "assistant", "content": "안녕하세요, 무엇을 도와 드릴까요?"},
        {"role": "user", "content": "화면이 안 나와요."},
    ]
    assert "stop" not in body
    assert server.seen[0].headers["authorization"] == "Bearer of-the-environment"


def test_a_server_that_refuses_is_the_reason(assistant: Assistant, server: OpenAIServer) -> None:
    server.models = refuses(401, {"error": {"message": "Invalid API key"}})
    assistant.start_loading(fall_back=False)
    with pytest.raises(ModelError) as caught:
        assistant.wait_ready()
    assert caught.value.key == "remote_key_refused"
    assert assistant.load_state().error is caught.value


def test_what_leaves_this_computer() -> None:
    assert leaves_for(Remote("https://api.upstage.ai/v1", "solar-pro4")) == "https://api.upstage.ai"
    assert leaves_for(Remote("http://127.0.0.1:11434/v1", "solar")) is None
    assert leaves_for(None) is None


def test_what_a_server_offers(assistant: Assistant, server: OpenAIServer) -> None:
    assert [model.id for model in remote_models(server.url.removesuffix("/v1"))] == [MODEL]
    assert server.listed[-1].headers["authorization"] == "Bearer of-the-environment"
    with pytest.raises(ModelError) as caught:
        save_key(server.url, "secret")
    assert caught.value.key == "key_store_missing"
    assert forget_key(server.url) is False


def test_a_server_gets_what_is_sent_and_nothing_that_is_being_typed(assistant: Assistant, server: OpenAIServer) -> None:
    conversation = assistant.store.create()
    # Before the model is there, with it, and while the next one loads.
    assert not assistant.prepare(conversation.id, "아직 쓰는 글")
    assistant.wait_ready()
    assert not assistant.prepare(conversation.id, "아직 쓰는 글")
    assistant.start_loading()
    assistant.wait_ready()
    list(assistant.send(conversation.id, "보낸 글"))
    assert not assistant.prepare(conversation.id, "아직 쓰는 글")
    assert [request.body["messages"][-1]["content"] for request in server.seen] == ["보낸 글"]
    assert "아직 쓰는 글" not in str([request.body for request in server.seen])
