"""Stop strings in a stream of text.

Holds back exactly what may still become a stop string and nothing more, so that no piece ever shows part of one and no text waits longer than it
must. Pure: knows nothing of tokens, models or templates.
"""

from __future__ import annotations

from collections.abc import Iterable


class StopScanner:
    """Text in, text without stop strings out; the first stop string ends it."""

    def __init__(self, stops: Iterable[str]) -> None:
        self._stops = tuple(dict.fromkeys(stop for stop in stops if stop))
        self._held = ""
        self.stopped = False
        """True once a stop string was seen; everything from it on is thrown away."""

    def push(self, text: str) -> str:
        """What may be shown now that `text` arrived."""
        if self.stopped:
            return ""
        text = self._held + text
        found = [at for stop in self._stops if (at := text.find(stop)) >= 0]
        if found:
            self.stopped = True
            self._held = ""
            return text[: min(found)]
        keep = self._possible_start(text)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def flush(self) -> str:
        """What was held back: the text is over, so it was no stop string."""
        held, self._held = self._held, ""
        return held

    def _possible_start(self, text: str) -> int:
        """Length of the longest end of `text` that a stop string begins with."""
        longest = min(len(text), max((len(stop) - 1 for stop in self._stops), default=0))
        return next((size for size in range(longest, 0, -1) if any(stop.startswith(text[-size:]) for stop in self._stops)), 0)
