"""Events of a blocking iterator, handed to the page a few times a second.

Knows neither Gradio nor conversations. The iterator runs and is closed in one thread of its own; closing the asynchronous side (Stop, a closed tab)
asks it to come to its end, and closes it at its next event. Nothing is dropped: events that came between two looks arrive together.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator
from typing import TypeVar

Event = TypeVar("Event")

# A browser needs about 50 ms to draw a long conversation again: at every token it falls behind by minutes, and Stop seems broken.
UPDATES_PER_S = 12.0


async def batches(
    start: Callable[[], Generator[Event, None, None]], closed: threading.Event, halt: Callable[[], None], updates_per_s: float = UPDATES_PER_S
) -> AsyncGenerator[tuple[Event, ...], None]:
    """Tuples of new events, the first at once, then at most `updates_per_s`. An error of the iterator is raised after its last event.

    `closed` is set when the iterator has ended, so that whoever stopped it can wait for what it still writes. `halt` hastens that: an event may be
    long in coming.
    """
    loop, wake, stop = asyncio.get_running_loop(), asyncio.Event(), threading.Event()
    events: list[Event] = []
    outcome: list[BaseException | None] = []

    def notify() -> None:
        # The loop is gone only when the whole server is.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(wake.set)

    def work() -> None:
        error: BaseException | None = None
        try:
            with contextlib.closing(start()) as iterator:
                for event in iterator:
                    events.append(event)
                    notify()
                    if stop.is_set():
                        break
        except BaseException as failure:  # carried to the reader, who raises it
            error = failure
        outcome.append(error)
        closed.set()
        notify()

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(work,), name="turn", daemon=True).start()
    seen, last = 0, 0.0
    try:
        while not (outcome and seen == len(events)):
            await wake.wait()
            wake.clear()
            if seen and not outcome:
                await asyncio.sleep(max(0.0, last + 1 / updates_per_s - time.monotonic()))
            new = tuple(events[seen:])
            seen += len(new)
            if new:
                last = time.monotonic()
                yield new
        if outcome[0] is not None:
            raise outcome[0]
    finally:
        stop.set()
        if not closed.is_set():
            halt()
