"""A reply of several requests keeps its place, and nobody waits for one that has gone away."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator

import pytest

from solar_chat.engine import Engine, Event, Finished, GenerationRequest, ScriptedBackend, TextPiece
from solar_chat.errors import ModelError

SOON_S = 5.0
# Longer than the app's: on a busy machine, a test that goes on at once does so within half a second only mostly.
PAUSE_S = 2.0


@pytest.fixture
def backend() -> ScriptedBackend:
    return ScriptedBackend(default=["네"])


@pytest.fixture
def engine(backend: ScriptedBackend, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setattr("solar_chat.engine.worker.LEASE_PAUSE_S", PAUSE_S)
    engine = Engine()
    engine.load(lambda: backend)
    yield engine
    engine.close()


def request(text: str) -> GenerationRequest:
    return GenerationRequest(text)


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextPiece))


def asked(backend: ScriptedBackend) -> list[str]:
    return [request.prompt for request in backend.requests]


def test_a_later_request_goes_ahead_of_who_came_in_between(engine: Engine, backend: ScriptedBackend) -> None:
    backend.enqueue(["하나", *["둘"] * 1000], delay_s=0.01)
    with engine.lease() as lease:
        first = lease.stream(request("a1"))
        next(first)
        others = [engine.stream(request(name)) for name in ("b", "c")]
        assert text_of(list(lease.stream(request("a2")))) == "네"
        assert list(first) == []
        assert text_of(list(lease.stream(request("a3")))) == "네"
    for other in others:
        assert text_of(list(other)) == "네"
    assert asked(backend) == ["a1", "a2", "a3", "b", "c"]


def test_the_first_request_queues_as_any_other(engine: Engine, backend: ScriptedBackend) -> None:
    backend.enqueue(["느린"], delay_s=0.1)
    other = engine.stream(request("b"))
    with engine.lease() as lease:
        list(lease.stream(request("a1")))
    list(other)
    assert asked(backend) == ["b", "a1"]


def test_a_generation_that_ended_by_itself_keeps_the_place_for_a_moment(engine: Engine, backend: ScriptedBackend) -> None:
    with engine.lease() as lease:
        first = lease.stream(request("a1"))
        other = engine.stream(request("b"))
        assert text_of(list(first)) == "네"
        time.sleep(PAUSE_S / 10)
        list(lease.stream(request("a2")))
    list(other)
    assert asked(backend) == ["a1", "a2", "b"]


def test_giving_back_lets_the_next_one_in_at_once(engine: Engine) -> None:
    lease = engine.lease()
    list(lease.stream(request("a1")))
    other = engine.stream(request("b"))
    started = time.monotonic()
    lease.close()
    lease.close()
    list(other)
    assert time.monotonic() - started < PAUSE_S * 0.9


@pytest.mark.parametrize("dropped", [True, False])
def test_a_holder_that_stalls_or_is_dropped_keeps_others_waiting_for_a_moment_only(engine: Engine, dropped: bool) -> None:
    lease = engine.lease()
    list(lease.stream(request("a1")))
    if dropped:
        del lease
        gc.collect()
    started = time.monotonic()
    list(engine.stream(request("b")))
    assert time.monotonic() - started < PAUSE_S + SOON_S / 2


def test_closing_ends_what_runs(engine: Engine, backend: ScriptedBackend) -> None:
    backend.enqueue(["하나"] * 1000, delay_s=0.01)
    lease = engine.lease()
    stream = lease.stream(request("a1"))
    next(stream)
    lease.close()
    assert list(stream) == []
    assert text_of(list(engine.stream(request("b")))) == "네"


def test_two_replies_of_two_requests_each_are_both_answered(engine: Engine, backend: ScriptedBackend) -> None:
    outcomes: list[str] = []

    def reply(name: str) -> None:
        with engine.lease() as lease:
            list(lease.stream(request(f"{name}1")))
            outcomes.append(text_of(list(lease.stream(request(f"{name}2")))))

    threads = [threading.Thread(target=reply, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON_S)
    assert outcomes == ["네"] * 4
    order = asked(backend)
    # Nobody came between the two requests of one reply.
    assert [order[index][0] for index in range(0, 8, 2)] == [order[index][0] for index in range(1, 8, 2)]


def test_a_load_waits_for_the_reply_that_runs(engine: Engine, backend: ScriptedBackend) -> None:
    other = ScriptedBackend(default=["다른"])
    with engine.lease() as lease:
        first = lease.stream(request("a1"))
        loading = engine.load_soon(lambda: other)
        list(first)
        assert text_of(list(lease.stream(request("a2")))) == "네"
    loading.result(SOON_S)
    assert asked(backend) == ["a1", "a2"]


def test_a_closed_engine_refuses_and_hangs_nobody(engine: Engine) -> None:
    lease = engine.lease()
    assert isinstance(list(lease.stream(request("a1")))[-1], Finished)
    engine.close()
    with pytest.raises(ModelError) as caught:
        lease.stream(request("a2"))
    assert caught.value.key == "engine_closed"
    lease.close()
