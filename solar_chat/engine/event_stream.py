"""One request on its way through the worker, and the reader's end of it.

What the worker holds and what the reader holds are two objects, so that a reader who drops the stream is noticed. Whoever reads can stop, close and
wait from any thread. Queues nothing and generates nothing: `worker` does.
"""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from solar_chat.engine.protocol import Event, Finished, GenerationRequest


@dataclass(frozen=True, slots=True, eq=False)
class Generation:
    """One request in the queue. The worker holds this, never the reader's `EventStream`, so that a dropped stream is noticed."""

    request: GenerationRequest
    lease: threading.Event | None = None
    """Set once the lease that the request belongs to is given back."""
    stop: threading.Event = field(default_factory=threading.Event)
    items: queue.SimpleQueue[Event | BaseException | None] = field(default_factory=queue.SimpleQueue)
    """What the reader gets; None ends it."""
    context: contextvars.Context = field(default_factory=contextvars.copy_context)
    """Of whoever asked: where a GPU is lent by the call, it says whose quota pays."""

    def fail(self, error: BaseException) -> None:
        self.items.put(error)

    @property
    def is_ending(self) -> bool:
        return self.stop.is_set()

    def cancel(self) -> None:
        self.items.put(Finished("cancelled", 0, 0, 0.0))
        self.items.put(None)


def _items(work: Generation) -> Iterator[Event]:
    """What is put there for the reader."""
    while (item := work.items.get()) is not None:
        if isinstance(item, BaseException):
            raise item
        yield item


class EventStream(Generator[Event, None, None]):
    """The events of one request, which has its place in the queue from the moment the stream is made.

    `stop` asks for an early end and the stream still finishes properly; `close` (or dropping the last reference) leaves at once.
    """

    def __init__(
        self, work: Generation, give_up_place: Callable[[Generation], None], through: Callable[[Iterator[Event]], Iterator[Event]] | None = None
    ) -> None:
        """What the worker puts there passes `through` in the reader's thread."""
        self._work = work
        self._passed = None if through is None else through(_items(work))
        self._give_up_place = give_up_place
        self._over = False

    def send(self, _value: None = None, /) -> Event:
        """The next event; waits for it. Raises what the backend raised."""
        try:
            item = None if self._over else next(self._passed, None) if self._passed is not None else self._work.items.get()
        except BaseException:
            self._over = True
            raise
        if item is None or self._over:
            self._over = True
            raise StopIteration
        if isinstance(item, BaseException):
            self._over = True
            raise item
        return item

    def throw(self, kind: Any, value: Any = None, traceback: TracebackType | None = None, /) -> Event:
        """Close, and raise as `Generator.throw` does."""
        self.close()
        if value is None:
            value = kind() if isinstance(kind, type) else kind
        raise value.with_traceback(traceback) if traceback is not None else value

    def stop(self) -> None:
        """End the reply within one token, or the wait; the last event is `Finished("cancelled")`. Any thread may call it."""
        self._work.stop.set()
        self._give_up_place(self._work)

    def close(self) -> None:
        """Stop, and deliver nothing more; a reader waiting in another thread wakes up. Can be called again."""
        self._over = True
        self._work.items.put(None)
        self.stop()

    def __del__(self) -> None:
        # Only the flag: a finalizer may run in any thread, also in one that holds the engine's lock.
        self._work.stop.set()
