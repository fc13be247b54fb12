"""Size and place of the window, kept from one start to the next.

The rule: a window always opens where it can be seen and reached. What was kept of a screen that is gone, of another resolution or of a broken file is
left out, piece by piece.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

# Sidebar, chat and settings side by side at a readable size; the least is what the page is laid out for (a phone's width).
WIDTH, HEIGHT = 1120, 800
LEAST_WIDTH, LEAST_HEIGHT = 390, 480
_MOST = 20_000
# So much of a title bar must lie on a screen for a hand to get hold of it.
_GRIP = 80

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
