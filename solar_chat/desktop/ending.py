"""When the program ends: a signal, the closed window, Quit in the page, or nobody being there any more.

Whoever wants it to end asks; the one that serves the page waits, and cleans up. A signal is heard even while the main thread is inside the window
system's own loop, where Python's handlers never run.
"""

from __future__ import annotations

import contextlib
import select
import signal
import socket
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

# A reload, or a browser that starts again, closes the last page for a moment; a model of gigabytes is not kept much longer for nobody.
QUIET_S = 180.0
# A page that went without saying goodbye may be one that the browser has put to sleep, and somebody may come back to it.
VANISHED_S = 6 * 3600.0
_LOOK_S = 0.5
_ANSWERING_S = 0.5
_ASKED = b"\0"


class Ending:
    """Heard by `wait`, from any thread; signals only after `listen`."""

    def __init__(self) -> None:
        self._hears, self._says = socket.socketpair()
        self._says.setblocking(False)
        self._asked = threading.Event()

    def __bool__(self) -> bool:
        return self._asked.is_set()

    def ask(self) -> None:
        """End now."""
        self._asked.set()
        with contextlib.suppress(OSError):
            self._says.send(_ASKED)

    def ask_soon(self) -> None:
        """End once the page that asked for it has its answer."""
        threading.Timer(_ANSWERING_S, self.ask).start()

    def listen(self) -> None:
        """Take Ctrl+C and termination as a wish to end in order; a second one ends at once. Only in the main thread."""
        signal.set_wakeup_fd(self._says.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._signalled)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Whether the end was asked for within `timeout_s`."""
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while not self._asked.is_set():
            # Windows runs no handler of Python's inside a long wait.
            pause = _LOOK_S if until is None else min(_LOOK_S, until - time.monotonic())
            if pause <= 0:
                return False
            if select.select([self._hears], [], [], pause)[0]:
                self._hears.recv(64)
                self._asked.set()
        return True

    def _signalled(self, number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL if number == signal.SIGTERM else signal.default_int_handler)
        self._asked.set()


class Presence:
    """Who uses the page. Every open page keeps a request open; it says hello and goodbye besides, for browsers put pages to sleep."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._here = 0
        self._left = time.monotonic()
        self._pages = 0

    def __enter__(self) -> Self:
        """A request has come."""
        with self._guard:
            self._here += 1
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """It was answered."""
        with self._guard:
            self._here -= 1
            self._left = time.monotonic()

    def hello(self) -> None:
        """A page was opened."""
        with self._guard:
            self._pages += 1

    def goodbye(self) -> None:
        """It was closed by the person."""
        with self._guard:
            self._pages = max(0, self._pages - 1)

    def is_over(self, quiet_s: float, vanished_s: float) -> bool:
        """Whether nobody has been there for `quiet_s`; for `vanished_s` where a page went without a goodbye."""
        with self._guard:
            return self._here == 0 and time.monotonic() - self._left > (vanished_s if self._pages else quiet_s)


def stay(ending: Ending, presence: Presence | None, busy: Callable[[], bool], *, quiet_s: float = QUIET_S, vanished_s: float = VANISHED_S) -> None:
    """Return when the program is to end; with `presence` also once nobody is there any more and nothing is going on."""
    while not ending.wait(_LOOK_S if presence is not None else None):
        if presence is not None and presence.is_over(quiet_s, vanished_s) and not busy():
            return
