"""One worker thread on which every generation and every load runs, in the order they were asked for.

The rule: a reader never hangs and never misses an error. An exception crosses over as an item in the reader's own queue, and closing the engine fails
whoever still waits. Readers may iterate in any thread, close early or simply drop the stream. A reply that needs several requests takes a `Lease`:
its later requests go ahead of the queue, because they find their keys and values in the cache and are short. Knows nothing of prompts or
conversations.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from solar_chat.engine.event_stream import EventStream, Generation
from solar_chat.engine.protocol import Backend, GenerationRequest
from solar_chat.engine.thinking import without_thinking
from solar_chat.errors import ModelError

# How long `close` waits for a backend to notice: a local one needs the time of one layer, a remote one may sit in a socket.
CLOSE_TIMEOUT_S = 10.0
# How long the worker stays with a lease between two of its requests. Judging a sentence takes milliseconds; a reader that has stalled (a page that
# went away, a client that does not read) must not keep others waiting for longer than a person notices.
LEASE_PAUSE_S = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class _Load:
    """A change of model in the queue."""

    loader: Callable[[], Backend]
    done: Future[None] = field(default_factory=Future)

    def fail(self, error: BaseException) -> None:
        # Closing the engine and the end of the loader may both want to answer: the first one counts.
        with contextlib.suppress(InvalidStateError):
            self.done.set_exception(error)

    def succeed(self) -> None:
        with contextlib.suppress(InvalidStateError):
            self.done.set_result(None)


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
        return self._current

    def close(self) -> None:
        """Give the place back and end what still runs. Can be called again."""
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


class Engine:
    """The model in use and the queue in front of it."""

    def __init__(self) -> None:
        self._backend: Backend | None = None
        self._changed = threading.Condition()
        self._waiting: deque[Generation | _Load] = deque()
        self._running: Generation | _Load | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="engine", daemon=True)
        self._thread.start()

    @property
    def backend(self) -> Backend | None:
        """The loaded model; None before the first load, during one, and after a failed one."""
        return self._backend

    @property
    def queue_length(self) -> int:
        """Requests and loads not finished yet, the running one included: how many a new caller waits for."""
        with self._changed:
            alive = sum(not (isinstance(work, Generation) and work.stop.is_set()) for work in self._waiting)
            return alive + (self._running is not None)

    def require_backend(self) -> Backend:
        """The loaded model. Raises ModelError `no_model`."""
        if self._backend is None:
            raise ModelError("no_model")
        return self._backend

    def load_soon(self, loader: Callable[[], Backend]) -> Future[None]:
        """Replace the model by what `loader` returns, after what is queued.

        The old model is closed first, so that both never need memory at once. The future holds what `loader` raised; there is no model then.
        """
        work = _Load(loader)
        self._enqueue(work)
        return work.done

    def load(self, loader: Callable[[], Backend]) -> None:
        """Replace the model by what `loader` returns, after what is queued; waits until it is there. Raises what `loader` raised."""
        self.load_soon(loader).result()

    def stream(self, request: GenerationRequest) -> EventStream:
        """Queue `request`; iterate to get its events.

        Raises ModelError `engine_closed` at once; `no_model` and the backend's errors come while iterating.
        """
        return self._queued(Generation(request), False)

    def lease(self) -> Lease:
        """A place for a reply that may take several requests; queues nothing yet."""
        return Lease(self._queued, self._wake)

    def close(self) -> None:
        """End the running reply, fail the waiting ones with ModelError `engine_closed`, free the model. Can be called again."""
        with self._changed:
            self._closed = True
            left = [*self._waiting]
            self._waiting.clear()
            if self._running is not None:
                left.append(self._running)
            self._changed.notify_all()
        for work in left:
            if isinstance(work, Generation):
                work.stop.set()
            work.fail(ModelError("engine_closed"))
        if threading.current_thread() is not self._thread:
            self._thread.join(CLOSE_TIMEOUT_S)

    def _queued(self, work: Generation, ahead: bool) -> EventStream:
        self._enqueue(work, ahead=ahead)
        return EventStream(work, self._give_up_place)

    def _enqueue(self, work: Generation | _Load, *, ahead: bool = False) -> None:
        with self._changed:
            if self._closed:
                raise ModelError("engine_closed")
            if ahead:
                self._waiting.appendleft(work)
            else:
                self._waiting.append(work)
            self._changed.notify_all()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _give_up_place(self, work: Generation) -> None:
        with self._changed:
            if work not in self._waiting:
                return
            self._waiting.remove(work)
        work.cancel()

    def _work(self) -> None:
        lease: threading.Event | None = None
        while True:
            with self._changed:
                self._await_work(lease)
                if self._closed:
                    break
                work = self._running = self._waiting.popleft()
            lease = work.lease if isinstance(work, Generation) else None
            try:
                if isinstance(work, _Load):
                    self._replace(work)
                else:
                    self._generate(work)
            finally:
                with self._changed:
                    self._running = None
            # The name would keep the last request and its events alive until the next one comes.
            del work
        self._drop_backend()

    def _await_work(self, lease: threading.Event | None) -> None:
        """Wait for something to do, first for what `lease` wants next. Called with the lock held, and gives it up while waiting."""

        def next_of_lease() -> bool:
            first = self._waiting[0] if self._waiting else None
            return self._closed or lease is None or lease.is_set() or (isinstance(first, Generation) and first.lease is lease)

        self._changed.wait_for(next_of_lease, LEASE_PAUSE_S)
        self._changed.wait_for(lambda: self._closed or self._waiting)

    def _replace(self, work: _Load) -> None:
        try:
            self._drop_backend()
            self._backend = work.loader()
        except BaseException as error:
            work.fail(error)
        else:
            work.succeed()

    def _generate(self, work: Generation) -> None:
        if work.stop.is_set():
            work.cancel()
            return
        try:
            backend = self.require_backend()
            for event in without_thinking(backend.stream(work.request, work.stop), work.request, backend.name):
                work.items.put(event)
        except BaseException as error:
            work.fail(error)
        else:
            work.items.put(None)

    def _drop_backend(self) -> None:
        old, self._backend = self._backend, None
        if old is not None:
            old.close()
