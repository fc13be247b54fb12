"""Size and place of the window, kept from one start to the next.

The rule: a window always opens where it can be seen and reached. What was kept of a screen that is gone, of another resolution or of a broken file is
left out, piece by piece.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

# Sidebar, chat and settings side by side at a readable size; the least is what the page is laid out for (a phone's width).
WIDTH, HEIGHT = 1120, 800
LEAST_WIDTH, LEAST_HEIGHT = 390, 480
_MOST = 20_000
# So much of a title bar must lie on a screen for a hand to get hold of it.
_GRIP = 80
# Events of one gesture come on several threads at once.
_TOGETHER_S = 0.3

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Area:
    """A screen, in the coordinates of all screens."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Placement:
    """In the window system's own units. Without `x` and `y` the system chooses a place."""

    width: int = WIDTH
    height: int = HEIGHT
    x: int | None = None
    y: int | None = None
    maximized: bool = False

    def on(self, screens: Sequence[Area]) -> Placement:
        """The same where it fits on `screens`; without any (unknown) as it is."""
        if not screens:
            return self
        widest, highest = max(screen.width for screen in screens), max(screen.height for screen in screens)
        fitted = replace(self, width=min(self.width, widest), height=min(self.height, highest))
        return fitted if fitted._reachable(screens) else replace(fitted, x=None, y=None)

    def _reachable(self, screens: Sequence[Area]) -> bool:
        if self.x is None or self.y is None:
            return True
        return any(
            screen.y <= self.y <= screen.y + screen.height - _GRIP
            and self.x + self.width >= screen.x + _GRIP
            and self.x <= screen.x + screen.width - _GRIP
            for screen in screens
        )


class Follower:
    """Where the window is, from the events of its window system. They come on threads of their own and in any order.

    Maximizing and minimizing also move and resize: what came within a moment of them is not where the person has put the window.
    """

    def __init__(self, placement: Placement, clock: Callable[[], float] = time.monotonic) -> None:
        self._guard = threading.Lock()
        self._clock = clock
        self._settled = placement
        self._minimized = False
        self._pending: dict[str, Any] = {}
        self._pending_since = 0.0
        self._quiet_until = 0.0

    @property
    def placement(self) -> Placement:
        with self._guard:
            self._settle()
            return self._settled

    @property
    def minimized(self) -> bool:
        with self._guard:
            return self._minimized

    def resized(self, width: float, height: float) -> None:
        if width >= LEAST_WIDTH and height >= LEAST_HEIGHT:
            self._changed(width=int(width), height=int(height))

    def moved(self, x: float, y: float) -> None:
        self._changed(x=int(x), y=int(y))

    def maximized(self) -> None:
        self._state(maximized=True, minimized=False)

    def minimized_now(self) -> None:
        self._state(maximized=None, minimized=True)

    def restored(self) -> None:
        self._state(maximized=False, minimized=False)

    def _changed(self, **values: int) -> None:
        with self._guard:
            now = self._clock()
            if self._settled.maximized or self._minimized or now < self._quiet_until:
                return
            if now - self._pending_since > _TOGETHER_S:
                self._settle()
            self._pending |= values
            self._pending_since = now

    def _state(self, *, maximized: bool | None, minimized: bool) -> None:
        with self._guard:
            now = self._clock()
            if now - self._pending_since > _TOGETHER_S:
                self._settle()
            self._pending = {}
            self._quiet_until = now + _TOGETHER_S
            self._minimized = minimized
            if maximized is not None:
                self._settled = replace(self._settled, maximized=maximized)

    def _settle(self) -> None:
        self._settled = replace(self._settled, **self._pending)
        self._pending = {}


def load_placement(path: Path) -> Placement:
    """What was kept; the first size where there is nothing, or nothing that can be used."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return Placement()
    if not isinstance(found, dict):
        return Placement()
    width, height = _whole(found.get("width"), LEAST_WIDTH), _whole(found.get("height"), LEAST_HEIGHT)
    x, y = _whole(found.get("x"), -_MOST), _whole(found.get("y"), -_MOST)
    if x is None or y is None:
        x = y = None
    return Placement(width or WIDTH, height or HEIGHT, x, y, found.get("maximized") is True)


def save_placement(path: Path, placement: Placement) -> None:
    """Keep it; a failure is logged, for nobody closes a window to be told of it."""
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(asdict(placement), file)
        os.replace(temporary, path)
    except OSError:
        _log.warning("the window's place could not be kept", exc_info=True)
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def _whole(value: object, least: int) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and least <= value <= _MOST else None
