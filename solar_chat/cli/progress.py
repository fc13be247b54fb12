"""Progress of long work on stderr, so that what a script reads on stdout stays clean: one updating line on a terminal, now and then one elsewhere."""

from __future__ import annotations

import sys
import time

from solar_chat.i18n import Catalogue, InterfaceLanguage

_EVERY_S = 0.2
# Enough to see that it lives, little enough for a log.
_LINES_EVERY_S = 10.0


class Progress:
    """The sentence `key` with share, done, total and rate."""

    def __init__(self, key: str, catalogue: Catalogue, lang: InterfaceLanguage) -> None:
        self._key, self._catalogue, self._lang = key, catalogue, lang
        self._terminal = sys.stderr.isatty()
        self._begun = self._next = time.monotonic()
        if not self._terminal:
            self._next += _LINES_EVERY_S
        self._open = False

    def show(self, done: int, total: int, **more: object) -> None:
        """`done` of `total` bytes; `more` fills what else the sentence has."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + (_EVERY_S if self._terminal else _LINES_EVERY_S)
        rate = done / max(now - self._begun, 1e-3)
        counts = {"share": f"{done / max(total, 1):.0%}", "done": f"{done / 1e9:.2f}", "total": f"{total / 1e9:.2f}", "rate": f"{rate / 1e6:.0f}"}
        line = self._catalogue.tr(self._lang, self._key, **counts, **more)
        print(f"\r\033[K{line}" if self._terminal else line, end="" if self._terminal else "\n", file=sys.stderr, flush=True)
        self._open = self._terminal

    def share(self, _stage: str, share: float) -> None:
        """For work that counts in shares of 1."""
        self.show(round(share * 1000), 1000)

    def end(self) -> None:
        """Leave the updating line behind."""
        if self._open:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
            self._open = False
