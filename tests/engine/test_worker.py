"""The queue: fair, stoppable from anywhere, and nobody ever waits for something that will not come."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from solar_chat.engine import Engine, Event, Finished, GenerationRequest, ScriptedBackend, TextPiece
from solar_chat.engine.local import LocalBackend
from solar_chat.errors import ModelError

SOON_S = 5.0


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.close()


def request(text: str = "질문") -> GenerationRequest:
    return GenerationRequest(text)


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextPiece))


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + SOON_S
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.002)


def in_thread(work: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """Run `work` elsewhere; the list gets its result or what it raised."""
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, outcome


def loaded(engine: Engine, *replies: list[str], default: list[str] | None = None) -> ScriptedBackend:
    backend = ScriptedBackend(*replies, default=default)
    engine.load(lambda: backend)
    return backend


def test_events_cross_over_in_order(engine: Engine) -> None:
    loaded(engine, ["안녕", "하세요"])
    events = list(engine.stream(request()))
    assert text_of(events) == "안녕하세요"
    assert isinstance(events[-1], Finished)


def test_a_reader_in_another_thread_gets_the_same(engine: Engine) -> None:
    loaded(engine, ["안녕", "하세요"])
    stream = engine.stream(request())
    thread, outcome = in_thread(lambda: text_of(list(stream)))
    thread.join(SOON_S)
    assert outcome == ["안녕하세요"]


def test_without_a_model_the_reader_is_told(engine: Engine) -> None:
    with pytest.raises(ModelError) as caught:
        next(engine.stream(request()))
    assert caught.value.key == "no_model"
    with pytest.raises(ModelError):
        engine.require_backend()


def test_an_error_is_raised_in_the_reader_and_the_next_turn_works(engine: Engine) -> None:
    backend = loaded(engine)
    problem = ModelError("generation_failed")
    backend.enqueue(["반"], error=problem)
    backend.enqueue(["온전"])
    stream = engine.stream(request())
    seen: list[Event] = []
    with pytest.raises(ModelError) as caught:
        seen.extend(stream)
    assert caught.value is problem
    assert text_of(seen) == "반"
    assert list(stream) == []
    assert text_of(list(engine.stream(request()))) == "온전"


def test_callers_are_served_first_come_first_served(engine: Engine) -> None:
    backend = loaded(engine, default=["네"])
    backend.enqueue(["느린"], delay_s=0.1)
    streams = [engine.stream(request(str(number))) for number in range(6)]
    assert engine.queue_length == 6
    # Read in the opposite order: the place in the queue counts, not who reads first.
    for stream in reversed(streams):
        list(stream)
    assert [asked.prompt for asked in backend.requests] == [str(number) for number in range(6)]
    until(lambda: engine.queue_length == 0)


def test_stop_from_another_thread_still_finishes_properly(engine: Engine) -> None:
    backend = loaded(engine, default=["다음"])
    backend.enqueue(["하나", "둘"], delay_s=0.05)
    backend.enqueue(["영원히"] * 1000, delay_s=0.01)
    list(engine.stream(request()))
    stream = engine.stream(request())
    threading.Timer(0.1, stream.stop).start()
    events = list(stream)
    last = events[-1]
    assert isinstance(last, Finished)
    assert last.reason == "cancelled"
    assert 0 < last.reply_tokens < 100
    assert text_of(list(engine.stream(request()))) == "다음"


def test_closing_starts_the_next_callers_turn(engine: Engine) -> None:
    backend = loaded(engine, default=["다음"])
    backend.enqueue(["하나", *["둘"] * 1000], delay_s=0.01)
    first = engine.stream(request())
    second = engine.stream(request())
    while not isinstance(next(first), TextPiece):
        pass
    first.close()
    assert list(first) == []
    assert text_of(list(second)) == "다음"


def test_a_dropped_stream_stops_by_itself(engine: Engine) -> None:
    backend = loaded(engine, default=["다음"])
    backend.enqueue(["하나", *["둘"] * 100_000], delay_s=0.005)
    stream = engine.stream(request())
    next(stream)
    del stream
    gc.collect()
    assert text_of(list(engine.stream(request()))) == "다음"


def test_a_waiting_reader_can_leave_the_queue(engine: Engine) -> None:
    backend = loaded(engine, default=["네"])
    backend.enqueue(["하나"] * 1000, delay_s=0.01)
    running, closed, stopped, patient = (engine.stream(request(name)) for name in ("running", "closed", "stopped", "patient"))
    next(running)
    until(lambda: len(backend.requests) == 1)
    assert engine.queue_length == 4
    thread, outcome = in_thread(lambda: list(closed))
    closed.close()
    thread.join(SOON_S)
    assert outcome[0] in ([], [Finished("cancelled", 0, 0, 0.0)])
    stopped.stop()
    assert list(stopped) == [Finished("cancelled", 0, 0, 0.0)]
    assert engine.queue_length == 2
    running.close()
    assert text_of(list(patient)) == "네"
    assert [asked.prompt for asked in backend.requests] == ["running", "patient"]


def test_throw_closes(engine: Engine) -> None:
    backend = loaded(engine, default=["다음"])
    backend.enqueue(["하나"] * 1000, delay_s=0.01)
    stream = engine.stream(request())
    next(stream)
    with pytest.raises(KeyError):
        stream.throw(KeyError("x"))
    assert text_of(list(engine.stream(request()))) == "다음"


class TestLoad:
    def test_the_old_model_is_closed_before_the_new_one_loads(self, engine: Engine) -> None:
        old = loaded(engine, default=["옛"])
        seen: list[tuple[bool, object]] = []
        new = ScriptedBackend(default=["새"])

        def loader() -> ScriptedBackend:
            seen.append((old.closed, engine.backend))
            return new

        engine.load(loader)
        assert seen == [(True, None)]
        assert engine.backend is new
        assert text_of(list(engine.stream(request()))) == "새"

    def test_a_failed_load_leaves_no_model_and_says_why(self, engine: Engine) -> None:
        old = loaded(engine, default=["옛"])
        problem = ModelError("model_file_missing", path="x", file="config.json")

        def loader() -> ScriptedBackend:
            raise problem

        with pytest.raises(ModelError) as caught:
            engine.load(loader)
        assert caught.value is problem
        assert old.closed
        assert engine.backend is None
        assert loaded(engine, default=["새"]) is engine.backend

    def test_it_waits_for_the_replies_before_it(self, engine: Engine) -> None:
        backend = loaded(engine)
        backend.enqueue(["하나", "둘"], delay_s=0.02)
        stream = engine.stream(request())
        done = engine.load_soon(lambda: ScriptedBackend(default=["새"]))
        assert text_of(list(stream)) == "하나둘"
        done.result(SOON_S)
        assert backend.closed


class TestClose:
    def test_everybody_gets_an_error_and_nobody_hangs(self, engine: Engine) -> None:
        backend = loaded(engine)
        backend.enqueue(["하나"] * 100_000, delay_s=0.01)
        streams = [engine.stream(request()) for _ in range(3)]
        loading = engine.load_soon(ScriptedBackend)
        readers = [in_thread(partial(list, stream)) for stream in streams]
        until(lambda: len(backend.requests) == 1)
        engine.close()
        for thread, outcome in readers:
            thread.join(SOON_S)
            assert isinstance(outcome[0], ModelError)
            assert outcome[0].key == "engine_closed"
        with pytest.raises(ModelError):
            loading.result(SOON_S)
        assert backend.closed
        assert engine.backend is None

    def test_a_backend_that_does_not_notice_keeps_no_reader_waiting(self, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("solar_chat.engine.worker.CLOSE_TIMEOUT_S", 0.05)
        release = threading.Event()

        class Deaf(ScriptedBackend):
            def stream(self, request: GenerationRequest, stop: threading.Event) -> Iterator[Event]:
                release.wait(SOON_S)
                yield from ()

        engine.load(Deaf)
        thread, outcome = in_thread(lambda: list(engine.stream(request())))
        until(lambda: engine.queue_length == 1)
        engine.close()
        thread.join(SOON_S)
        release.set()
        assert isinstance(outcome[0], ModelError)

    def test_a_load_that_was_being_prepared_is_not_begun(self, engine: Engine) -> None:
        begun, go = threading.Event(), threading.Event()
        loads: list[str] = []

        def loader() -> ScriptedBackend:
            loads.append("begun")
            return ScriptedBackend()

        def prepare() -> Callable[[], ScriptedBackend]:
            begun.set()
            go.wait(SOON_S)
            return loader

        done = engine.switch_soon(prepare)
        assert begun.wait(SOON_S)
        closing, _ = in_thread(engine.close)
        with pytest.raises(ModelError, match="engine_closed"):
            done.result(SOON_S)
        go.set()
        closing.join(SOON_S)
        assert loads == []

    def test_afterwards_it_refuses_at_once(self, engine: Engine) -> None:
        engine.close()
        engine.close()
        with pytest.raises(ModelError) as caught:
            engine.stream(request())
        assert caught.value.key == "engine_closed"
        with pytest.raises(ModelError):
            engine.load(ScriptedBackend)


def test_a_real_model_answers_several_readers_one_after_the_other(engine: Engine, backend: LocalBackend, prompt: str, answer: str) -> None:
    from solar_chat.engine import Sampling

    engine.load(lambda: backend)
    asked = GenerationRequest(prompt, 200, sampling=Sampling(temperature=0))
    readers = [in_thread(lambda: text_of(list(engine.stream(asked)))) for _ in range(4)]
    for thread, outcome in readers:
        thread.join(SOON_S)
        assert outcome == [answer]


def test_an_engine_loads_nothing_heavy() -> None:
    import subprocess
    import sys

    code = (
        "import sys, solar_chat.engine, solar_chat.models, solar_chat.hardware\n"
        "print({'torch', 'transformers', 'huggingface_hub'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "set()"
