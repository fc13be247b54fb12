"""The guard with the model in the box: what is written again is read from the cache, and a reply stays what it was where nothing slips."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from solar_chat.assistant import Answer, Assistant, Draft
from solar_chat.conversation import Store
from solar_chat.engine import Engine, Event, Finished, GenerationRequest, Prefilled, Sampling, TextPiece
from solar_chat.guard import Attempt
from solar_chat.i18n import Catalogue
from solar_chat.language import Level
from solar_chat.paths import Home
from solar_chat.settings import SettingsFile


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    home = Home.find(tmp_path_factory.mktemp("home")).create()
    settings = SettingsFile(home.settings)
    settings.update(interface_language="ko", temperature=0, max_reply_tokens=60)
    with Assistant(home, settings, Store(home.history), Catalogue.load(), Engine()) as made:
        made.start_loading(fall_back=False)
        made.wait_ready()
        yield made


def test_a_reply_continued_anywhere_is_the_same_reply(starter: Assistant) -> None:
    engine = starter.machine.engine
    turn = starter.turn(starter.request("자기소개 좀 해 줘", level="formal"))
    prompt, stop = turn._window.prompt, turn._stop
    greedy = Sampling(temperature=0, repetition_penalty=1.05)

    def say(text: str) -> tuple[str, Prefilled]:
        events = list(engine.stream(GenerationRequest(text, 60, stop, greedy)))
        assert isinstance(events[0], Prefilled)
        assert isinstance(events[-1], Finished)
        return "".join(event.text for event in events if isinstance(event, TextPiece)), events[0]

    whole, _ = say(prompt)
    ends = [index + 1 for index, character in enumerate(whole) if character == "."]
    assert len(ends) >= 2
    for end in ends[:-1]:
        # From the longest on: what was said to the last request is what the next one may go on from.
        say(prompt)
        rest, start = say(prompt + whole[:end])
        assert whole[:end] + " " + rest.lstrip() == whole
        assert start.reused_tokens == start.prompt_tokens - 1


@pytest.mark.parametrize("level", ["formal", "casual"])
def test_a_turn_from_end_to_end(starter: Assistant, level: Level) -> None:
    settled = ""
    last: object = None
    for event in starter.turn(starter.request("이름이 뭐야?", level=level)).stream():
        if isinstance(event, Draft):
            assert event.text[: event.settled].startswith(settled)
            settled = event.text[: event.settled]
        last = event
    assert isinstance(last, Answer)
    assert last.reply.startswith(settled.strip())
    assert (last.language, last.restarted) == ("ko", False)
    assert last.sentences
    assert last.reply_tokens <= 60
    assert not any(sentence.slipped for sentence in last.sentences)


@pytest.mark.parametrize("sentence", [0, 1])
def test_a_sentence_is_written_again_from_the_cache_and_comes_out_otherwise(starter: Assistant, sentence: int) -> None:
    turn = starter.turn(starter.request("자기소개 좀 해 줘", level="formal"))

    def say(attempt: Attempt) -> str:
        events = list(turn._generate(attempt))
        assert isinstance(events[0], Prefilled)
        if attempt.rewrite:
            assert events[0].reused_tokens == events[0].prompt_tokens - 1
        return "".join(event.text for event in events if isinstance(event, TextPiece)).split(".")[0].strip()

    with turn._lease:
        whole = "".join(event.text for event in turn._generate(Attempt("", 60)) if isinstance(event, TextPiece))
        first, second = (f"{part.strip()}. " for part in whole.split(".")[:2])
        said, old = ("", first) if sentence == 0 else (first, second)
        # Greedy, and a model that knows this answer by heart: from any seed it would say it again.
        new = say(Attempt(said, 30, rewrite=1, avoid=(old,)))
        assert new != old.strip(" .")
        newer = say(Attempt(said, 30, rewrite=2, avoid=(old, f"{new}.")))
        assert newer not in (old.strip(" ."), new)


def test_a_slip_costs_the_sentence_and_not_the_prompt(starter: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = starter.machine.engine.require_backend()
    real = backend.stream
    readings: list[Prefilled] = []

    def slipping(request: GenerationRequest, stop: threading.Event) -> Iterator[Event]:
        """The model, but that its first reply goes on in another script after the first sentence."""
        said = ""
        for event in real(request, stop):
            if isinstance(event, Prefilled) and event.done_tokens == event.reused_tokens:
                readings.append(event)
            yield event
            if isinstance(event, TextPiece) and len(readings) == 1:
                said += event.text
                if said.endswith("."):
                    yield TextPiece(" 어서 入場하십시오. 끝", event.reply_tokens + 5)

    monkeypatch.setattr(backend, "stream", slipping)
    *_, answer = starter.turn(starter.request("자기소개 좀 해 줘", level="formal")).stream()
    assert isinstance(answer, Answer)
    assert answer.sentences[1].how == "regenerated"
    assert answer.sentences[1].original == "어서 入場하십시오."
    assert not any(sentence.slipped for sentence in answer.sentences)
    assert len(readings) >= 2
    assert readings[1].reused_tokens == readings[1].prompt_tokens - 1
    assert readings[-1].prompt_tokens - readings[-1].reused_tokens < 40
