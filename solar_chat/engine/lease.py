"""One caller's place at the model, over as many requests as its reply takes.

The rule: between two requests of one reply nobody else's comes, and a caller who went away keeps nobody waiting for longer than a person notices.
Queues nothing itself (`worker`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from solar_chat.engine.event_stream import EventStream, Generation
from solar_chat.engine.protocol import GenerationRequest

# How long the worker stays with a lease between two of its requests. Judging a sentence takes milliseconds; a reader that has stalled (a page that
# went away, a client that does not read) must not keep others waiting for longer than a person notices.
LEASE_PAUSE_S = 0.5


class Lease:
    """One caller's place at the model, over as many requests as its reply takes.

    The first request queues as any other. Each later one ends the one before and goes ahead of the queue; between two of them the worker waits
    `LEASE_PAUSE_S` for the next before it serves others. Give it back by `close`, as a context manager, or by dropping it.
    """

    def __init__(self, enqueue: Callable[[Generation, bool], EventStream], notify: Callable[[], None]) -> None:
        self._enqueue = enqueue
        self._notify = notify
        self._over = threading.Event()
        self._current: EventStream | None = None

    def stream(self, request: GenerationRequest) -> EventStream:
        """As `Engine.stream`, without losing the place."""
        before, self._current = self._current, self._enqueue(Generation(request, self._over), self._current is not None)
        if before is not None:
            # Only now: the worker must find the new request when it leaves the old one.
            before.close()
        if self._over.is_set():
            # Given back by another thread in the meantime.
            self._current.close()
        return self._current

    def close(self) -> None:
        """Give the place back and end what still runs; a later request ends at once. Any thread may call it, also again."""
        self._over.set()
        if self._current is not None:
            self._current.close()
        self._notify()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:
        # Only the flag: a finalizer may run in any thread, also in one that holds the engine's lock.
        self._over.set()
