"""Logging in as the owner from another device: the password, how often it may be tried, and the sessions it opens.

The rule: nothing here tells how near a guess was, and a session is found by its pass alone, which only the browser that logged in knows. Decides;
`owner_door` speaks HTTP.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from solar_chat.errors import InputError

# A person who mistypes has enough with these; through a tunnel that hides addresses everybody shares the second number.
TRIES_OF_ONE: Final = 5
TRIES_OF_ALL: Final = 50
TRIES_S: Final = 300.0
SESSION_S: Final = 12 * 3600.0
# A phone, a tablet, a second computer, each logged in twice.
MOST_SESSIONS: Final = 8


class Tries:
    """Wrong guesses of the last minutes, of each address and of all."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: deque[tuple[float, str]] = deque(maxlen=TRIES_OF_ALL)
        self._guard = threading.Lock()

    def guess(self, address: str) -> None:
        """Count a guess, as a wrong one until `right` is told. Raises InputError `too_many_tries` (seconds) where `address` has to wait."""
        with self._guard:
            now = self._clock()
            recent = [when for when, who in self._wrong if now - when < TRIES_S and who == address]
            oldest = recent[-TRIES_OF_ONE] if len(recent) >= TRIES_OF_ONE else None
            if oldest is None and len(self._wrong) == TRIES_OF_ALL and now - self._wrong[0][0] < TRIES_S:
                oldest = self._wrong[0][0]
            if oldest is None:
                self._wrong.append((now, address))
        if oldest is not None:
            raise InputError("too_many_tries", seconds=math.ceil(TRIES_S - (now - oldest)))

    def right(self, address: str) -> None:
        """The last guess of `address` was none, or not wrong."""
        with self._guard:
            newest = next((place for place in reversed(range(len(self._wrong))) if self._wrong[place][1] == address), None)
            if newest is not None:
                del self._wrong[newest]


class OwnerLogin:
    """Opens sessions to whoever knows the password. Safe to call from any thread."""

    def __init__(self, password: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._salt = secrets.token_bytes(32)
        self._password = self._digest(password)
        self._clock = clock
        self._tries = Tries(clock)
        self._guard = threading.Lock()
        self._sessions: dict[bytes, float] = {}
        """What a pass hashes to → when it ends. The pass itself is kept nowhere."""

    def enter(self, given: str, address: str) -> str:
        """The pass of a new session. Raises InputError `too_many_tries` (seconds) or `owner_password_wrong`."""
        self._tries.guess(address)
        if not hmac.compare_digest(self._digest(given), self._password):
            raise InputError("owner_password_wrong")
        self._tries.right(address)
        fresh = secrets.token_urlsafe(32)
        with self._guard:
            self._sweep()
            while len(self._sessions) >= MOST_SESSIONS:
                del self._sessions[next(iter(self._sessions))]
            self._sessions[self._digest(fresh)] = self._clock() + SESSION_S
        return fresh

    def is_inside(self, given: str) -> bool:
        """Whether `given` is the pass of a session that has not ended."""
        with self._guard:
            self._sweep()
            return self._digest(given) in self._sessions

    def leave(self, given: str) -> None:
        """End a session."""
        with self._guard:
            self._sessions.pop(self._digest(given), None)

    def _digest(self, text: str) -> bytes:
        # Of one length, so that comparing tells nothing of the password's; salted, so that looking a pass up tells nothing of the others.
        return hmac.new(self._salt, text.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()

    def _sweep(self) -> None:
        """Forget what has ended. Called with the lock held."""
        now = self._clock()
        self._sessions = {digest: end for digest, end in self._sessions.items() if end > now}
