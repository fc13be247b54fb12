"""One worker thread on which every generation and every load runs, in the order they were asked for.

The rule: a reader never hangs and never misses an error. An exception crosses over as an item in the reader's own queue, and closing the engine fails
whoever still waits. Readers may iterate in any thread, close early or simply drop the stream. A reply that needs several requests takes a `Lease`:
its later requests go ahead of the queue, because they find their keys and values in the cache and are short. While nobody waits and no reply stands
open, one prompt can be read ahead of being sent; it leaves at once for whatever is asked. Requests that may be answered together (`batch`) go on a
token of each at a time, and give way to any other, which then has the model to itself. Knows nothing of prompts or conversations.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain

from solar_chat.engine.batch import Guest
from solar_chat.engine.event_stream import EventStream, Generation
from solar_chat.engine.lease import LEASE_PAUSE_S, Lease
from solar_chat.engine.protocol import Backend, Event, GenerationRequest
from solar_chat.engine.thinking import Habit, without_thinking
from solar_chat.errors import ModelError

# How long `close` waits for a backend to notice: a local one needs the time of one layer, a remote one may sit in a socket.
CLOSE_TIMEOUT_S = 10.0

# Replies made together go on for at least so long between two that have the model to themselves, else a busy page would keep them waiting for ever.
TURN_TOGETHER_S = 0.5

log = logging.getLogger(__name__)

Loader = Callable[[], Backend]


@dataclass(frozen=True, slots=True, eq=False)
class _Load:
    """A change of model in the queue."""

    prepare: Callable[[], Loader | None]
    done: Future[None] = field(default_factory=Future)

    def fail(self, error: BaseException) -> None:
        # Closing the engine and the end of the loader may both want to answer: the first one counts.
        with contextlib.suppress(InvalidStateError):
            self.done.set_exception(error)

    def succeed(self) -> None:
        with contextlib.suppress(InvalidStateError):
            self.done.set_result(None)

    @property
    def is_ending(self) -> bool:
        return self.done.done()


class Engine:
    """The model in use and the queue in front of it."""

    def __init__(self) -> None:
        self._backend: Backend | None = None
        self._habit = Habit()
        self._changed = threading.Condition()
        self._waiting: deque[Generation | _Load] = deque()
        self._running: Generation | _Load | None = None
        self._together: dict[Generation, Guest] = {}
        """Who is answered together."""
        self._ahead: Generation | None = None
        """What is read ahead, or is to be as soon as nothing else is to be done."""
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="engine", daemon=True)
        self._thread.start()

    @property
    def backend(self) -> Backend | None:
        """The loaded model; None before the first load, during one, and after one that failed while loading."""
        return self._backend

    @property
    def queue_length(self) -> int:
        """Requests and loads not finished yet, the running one included: how many a new caller waits for."""
        with self._changed:
            alive = sum(not (isinstance(work, Generation) and work.stop.is_set()) for work in self._waiting)
            return alive + (self._running is not None) + sum(not guest.stop.is_set() for guest in self._together.values())

    @property
    def most_together(self) -> int:
        """How many requests the loaded model answers at a time, where they may be answered together; 1 without one."""
        backend = self._backend
        batch = None if backend is None else backend.batch()
        return 1 if batch is None else batch.seats

    def require_backend(self) -> Backend:
        """The loaded model. Raises ModelError `no_model`."""
        if self._backend is None:
            raise ModelError("no_model")
        return self._backend

    def switch_soon(self, prepare: Callable[[], Loader | None]) -> Future[None]:
        """Replace the model by what the loader returns that `prepare` returns, after what is queued; None keeps the model.

        `prepare` runs while the old model is still there, so that what it finds wrong costs nobody their model. The old one is closed before the
        loader runs, so that both never need memory at once. The future holds what either raised: after `prepare` the old model stays, after the
        loader there is none.
        """
        work = _Load(prepare)
        self._enqueue(work)
        return work.done

    def load_soon(self, loader: Loader) -> Future[None]:
        """As `switch_soon`, with nothing to prepare."""
        return self.switch_soon(lambda: loader)

    def load(self, loader: Loader) -> None:
        """As `load_soon`, and waits until the model is there. Raises what `loader` raised."""
        self.load_soon(loader).result()

    def stream(self, request: GenerationRequest) -> EventStream:
        """Queue `request`; iterate to get its events.

        Raises ModelError `engine_closed` at once; `no_model` and the backend's errors come while iterating.
        """
        return self._queued(Generation(request), False)

    def lease(self) -> Lease:
        """A place for a reply that may take several requests; queues nothing yet."""
        return Lease(self._queued, self._wake)

    @property
    def reads_ahead(self) -> bool:
        """Whether `prefill` is of use now: the model is one that reads ahead, and nobody is answered or waits."""
        with self._changed:
            busy = any(not work.is_ending for work in self._waiting) or (self._running is not None and not self._running.is_ending)
            return not (busy or self._together or self._closed) and self._backend is not None and self._backend.reads_ahead

    def prefill(self, request: GenerationRequest) -> bool:
        """Read the prompt of `request` while nothing else is to be done, so that the next request finds it in the cache; whether it is tried.

        Of the lowest rank: it counts for no queue, waits while a lease is open, gives its place to the next `prefill`, and ends within one chunk, for
        good, as soon as anything is asked or loaded. Does nothing where `reads_ahead` is not so. What goes wrong is logged and nobody is told.
        """
        with self._changed:
            if not self.reads_ahead:
                return False
            self._give_up_ahead()
            self._ahead = Generation(replace(request, max_reply_tokens=0))
            self._changed.notify_all()
        return True

    def close(self) -> None:
        """End the running reply, fail the waiting ones with ModelError `engine_closed`, free the model. Can be called again."""
        with self._changed:
            self._closed = True
            self._give_up_ahead()
            left = [*self._waiting, *self._together]
            self._waiting.clear()
            if self._running is not None:
                left.append(self._running)
            self._changed.notify_all()
        for work in left:
            # In this order: a reply that is told to stop first may have told its reader that it was cancelled before the error comes.
            work.fail(ModelError("engine_closed"))
            if isinstance(work, Generation):
                work.stop.set()
        if threading.current_thread() is not self._thread:
            self._thread.join(CLOSE_TIMEOUT_S)

    def _queued(self, work: Generation, ahead: bool) -> EventStream:
        self._enqueue(work, ahead=ahead)
        if not work.request.together or work.request.with_thoughts:
            return EventStream(work, self._give_up_place)
        # The worker cannot wait in the middle of one of several replies, so that the reader leaves out what was only thought.
        return EventStream(work, self._give_up_place, partial(self._said, work.request))

    def _said(self, request: GenerationRequest, events: Iterator[Event]) -> Iterator[Event]:
        """`events` without thoughts. Runs in the reader's thread."""
        for first in events:
            # Not before: a change of model may have been in front of it, and the habits of two models differ.
            name = "" if self._backend is None else self._backend.name
            yield from without_thinking(chain((first,), events), request, name, self._habit)

    def _enqueue(self, work: Generation | _Load, *, ahead: bool = False) -> None:
        with self._changed:
            if self._closed:
                raise ModelError("engine_closed")
            self._give_up_ahead()
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

    def _give_up_ahead(self) -> None:
        """What it has read stays in the cache. Called with the lock held."""
        if self._ahead is not None:
            self._ahead.stop.set()
            self._ahead = None

    def _work(self) -> None:
        lease: threading.Event | None = None
        was_alone = False
        while True:
            with self._changed:
                self._await_work(lease)
                if self._closed:
                    break
                self._seat()
                first = self._waiting[0] if self._waiting else None
                goes_on = lease is not None and isinstance(first, Generation) and first.lease is lease
                work = self._running = None if self._together and was_alone and not goes_on else self._next_alone()
                ahead = self._ahead if work is None and not self._together else None
            if work is None:
                was_alone = False
                if ahead is None:
                    lease = None
                    self._answer_together()
                else:
                    self._read_ahead(ahead)
                continue
            was_alone = True
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

    def _seat(self) -> None:
        """Take in who may be answered together, as far as there are seats and no change of model is in front of them. Called with the lock held."""
        seats = self.most_together
        for work in list(self._waiting):
            if isinstance(work, _Load) or len(self._together) >= seats:
                return
            if seats > 1 and work.request.together:
                self._waiting.remove(work)
                self._together[work] = Guest(work.request, work.stop, work.items.put)

    def _next_alone(self) -> Generation | _Load | None:
        """The first in the queue that wants the model to itself. Called with the lock held, and takes it out."""
        seats = self.most_together
        for place, work in enumerate(self._waiting):
            if isinstance(work, _Load):
                if place or self._together:
                    # Whoever was here first is answered by the old model.
                    return None
            elif seats > 1 and work.request.together:
                continue
            del self._waiting[place]
            return work
        return None

    def _answer_together(self) -> None:
        """A token of each at a time, until nobody is left or somebody wants the model alone."""
        until = time.monotonic() + TURN_TOGETHER_S
        batch = self.require_backend().batch()
        assert batch is not None
        while True:
            for guest in [guest for guest in self._together.values() if not guest.seated]:
                batch.sit(guest)
            batch.step()
            with self._changed:
                for work in [work for work, guest in self._together.items() if guest.over]:
                    del self._together[work]
                self._seat()
                waits = any(isinstance(work, Generation) and not work.request.together for work in self._waiting)
                if self._closed or not self._together or (waits and time.monotonic() >= until):
                    return

    def _await_work(self, lease: threading.Event | None) -> None:
        """Wait for something to do, first for what `lease` wants next. Called with the lock held, and gives it up while waiting."""

        def next_of_lease() -> bool:
            first = self._waiting[0] if self._waiting else None
            return self._closed or lease is None or lease.is_set() or (isinstance(first, Generation) and first.lease is lease)

        self._changed.wait_for(next_of_lease, LEASE_PAUSE_S)
        while not (self._closed or self._waiting or self._together or (self._ahead is not None and (lease is None or lease.is_set()))):
            # A lease that is dropped wakes nobody.
            self._changed.wait(None if self._ahead is None else LEASE_PAUSE_S)

    def _replace(self, work: _Load) -> None:
        try:
            loader = work.prepare()
            if self._closed:
                raise ModelError("engine_closed")
            if loader is not None:
                self._drop_backend()
                self._backend = loader()
        except BaseException as error:
            work.fail(error)
        else:
            work.succeed()

    def _generate(self, work: Generation) -> None:
        if work.stop.is_set():
            work.cancel()
            return
        try:
            work.context.run(self._write, work)
        except BaseException as error:
            work.fail(error)
        else:
            work.items.put(None)

    def _write(self, work: Generation) -> None:
        backend = self.require_backend()
        events = backend.stream(work.request, work.stop)
        # Of those that might have been answered together it is the reader who leaves thoughts out.
        if not (work.request.together or work.request.with_thoughts):
            events = without_thinking(events, work.request, backend.name, self._habit)
        for event in events:
            work.items.put(event)

    def _read_ahead(self, work: Generation) -> None:
        try:
            for _ in self.require_backend().stream(work.request, work.stop):
                pass
        except Exception:
            # Backends raise what their libraries raise; nobody waits for this one, and the worker has to live on.
            log.warning("a prompt could not be read ahead", exc_info=True)
        with self._changed:
            if self._ahead is work:
                self._ahead = None

    def _drop_backend(self) -> None:
        old, self._backend = self._backend, None
        self._habit = Habit()
        if old is not None:
            old.close()
