"""What is read ahead is the beginning of the very prompt that the turn sends: shown by what the turn finds in the cache of two real engines."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from solar_chat.assistant import Answer, Assistant
from solar_chat.conversation import Store
from solar_chat.engine import Backend, Engine, Event, GenerationRequest, Prefilled, ScriptedBackend, load_model
from solar_chat.hardware import detect
from solar_chat.i18n import Catalogue
from solar_chat.messages import Message
from solar_chat.models import STARTER
from solar_chat.paths import Home
from solar_chat.prompts import TEMPLATES, system_prompt
from solar_chat.settings import SettingsFile
from tests.engine.gguf_files import write_gguf

# Every model, and Kiwi beside it, have this long.
SOON_S = 30.0
TOKENS = 24


@dataclass
class House:
    """An assistant with a real model, and what that was asked to read."""

    assistant: Assistant
    backend: Backend
    read: list[tuple[str, Prefilled]] = field(default_factory=list)
    """Prompt and first progress of each reply."""
    ahead: list[str] = field(default_factory=list)
    """Prompts that were read ahead to their end."""

    def stream(self, request: GenerationRequest, stop: threading.Event) -> Iterator[Event]:
        first = True
        done = 0
        for event in type(self.backend).stream(self.backend, request, stop):
            if isinstance(event, Prefilled):
                if first and request.max_reply_tokens:
                    self.read.append((request.prompt, event))
                first, done = False, event.prompt_tokens - event.done_tokens
            yield event
        if not request.max_reply_tokens and not done:
            self.ahead.append(request.prompt)

    def prepared(self, conversation_id: str | None, draft: str = "", **options: str) -> str:
        """The prompt that was read ahead."""
        before = len(self.ahead)
        assert self.assistant.prepare(conversation_id, draft, **options)  # type: ignore[arg-type]  # levels as the tests write them
        return self.next_ahead(before)

    def next_ahead(self, before: int = 0) -> str:
        end = time.monotonic() + SOON_S
        while len(self.ahead) == before:
            assert time.monotonic() < end, "nothing was read ahead"
            time.sleep(0.002)
        return self.ahead[-1]

    def said(self, conversation_id: str, text: str, **options: str) -> tuple[str, Prefilled]:
        """Prompt and first progress of the reply to `text`."""
        before = len(self.read)
        *_, answer, _saved = self.assistant.send(conversation_id, text, **options)  # type: ignore[arg-type]
        assert isinstance(answer, Answer)
        return self.read[before]


@pytest.fixture(scope="module", params=["transformers", "llama.cpp"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The model in the box, as it is and as a GGUF file."""
    spec = STARTER
    if request.param == "llama.cpp":
        from tokenizers import Tokenizer
        from transformers import LlamaForCausalLM

        assert STARTER.path is not None
        model = LlamaForCausalLM.from_pretrained(STARTER.path)
        tokenizer = Tokenizer.from_file(str(STARTER.path / "tokenizer.json"))
        spec = replace(STARTER, path=write_gguf(tmp_path_factory.mktemp("gguf") / "starter.gguf", model, tokenizer, add_bos=False))
    engine = Engine()
    engine.load(lambda: load_model(spec, detect()))
    yield engine
    engine.close()


