"""One run as a desktop program, from its first sign of life to its end: single instance, door, splash, window or browser, the word about a crash.

The rule: something is to be seen before anything heavy is imported, and whatever goes wrong afterwards is said in the same place. Serves no page
itself; whoever puts the rooms together gives it the work.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from solar_chat.desktop.door import Door
from solar_chat.desktop.ending import Ending, Presence, stay
from solar_chat.desktop.foreign import open_browser
from solar_chat.desktop.instance import Instance, Running, claim
from solar_chat.desktop.log import start_log
from solar_chat.desktop.shown import Shown
from solar_chat.desktop.splash import splash_html
from solar_chat.desktop.window import Window, window_possible
from solar_chat.errors import StartError
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.paths import Home
from solar_chat.settings import SettingsFile

# How long what went wrong waits to be fetched by the splash page before the process ends.
_TELLING_S = 10.0
# The window is gone already; a build is undone and a model of gigabytes let go of meanwhile.
_CLEANUP_S = 30.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wishes:
    """How the program is to be shown."""

    browser: bool = True
    """Open something at all; without, the address is only printed."""
    window: bool | None = None
    """In a window of its own, in the browser, or (None) in a window where one is possible."""
    beside: bool = False
    """Run beside a program of the same home: what was asked for cannot be had from the one that runs."""
    by_itself: bool = False
    """Nobody can press Ctrl+C, so without a window the program has to end by itself some day."""
    lang: InterfaceLanguage | None = None
    """Language of the splash; None: the settings'."""


@dataclass(slots=True)
class Program:
    """A program that has claimed its home and opened its door."""

    home: Home
    wishes: Wishes
    instance: Instance
    door: Door
    window: Window | None
    ending: Ending = field(default_factory=Ending)
    presence: Presence = field(default_factory=Presence)

    @property
    def needs_quit(self) -> bool:
        """Neither a window to close nor a terminal to press Ctrl+C in."""
        return self.window is None and self.wishes.browser and self.wishes.by_itself

    def run(self, work: Callable[[], None], explain: Callable[[Exception], str]) -> None:
        """Show the splash and do `work`, which ends when `stay` returns. Raises what it raised, or Shown where the splash has said it, by `explain`.

        Only in the main thread.
        """
        self.ending.listen()
        job = _Job(self, work, explain)
        seen = self._in_window(job) if self.window is not None else False
        if self.window is None:
            seen = self.wishes.browser and open_browser(self.door.url)
            if self.wishes.browser and not seen:
                _log.warning("no browser could be opened")
            job()
        if job.failure is None:
            return
        if seen and self.door.error is not None and self.door.told.wait(_TELLING_S):
            raise Shown(self.door.error) from job.failure
        raise job.failure

    def page_is_at(self, url: str) -> None:
        """The page is up: splash and second starts lead there."""
        self.door.page_url = url
        self.instance.page_is_at(url)

    def stay(self, busy: Callable[[], bool]) -> None:
        """Return when the program is to end. `busy` is asked before it ends because nobody is there."""
        stay(self.ending, self.presence if self.needs_quit else None, busy)
        self.door.ending = True

    def _in_window(self, job: _Job) -> bool:
        assert self.window is not None
        if self.window.run(self.door.url, job):
            # Closing the window is the wish to end; the work cleans up in its own thread.
            self.ending.ask()
            if not job.done.wait(_CLEANUP_S):
                _log.warning("cleaning up took longer than %s s", _CLEANUP_S)
            return True
        if self.wishes.window:
            raise StartError("window_failed", log=self.home.log)
        self.window = None
        return False


class _Job:
    """The work, wherever it runs, and what came of it."""

    def __init__(self, program: Program, work: Callable[[], None], explain: Callable[[Exception], str]) -> None:
        self._program = program
        self._work = work
        self._explain = explain
        self.failure: BaseException | None = None
        self.done = threading.Event()

    def __call__(self) -> None:
        door, window = self._program.door, self._program.window
        try:
            self._work()
        except Exception as error:
            self.failure = error
            door.error = self._explain(error)
        except BaseException as end:
            # SystemExit of the command line, in whichever thread it was reached.
            self.failure = end
        finally:
            self.done.set()
        # A window that shows what went wrong stays until it was read.
        if window is not None and (door.error is None or door.page_url is not None):
            window.close()


@contextmanager
def open_program(home: Home, catalogue: Catalogue, lang: InterfaceLanguage, wishes: Wishes) -> Iterator[Program | Running]:
    """Claim `home` and open the door, or learn of the program that runs and has come to the front.

    Raises StartError `home_unwritable`, `running_silent`, or `window_missing` where a window was wished for and there can be none.
    """
    home.create()
    start_log(home.log)
    possible = wishes.window is not False and window_possible()
    if wishes.window and not possible:
        raise StartError("window_missing")
    claimed = claim(home.instance, alone=not wishes.beside)
    if isinstance(claimed, Running):
        yield claimed
        return
    settings = SettingsFile(home.settings).glance()
    with Door(lambda nonce: splash_html(catalogue, settings, lang, wishes.lang, home, nonce)) as door:
        window = Window(home, settings.theme, catalogue.tr(lang, "app.name")) if possible and (wishes.browser or wishes.window) else None
        program = Program(home, wishes, claimed, door, window)
        if window is not None:
            door.show = window.show
        door.secret = claimed.announce(door.url)
        try:
            yield program
        finally:
            door.ending = True
            claimed.close()
