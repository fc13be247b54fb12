"""How far a download is, how fast, and when it will be done.

Numbers only, in bytes and seconds; the words are the doors'. The rule: the speed is that of the last seconds on the wire, so bytes that were here
before, and the time spent waiting, promise nothing.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from solar_chat.errors import SolarChatError
from solar_chat.models.transfer import Stopped

DownloadState = Literal["ready", "asking", "downloading", "waiting", "paused", "done", "failed", "cancelled"]
"""`asking`: the Hub is asked what there is; `waiting`: for a busy hub, a broken line or another program that downloads the same."""

# Long enough for a steady figure on a line that comes in bursts, short enough to follow a real change.
SPEED_WINDOW_S = 10.0
_SAMPLE_S = 0.1


@dataclass(frozen=True, slots=True)
class DownloadProgress:
    """A moment of a download."""

    state: DownloadState
    done_bytes: int = 0
    """What came in earlier runs included."""
    total_bytes: int = 0
    """0 while the Hub has not said."""
    bytes_per_second: float | None = None
    seconds_left: float | None = None
    """None while there is no speed to go by."""
    file: str = ""
    wait_s: float = 0.0
    """In state `waiting`: how long at most, if that is known."""
    error: SolarChatError | None = None
    """In state `failed`."""

    @property
    def share(self) -> float:
        """0 to 1."""
        return min(1.0, self.done_bytes / self.total_bytes) if self.total_bytes else 0.0

    @property
    def active(self) -> bool:
        return self.state in ("asking", "downloading", "waiting")


class Meter:
    """Counts for one run of a download, and carries the wish to stop into it: the `Watch` of its transfers."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._guard = threading.Lock()
        self._stop = threading.Event()
        self._done = 0
        self._samples: deque[tuple[float, int]] = deque()
        self.total_bytes = 0
        self.file = ""
        self.waits_until: float | None = None

    def begin(self, done_bytes: int, total_bytes: int) -> None:
        with self._guard:
            self._done, self.total_bytes = done_bytes, total_bytes
            self._samples.clear()

    def stop(self) -> None:
        self._stop.set()

    @property
    def stopping(self) -> bool:
        return self._stop.is_set()

    def check(self) -> None:
        if self._stop.is_set():
            raise Stopped

    def count(self, count: int) -> None:
        with self._guard:
            self._done += count
            now = self._clock()
            if count < 0:
                self._samples.clear()
            elif not self._samples:
                # The first piece began to travel before it was counted.
                self._samples.append((now, self._done - count))
            elif now - self._samples[-1][0] >= _SAMPLE_S:
                self._samples.append((now, self._done))
            while len(self._samples) > 2 and now - self._samples[1][0] > SPEED_WINDOW_S:
                self._samples.popleft()

    def wait(self, seconds: float) -> None:
        self.waits_until = self._clock() + seconds
        try:
            if self._stop.wait(seconds):
                raise Stopped
        finally:
            self.waits_until = None
            with self._guard:
                self._samples.clear()

    def read(self, state: DownloadState, error: SolarChatError | None = None) -> DownloadProgress:
        """The moment; a download that waits is told as `waiting`."""
        with self._guard:
            now, done, speed = self._clock(), self._done, self._speed()
        until = self.waits_until
        if state in ("asking", "downloading") and until is not None:
            return DownloadProgress("waiting", done, self.total_bytes, file=self.file, wait_s=max(0.0, until - now))
        left = (self.total_bytes - done) / speed if speed else None
        moving = state == "downloading"
        return DownloadProgress(state, done, self.total_bytes, speed if moving else None, left if moving else None, self.file, error=error)

    def _speed(self) -> float | None:
        if not self._samples:
            return None
        (begun, from_bytes) = self._samples[0]
        seconds = self._clock() - begun
        return (self._done - from_bytes) / seconds if seconds >= _SAMPLE_S else None