@pytest.fixture
def house(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    home = Home.find(tmp_path).create()
    settings = SettingsFile(home.settings)
    settings.update(interface_language="ko", temperature=0, max_reply_tokens=TOKENS, guard="mark")
    store = Store(home.history)
    house = House(Assistant(home, settings, store, Catalogue.load(), engine), engine.require_backend())
    monkeypatch.setattr(house.backend, "stream", house.stream)
    # Whatever an earlier test left in the cache.
    list(engine.stream(GenerationRequest("처음", 1)))
    house.read.clear()
    yield house
    store.close()


def tokens(house: House, prompt: str) -> int:
    return house.backend.count_tokens(prompt)


def test_the_system_prompt_before_anything_is_said(house: House) -> None:
    prompt = house.prepared(None)
    assert prompt == f"<|system|>{system_prompt('ko', 'formal')}<|end|><|user|>"
    conversation = house.assistant.store.create()
    _, start = house.said(conversation.id, "이름이 뭐야?")
    assert start.reused_tokens == tokens(house, prompt)
    assert start.prompt_tokens - start.reused_tokens < 15


def test_the_draft_while_it_is_typed(house: House) -> None:
    conversation = house.assistant.store.create()
    draft = "요즘 날씨가 추워서 감기에 걸렸는데 집에서 무엇을 하면 좋을까"
    prompt = house.prepared(conversation.id, draft)
    assert prompt.endswith(f"<|user|>{draft}")
    whole, start = house.said(conversation.id, f"{draft}요? 알려 주세요.")
    assert whole.startswith(prompt)
    # The last piece of the draft may be spelled otherwise where the word goes on.
    assert tokens(house, prompt) - 3 <= start.reused_tokens <= tokens(house, prompt)


def test_a_draft_that_is_sent_as_it_is_leaves_only_what_closes_it(house: House) -> None:
    conversation = house.assistant.store.create()
    prompt = house.prepared(conversation.id, "자기소개 좀 해 줘")
    whole, start = house.said(conversation.id, "자기소개 좀 해 줘")
    assert whole == f"{prompt}<|end|><|assistant|>"
    assert (start.prompt_tokens, start.reused_tokens) == (tokens(house, whole), tokens(house, prompt))


def test_a_conversation_that_is_opened_and_one_whose_reply_has_ended(house: House) -> None:
    conversation = house.assistant.store.create()
    house.said(conversation.id, "안녕하세요?")
    house.said(conversation.id, "이름이 뭐예요?")
    after_reply = house.prepared(conversation.id)
    reply = house.assistant.store.tail(conversation.id, 1)[0]
    assert after_reply.endswith(f"<|assistant|>{reply.content}<|end|><|user|>")
    house.prepared(None, "전혀 다른 대화입니다. " * 5)
    assert house.prepared(conversation.id) == after_reply
    whole, start = house.said(conversation.id, "무엇을 할 수 있어요?")
    assert whole.startswith(after_reply)
    assert start.reused_tokens == tokens(house, after_reply)


@pytest.mark.parametrize(
    ("draft", "options", "system"),
    [
        ("Please tell me about the wea", {}, system_prompt("en", "formal")),
        ("날씨를 알려 주세", {"level": "casual"}, system_prompt("ko", "casual")),
        ("날씨를 알려 주세", {"reply_language": "en"}, system_prompt("en", "formal")),
        ("반말로 해 줘. 오늘 날씨를 알려 주", {}, system_prompt("ko", "casual")),
    ],
)
def test_language_and_level_are_decided_as_the_turn_decides_them(house: House, draft: str, options: dict[str, str], system: str) -> None:
    conversation = house.assistant.store.create()
    prompt = house.prepared(conversation.id, draft, **options)
    assert prompt == f"<|system|>{system}<|end|><|user|>{draft}"
    whole, start = house.said(conversation.id, f"{draft}ther." if draft.isascii() else f"{draft}요.", **options)
    assert whole.startswith(prompt)
    assert start.reused_tokens >= tokens(house, prompt) - 3


def test_what_leaves_the_window_has_left_it_here_too(house: House) -> None:
    store = house.assistant.store
    conversation = store.create()
    parent: str | None = None
    for number in range(80):
        role = "user" if number % 2 == 0 else "assistant"
        parent = store.append(conversation.id, role, f"{number}번째로 말합니다. 설정을 확인하십시오. 그러면 해결됩니다.", parent).id  # type: ignore[arg-type]
    prompt = house.prepared(conversation.id, "그래서 무엇을 확인하면 되")
    assert "79번째" in prompt
    assert ">0번째" not in prompt
    whole, start = house.said(conversation.id, "그래서 무엇을 확인하면 되나요?")
    assert whole.startswith(prompt)
    assert start.reused_tokens >= tokens(house, prompt) - 3


def test_the_level_of_the_conversation_counts(house: House) -> None:
    conversation = house.assistant.store.create(level="polite", reply_language="ko")
    assert house.prepared(conversation.id).startswith(f"<|system|>{system_prompt('ko', 'polite')}")
    house.assistant.store.set_options(conversation.id, level="plain")
    assert house.prepared(conversation.id).startswith(f"<|system|>{system_prompt('ko', 'plain')}")


def test_every_template_can_be_left_open() -> None:
    turns = [Message("system", "S"), Message("user", "하나"), Message("assistant", "둘"), Message("user", "셋")]
    longer = [*turns[:-1], Message("user", "셋 넷")]
    for template in TEMPLATES.values():
        beginning = template.unfinished(template.render(turns))
        assert beginning.endswith("셋")
        assert template.render(longer).startswith(f"{beginning} 넷")
        alone = template.unfinished(template.render([turns[0], Message("user", "")]))
        assert template.render([turns[0], Message("user", "처음")]).startswith(f"{alone}처음")


class TestQuietly:
    """With a scripted model: nothing is raised, nothing is in the way."""

    def test_a_conversation_that_is_gone(self, assistant: Assistant, backend: ScriptedBackend) -> None:
        conversation = assistant.store.create()
        assistant.store.delete(conversation.id)
        assert not assistant.prepare(conversation.id)
        assert not assistant.prepare("없음")
        assert backend.requests == []

    def test_a_draft_longer_than_the_context(self, assistant: Assistant, backend: ScriptedBackend) -> None:
        assert not assistant.prepare(None, "가 " * 1000)
        assert backend.requests == []

    def test_a_bug_below_is_logged(self, assistant: Assistant, backend: ScriptedBackend, caplog: pytest.LogCaptureFixture) -> None:
        def fails(_text: str) -> int:
            raise RuntimeError("broken tokenizer")

        backend.count_tokens = fails  # type: ignore[method-assign,assignment]
        assert not assistant.prepare(None, "비밀")
        assert "broken tokenizer" in caplog.text
        assert "비밀" not in caplog.text

    def test_while_a_reply_runs_nothing_is_even_counted(self, assistant: Assistant, backend: ScriptedBackend) -> None:
        backend.enqueue(["하나", *[" 둘"] * 50], delay_s=0.02)
        conversation = assistant.store.create()
        events = assistant.send(conversation.id, "말해 주세요.")
        while not isinstance(next(events), Answer) and len(backend.requests) < 1:
            pass
        counted: list[str] = []
        backend.count_tokens = lambda text: counted.append(text) or 1  # type: ignore[method-assign,func-returns-value]
        assert not assistant.prepare(conversation.id, "다음 질문")
        assert counted == []
        events.close()

    def test_the_model_that_is_loaded_next_begins_with_what_is_in_sight(
        self, assistant: Assistant, backend: ScriptedBackend, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = ScriptedBackend(default=["네"])
        monkeypatch.setattr("solar_chat.assistant.switching.load_model", lambda *_args, **_kwargs: other)
        monkeypatch.setattr("solar_chat.assistant.switching.check_model", lambda *_args: None)
        assistant.prepare(None, "쓰던 글", level="casual")
        assistant.start_loading("starter")
        assistant.wait_ready()
        end = time.monotonic() + SOON_S
        while not other.requests and time.monotonic() < end:
            time.sleep(0.002)
        assert [(request.prompt, request.max_reply_tokens) for request in other.requests] == [
            (f"<|system|>{system_prompt('ko', 'casual')}<|end|><|user|>쓰던 글", 0)
        ]

    def test_who_shows_nothing_has_nothing_read(self, assistant: Assistant, backend: ScriptedBackend, monkeypatch: pytest.MonkeyPatch) -> None:
        """A command line asks once and is gone."""
        monkeypatch.setattr("solar_chat.assistant.switching.load_model", lambda *_args, **_kwargs: backend)
        monkeypatch.setattr("solar_chat.assistant.switching.check_model", lambda *_args: None)
        assistant.start_loading("starter")
        assistant.wait_ready()
        time.sleep(0.1)
        assert backend.requests == []
