"""One worker thread on which every generation and every load runs, in the order they were asked for.

The rule: a reader never hangs and never misses an error. An exception crosses over as an item in the reader's own queue, and closing the engine fails
whoever still waits. Readers may iterate in any thread, close early or simply drop the stream. Knows nothing of prompts or conversations.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from solar_chat.engine.protocol import Backend, Event, Finished, GenerationRequest
from solar_chat.errors import ModelError

# How long `close` waits for a backend to notice: a local one needs the time of one layer, a remote one may sit in a socket.
CLOSE_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class _Generation:
    """One request in the queue. The worker holds this, never the reader's `EventStream`, so that a dropped stream is noticed."""

    request: GenerationRequest
    stop: threading.Event = field(default_factory=threading.Event)
    items: queue.SimpleQueue[Event | BaseException | None] = field(default_factory=queue.SimpleQueue)
    """What the reader gets; None ends it."""

    def fail(self, error: BaseException) -> None:
        self.items.put(error)

    def cancel(self) -> None:
        self.items.put(Finished("cancelled", 0, 0, 0.0))
        self.items.put(None)


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


class EventStream(Generator[Event, None, None]):
    """The events of one request, which has its place in the queue from the moment the stream is made.

    `stop` asks for an early end and the stream still finishes properly; `close` (or dropping the last reference) leaves at once.
    """

    def __init__(self, work: _Generation, give_up_place: Callable[[_Generation], None]) -> None:
        self._work = work
        self._give_up_place = give_up_place
        self._over = False

    def send(self, _value: None = None, /) -> Event:
        """The next event; waits for it. Raises what the backend raised."""
        item = None if self._over else self._work.items.get()
        if item is None:
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


class Engine:
    """The model in use and the queue in front of it."""

    def __init__(self) -> None:
        self._backend: Backend | None = None
        self._changed = threading.Condition()
        self._waiting: deque[_Generation | _Load] = deque()
        self._running: _Generation | _Load | None = None
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
            alive = sum(not (isinstance(work, _Generation) and work.stop.is_set()) for work in self._waiting)
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
        work = _Generation(request)
        self._enqueue(work)
        return EventStream(work, self._give_up_place)

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
            if isinstance(work, _Generation):
                work.stop.set()
            work.fail(ModelError("engine_closed"))
        if threading.current_thread() is not self._thread:
            self._thread.join(CLOSE_TIMEOUT_S)

    def _enqueue(self, work: _Generation | _Load) -> None:
        with self._changed:
            if self._closed:
                raise ModelError("engine_closed")
            self._waiting.append(work)
            self._changed.notify_all()

    def _give_up_place(self, work: _Generation) -> None:
        with self._changed:
            if work not in self._waiting:
                return
            self._waiting.remove(work)
        work.cancel()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._waiting)
                if self._closed:
                    break
                work = self._running = self._waiting.popleft()
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

    def _replace(self, work: _Load) -> None:
        try:
            self._drop_backend()
            self._backend = work.loader()
        except BaseException as error:
            work.fail(error)
        else:
            work.succeed()

    def _generate(self, work: _Generation) -> None:
        if work.stop.is_set():
            work.cancel()
            return
        try:
            for event in self.require_backend().stream(work.request, work.stop):
                work.items.put(event)
        except BaseException as error:
            work.fail(error)
        else:
            work.items.put(None)

    def _drop_backend(self) -> None:
        old, self._backend = self._backend, None
        if old is not None:
            old.close()
