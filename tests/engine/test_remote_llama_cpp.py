"""llama.cpp's own HTTP server as the server: a real model, real tokens, real refusals."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer

from solar_chat.engine import Event, Finished, GenerationRequest, Sampling, TextPiece, connect, list_remote_models
from solar_chat.engine.remote import RemoteBackend
from solar_chat.errors import ModelError
from solar_chat.keys import ApiKey
from solar_chat.messages import Message
from tests.engine.gguf_files import write_gguf

KEY = ApiKey("local-key")
GREEDY = Sampling(temperature=0)
ASKED = Message("user", "안녕?")
# The tiny model's turns; a last one of the assistant stays open.
TEMPLATE = (
    "{% for turn in messages %}<|{{ turn.role }}|>{{ turn.content }}"
    "{% if not (loop.last and turn.role == 'assistant') %}<|end|>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


@pytest.fixture(scope="module")
def url(checkpoint: Path, tokenizer: Tokenizer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    xllamacpp: Any = pytest.importorskip("xllamacpp", reason="needs the package xllamacpp")
    from transformers import AutoModelForCausalLM

    file = write_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf", AutoModelForCausalLM.from_pretrained(checkpoint), tokenizer)
    params = xllamacpp.CommonParams()
    params.model.path = str(file)
    params.model_alias = {"tiny"}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [KEY.secret]
    params.n_ctx = 256
    params.n_parallel = params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.use_jinja = True
    params.chat_template = TEMPLATE
    server = xllamacpp.Server(params)
    yield f"{server.listening_address}/v1"
    del server


@pytest.fixture
def backend(url: str) -> Iterator[RemoteBackend]:
    made = connect(url, "tiny", name="here", key=KEY)
    yield made
    made.close()


def run(backend: RemoteBackend, *messages: Message, limit: int = 200, stop: tuple[str, ...] = ()) -> tuple[str, Finished]:
    events: list[Event] = list(backend.stream(GenerationRequest("", limit, stop, GREEDY, messages=messages), threading.Event()))
    last = events[-1]
    assert isinstance(last, Finished)
    return "".join(event.text for event in events if isinstance(event, TextPiece)), last


def test_the_answer_is_byte_exact_and_counted(backend: RemoteBackend, prompt: str, answer: str, tokenizer: Tokenizer) -> None:
    said, last = run(backend, ASKED)
    # Its SentencePiece vocabulary writes a space in front of a first word.
    assert said == f" {answer}"
    assert (last.reason, last.prompt_tokens) == ("stop", len(tokenizer.encode(prompt).ids))
    assert abs(last.reply_tokens - len(tokenizer.encode(answer, add_special_tokens=False).ids)) <= 1


def test_the_limit_and_stop_strings(backend: RemoteBackend, answer: str) -> None:
    said, last = run(backend, ASKED, limit=3)
    assert (last.reason, last.reply_tokens) == ("length", 3)
    assert f" {answer}".startswith(said)
    assert run(backend, ASKED, stop=("씨가", "😀"))[0] == f" {answer[: answer.index('씨가')]}"


def test_it_goes_on_with_a_reply(backend: RemoteBackend, answer: str) -> None:
    begun = "안녕하세요, 오늘은 날씨가"
    assert backend.can_continue
    assert run(backend, ASKED, Message("assistant", begun))[0] == answer.removeprefix(begun)


def test_stop(backend: RemoteBackend, answer: str) -> None:
    stop = threading.Event()
    said, events = "", list[Event]()
    for event in backend.stream(GenerationRequest("", 200, sampling=GREEDY, messages=(ASKED,)), stop):
        events.append(event)
        if isinstance(event, TextPiece):
            said += event.text
            stop.set()
    last = events[-1]
    assert isinstance(last, Finished)
    assert last.reason == "cancelled"
    assert f" {answer}".startswith(said)
    assert run(backend, ASKED)[0] == f" {answer}"


def test_a_prompt_that_is_too_long(backend: RemoteBackend) -> None:
    with pytest.raises(ModelError) as caught:
        run(backend, Message("user", "안녕? " * 300))
    assert (caught.value.key, caught.value.params["context"]) == ("prompt_too_long", 256)


def test_the_list_the_context_and_the_key(backend: RemoteBackend, url: str) -> None:
    assert [model.id for model in list_remote_models(url, KEY)] == ["tiny"]
    assert backend.context_tokens == 256
    for key, error in ((None, "remote_key_missing"), (ApiKey("wrong"), "remote_key_refused")):
        with pytest.raises(ModelError) as caught:
            run_once(url, key)
        assert caught.value.key == error


def run_once(url: str, key: ApiKey | None) -> None:
    backend = connect(url, "tiny", name="here", key=key)
    try:
        run(backend, ASKED)
    finally:
        backend.close()
