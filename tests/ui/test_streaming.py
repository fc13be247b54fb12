"""Events of a thread, in batches: order, rate, errors, and being stopped."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Generator

import pytest

from solar_chat.ui.streaming import batches


def no_haste() -> None:
    """The iterators here say something often."""


async def collect(start: Callable[[], Generator[int, None, None]], updates_per_s: float = 12.0) -> list[tuple[int, ...]]:
    return [batch async for batch in batches(start, threading.Event(), no_haste, updates_per_s)]


def test_every_event_arrives_in_order_and_not_too_often() -> None:
    def numbers() -> Generator[int, None, None]:
        for number in range(60):
            time.sleep(0.005)
            yield number

    got = asyncio.run(collect(numbers, updates_per_s=20.0))
    assert [number for batch in got for number in batch] == list(range(60))
    # 60 events in at least 0.3 s, 20 looks a second, the first and the last one at once.
    assert 3 <= len(got) <= 40
    assert got[0][0] == 0


def test_an_error_comes_after_what_was_said_before_it() -> None:
    def fails() -> Generator[int, None, None]:
        yield 1
        raise LookupError("broken")

    seen: list[int] = []

    async def run() -> None:
        async for batch in batches(fails, threading.Event(), no_haste):
            seen.extend(batch)

    with pytest.raises(LookupError, match="broken"):
        asyncio.run(run())
    assert seen == [1]


def test_stopping_closes_the_iterator_in_its_own_thread() -> None:
    closed, where = threading.Event(), []

    def endless() -> Generator[int, None, None]:
        try:
            while True:
                time.sleep(0.005)
                yield 0
        finally:
            where.append(threading.current_thread().name)

    async def run() -> None:
        stream = batches(endless, closed, no_haste)
        async for _ in stream:
            break
        await stream.aclose()
        assert await asyncio.to_thread(closed.wait, 2.0)

    asyncio.run(run())
    assert where == ["turn"]


def test_an_iterator_that_is_silent_is_asked_to_end() -> None:
    closed, asked = threading.Event(), threading.Event()

    def silent() -> Generator[int, None, None]:
        yield 0
        assert asked.wait(60)
        yield 1

    async def run() -> None:
        stream = batches(silent, closed, asked.set)
        async for _ in stream:
            break
        assert not closed.is_set()
        await stream.aclose()
        assert await asyncio.to_thread(closed.wait, 30)

    asyncio.run(run())


def test_what_has_ended_is_not_asked_to() -> None:
    async def run() -> None:
        asked = threading.Event()
        assert [batch async for batch in batches(lambda: (number for number in (1, 2)), threading.Event(), asked.set)]
        assert not asked.is_set()

    asyncio.run(run())


def test_a_start_that_raises_is_an_error_too() -> None:
    def refuses() -> Generator[int, None, None]:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        asyncio.run(collect(refuses))
