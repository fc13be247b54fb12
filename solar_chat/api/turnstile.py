"""The queue in front of the model: who comes next, and when it is full.

Each client has its turn in a circle, first come first served within one: a client with sixty requests makes another wait for one of them, not for
sixty. Only a few are let through at a time, so that a person at the page waits for one program's reply at most. The rule: a place is given back
whatever happens, and whoever goes away while waiting leaves no gap. Lives in one event loop; knows nothing of requests.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

# One is answered while the next is being prepared; more would only stand in the engine's own queue, in front of the page. Replies that are made
# together give way to the page, so of these there may be as many as the model has seats.
AT_ONCE: Final = 2
# As many as a minute of short replies on a plain CPU.
MOST_WAITING: Final = 256
# How much the newest reply counts in the mean that `Retry-After` is made of.
_NEWEST: Final = 0.2
_LONGEST_RETRY_S: Final = 60


class Full(Exception):
    """There is no place. `retry_after_s` is when there may be one."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(retry_after_s)
        self.retry_after_s = retry_after_s


class Place:
    """One request's place, waited for and held as an async context manager."""

    def __init__(self, turnstile: Turnstile, client: str) -> None:
        self._turnstile = turnstile
        self.client = client
        self.granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.since = 0.0

    async def __aenter__(self) -> Self:
        try:
            await self.granted
        except asyncio.CancelledError:
            self._turnstile.leave(self)
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._turnstile.leave(self)


class Turnstile:
    """Lets `at_once` through at a time, in a circle over the clients. A number that grows takes effect when the next one comes or goes."""

    def __init__(self, at_once: Callable[[], int] = lambda: AT_ONCE, most_waiting: int = MOST_WAITING) -> None:
        self._at_once = at_once
        self._most_waiting = most_waiting
        self._circle: OrderedDict[str, deque[Place]] = OrderedDict()
        self._inside: set[Place] = set()
        self._mean_s = 1.0

    @property
    def waiting(self) -> int:
        return sum(map(len, self._circle.values()))

    @property
    def running(self) -> int:
        return len(self._inside)

    def enter(self, client: str) -> Place:
        """A place in the queue, at once. Raises Full."""
        if self.waiting >= self._most_waiting:
            raise Full(min(_LONGEST_RETRY_S, math.ceil(self._mean_s * self.waiting / self._at_once()) or 1))
        place = Place(self, client)
        self._circle.setdefault(client, deque()).append(place)
        self._next()
        return place

    def leave(self, place: Place) -> None:
        """Give a place back, waited for or held. Can be called again."""
        if place in self._inside:
            self._inside.remove(place)
            self._mean_s += _NEWEST * (time.monotonic() - place.since - self._mean_s)
        else:
            line = self._circle.get(place.client, deque())
            if place in line:
                line.remove(place)
            if not line:
                self._circle.pop(place.client, None)
        self._next()

    def _next(self) -> None:
        while self._circle and len(self._inside) < self._at_once():
            client, line = next(iter(self._circle.items()))
            place = line.popleft()
            if line:
                self._circle.move_to_end(client)
            else:
                del self._circle[client]
            if not place.granted.done():
                place.since = time.monotonic()
                self._inside.add(place)
                place.granted.set_result(None)
