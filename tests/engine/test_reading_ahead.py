"""A prompt is read ahead of being sent: only while nothing else is to be done, never in anybody's way, and never on another machine."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from solar_chat.engine import Backend, Engine, Event, Feature, Finished, GenerationRequest, Prefilled, Sampling, TextPiece
from solar_chat.engine.lease import LEASE_PAUSE_S
from solar_chat.engine.local import LocalBackend
from solar_chat.errors import ModelError
from tests.engine.remote_run import Start

SOON_S = 5.0
# A prompt of 200 words takes four times as long as any test waits.
CHUNK_S = 0.1
GREEDY = Sampling(temperature=0)


@dataclass
class Reader:
    """A model that reads a word in `CHUNK_S` and notices a Stop between two words only; it keeps what it has read, as a KV cache does."""

    read: list[str] = field(default_factory=list)
    asked: list[tuple[str, int]] = field(default_factory=list)
    """Prompt and words read for it, of each request."""
    fails: Exception | None = None
    name: str = "reader"
    context_tokens: int = 1000
    device: str = "cpu"
    can_continue: bool = True
    reads_ahead: bool = True
    features: frozenset[Feature] = frozenset()

    def batch(self) -> None:
        return None

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def stream(self, request: GenerationRequest, stop: threading.Event) -> Iterator[Event]:
        words = request.prompt.split()
        shared = 0
        while shared < min(len(words), len(self.read)) and words[shared] == self.read[shared]:
            shared += 1
        self.read = words[:shared]
        self.asked.append((request.prompt, shared))
        yield Prefilled(shared, len(words), shared)
        for word in words[shared:]:
            if stop.is_set():
                yield Finished("cancelled", len(words), 0, 0.0)
                return
            time.sleep(CHUNK_S)
            self.read.append(word)
        if self.fails is not None:
            raise self.fails
        if request.max_reply_tokens:
            yield TextPiece("네", 1)
        yield Finished("stop", len(words), 1, 0.0)

    def close(self) -> None:
        self.read = []


@pytest.fixture
def reader() -> Reader:
    return Reader()


@pytest.fixture
def engine(reader: Reader) -> Iterator[Engine]:
    engine = Engine()
    engine.load(lambda: reader)
    yield engine
    engine.close()


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + SOON_S
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.002)


def words(count: int, name: str = "w") -> str:
    return " ".join(f"{name}{number}" for number in range(count))


def ahead(text: str) -> GenerationRequest:
    return GenerationRequest(text)


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextPiece))


def reused(events: list[Event]) -> int:
    assert isinstance(events[0], Prefilled)
    return events[0].reused_tokens


def test_what_was_read_ahead_is_found_and_nothing_was_said(engine: Engine, reader: Reader) -> None:
    assert engine.prefill(ahead(words(3)))
    until(lambda: len(reader.read) == 3)
    events = list(engine.stream(GenerationRequest(words(4))))
    assert reused(events) == 3
    assert text_of(events) == "네"
    assert reader.asked == [(words(3), 0), (words(4), 3)]


def test_a_reply_waits_for_one_chunk_at_most_and_keeps_what_was_read(engine: Engine, reader: Reader) -> None:
    engine.prefill(ahead(words(200)))
    until(lambda: len(reader.read) >= 2)
    before = len(reader.read)
    events = engine.stream(GenerationRequest(f"{words(before + 2)} 질문"))
    asked_at = len(reader.read)
    first = next(events)
    assert isinstance(first, Prefilled)
    # The chunk that was being read, and nothing behind it.
    assert before <= first.reused_tokens <= asked_at + 1
    assert text_of(list(events)) == "네"


def test_given_up_for_a_reply_it_does_not_come_back(engine: Engine, reader: Reader) -> None:
    engine.prefill(ahead(words(200)))
    until(lambda: reader.read)
    list(engine.stream(GenerationRequest("b")))
    time.sleep(2 * CHUNK_S)
    assert reader.read == ["b"]


def test_nobody_is_told_to_wait_for_it(engine: Engine, reader: Reader) -> None:
    engine.prefill(ahead(words(200)))
    until(lambda: reader.read)
    assert engine.queue_length == 0


def test_while_somebody_is_answered_or_waits_nothing_is_taken(engine: Engine, reader: Reader) -> None:
    running = engine.stream(GenerationRequest(words(5)))
    assert not engine.reads_ahead
    assert not engine.prefill(ahead("late"))
    waiting = engine.stream(GenerationRequest("b"))
    assert text_of(list(running)) == "네"
    assert not engine.prefill(ahead("late")) or "late" not in reader.read
    list(waiting)
    assert "late" not in [prompt for prompt, _ in reader.asked]


def test_the_newer_takes_the_place_of_the_older(engine: Engine, reader: Reader) -> None:
    engine.prefill(ahead(words(200)))
    until(lambda: reader.read)
    engine.prefill(ahead("never"))
    engine.prefill(ahead(f"{words(2)} new"))
    until(lambda: reader.read[-1:] == ["new"])
    assert [prompt for prompt, _ in reader.asked] in ([words(200), f"{words(2)} new"], [words(200), "never", f"{words(2)} new"])
    time.sleep(2 * CHUNK_S)
    assert reader.read == [*words(2).split(), "new"]


def test_between_two_requests_of_a_reply_the_cache_is_left_alone(engine: Engine, reader: Reader) -> None:
    with engine.lease() as lease:
        list(lease.stream(GenerationRequest(words(3))))
        until(lambda: engine.reads_ahead)
        assert engine.prefill(ahead("other"))
        time.sleep(1.5 * LEASE_PAUSE_S)
        assert reader.read == words(3).split()
        assert reused(list(lease.stream(GenerationRequest(words(4))))) == 3
        until(lambda: engine.reads_ahead)
        assert engine.prefill(ahead("behind"))
    until(lambda: reader.read == ["behind"])
    assert "other" not in [prompt for prompt, _ in reader.asked]


def test_a_reply_that_was_dropped_holds_it_up_for_a_moment_only(engine: Engine, reader: Reader) -> None:
    lease = engine.lease()
    list(lease.stream(GenerationRequest("a")))
    until(lambda: engine.reads_ahead)
    engine.prefill(ahead("behind"))
    del lease
    until(lambda: reader.read == ["behind"])


def test_after_a_stopped_reply_it_is_taken_at_once(engine: Engine, reader: Reader) -> None:
    lease = engine.lease()
    next(lease.stream(GenerationRequest(words(200))))
    lease.close()
    assert engine.prefill(ahead("next"))
    until(lambda: reader.read == ["next"])


def test_a_load_ends_it_and_forgets_the_old_models_prompt(engine: Engine, reader: Reader) -> None:
    engine.prefill(ahead(words(200)))
    until(lambda: reader.read)
    other = Reader()
    started = time.monotonic()
    engine.load(lambda: other)
    assert time.monotonic() - started < SOON_S
    assert reader.read == []
    time.sleep(CHUNK_S)
    assert other.asked == []


def test_it_can_follow_a_load_from_its_end(engine: Engine) -> None:
    other, taken = Reader(), []
    done = engine.load_soon(lambda: other)
    done.add_done_callback(lambda _: taken.append(engine.prefill(ahead("first"))))
    until(lambda: other.read == ["first"])
    assert taken == [True]


def test_closing_ends_it(engine: Engine, reader: Reader) -> None:
    engine.prefill(ahead(words(200)))
    until(lambda: reader.read)
    started = time.monotonic()
    engine.close()
    assert time.monotonic() - started < SOON_S
    assert not engine.prefill(ahead("late"))


def test_without_a_model_nothing_happens() -> None:
    engine = Engine()
    assert not engine.prefill(ahead("x"))
    engine.close()


def test_an_error_is_for_the_log_only(engine: Engine, reader: Reader, caplog: pytest.LogCaptureFixture) -> None:
    reader.fails = ModelError("prompt_too_long", tokens=9, context=1)
    with caplog.at_level(logging.WARNING):
        engine.prefill(ahead("geheim"))
        # Not `caplog.records`: a record is listed there before its text is written.
        until(lambda: "could not be read ahead" in caplog.text)
    assert "geheim" not in caplog.text
    reader.fails = None
    assert text_of(list(engine.stream(GenerationRequest("b")))) == "네"


def test_many_at_once_with_replies_between_them_lose_no_reply(engine: Engine, reader: Reader) -> None:
    ended = threading.Event()

    def type_on() -> None:
        number = 0
        while not ended.wait(0.003):
            number += 1
            engine.prefill(ahead(f"draft {number}"))

    typists = [threading.Thread(target=type_on) for _ in range(3)]
    for typist in typists:
        typist.start()
    try:
        for number in range(8):
            started = time.monotonic()
            assert text_of(list(engine.stream(GenerationRequest(f"q{number}")))) == "네"
            assert time.monotonic() - started < SOON_S
    finally:
        ended.set()
        for typist in typists:
            typist.join(SOON_S)


def test_a_server_never_sees_what_was_not_sent(start: Start) -> None:
    backend, server = start()
    engine = Engine()
    engine.load(lambda: backend)
    assert not backend.reads_ahead
    assert not engine.reads_ahead
    assert not engine.prefill(ahead("noch nicht abgeschickt"))
    # Were it asked all the same, it would still send nothing.
    list(backend.stream(GenerationRequest("noch nicht abgeschickt", 0), threading.Event()))
    engine.close()
    assert server.seen == []


@pytest.fixture(params=["local", "llama.cpp"])
def here(request: pytest.FixtureRequest) -> Backend:
    found: Backend = request.getfixturevalue("open_gguf")() if request.param == "llama.cpp" else request.getfixturevalue("backend")
    return found


def test_a_real_model_says_the_same_after_reading_ahead(here: Backend, prompt: str, answer: str) -> None:
    engine = Engine()
    engine.load(lambda: here)
    beginning = prompt.removesuffix("<|end|><|assistant|>")
    assert engine.prefill(GenerationRequest(beginning, 200))
    # What is read ahead tells nobody when it is done; a reply would break it off.
    until(lambda: engine._ahead is None)
    events = list(engine.stream(GenerationRequest(prompt, 200, sampling=GREEDY)))
    engine.close()
    assert text_of(events) == answer
    # All of the beginning and its BOS: what ends the question are the special tokens behind it.
    assert reused(events) == here.count_tokens(beginning) + 1


def test_a_real_model_breaks_off_within_a_chunk_and_keeps_what_it_read(here: Backend) -> None:
    engine = Engine()
    engine.load(lambda: here)
    long = " ".join(["설정을"] * 200)
    assert here.count_tokens(long) == 200
    chunk = 64
    seen: list[int] = []
    real = here.stream

    def watched(request: GenerationRequest, stop: threading.Event) -> Iterator[Event]:
        for event in real(request, stop):
            yield event
            if request.max_reply_tokens == 0 and isinstance(event, Prefilled) and event.done_tokens:
                # One chunk is read; the reply comes before the next.
                seen.append(event.done_tokens)
                stop.wait(SOON_S)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(here, "stream", watched)
        engine.prefill(GenerationRequest(long))
        until(lambda: seen)
        events = list(engine.stream(GenerationRequest(f"{long} 확인", 1, sampling=GREEDY)))
    engine.close()
    assert seen[0] <= chunk + 1
    assert isinstance(events[-1], Finished)
    assert events[-1].reason in ("stop", "length")
    assert seen[0] <= reused(events)
    # llama.cpp reads on while nobody takes its progress; that it leaves within a batch is shown in test_llama_cpp.
    if isinstance(here, LocalBackend):
        assert reused(events) <= seen[0] + chunk
