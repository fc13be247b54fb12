"""Visitors: people at the page who are not its owner.

Each has a desk of their own: conversations in a file that is gone with the visit, choices in memory, and the owner's machine to answer. The rule:
what a visitor is shown names no file of the owner's, and nobody's visit is found without its pass. There is one folder for all visits, empty at
every start.
"""

from __future__ import annotations

import logging
import secrets
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from typing import Final

from solar_chat.assistant.assistant import DELETED_KEPT_S, Assistant
from solar_chat.assistant.chat import Halt
from solar_chat.assistant.desk import Desk
from solar_chat.assistant.events import ChatEvent, LoadState
from solar_chat.assistant.kept_visits import KeptVisits
from solar_chat.conversation import Store
from solar_chat.errors import InputError, NoTurn, SolarChatError, StaleWrite, StoreError
from solar_chat.i18n import Catalogue
from solar_chat.language import Level, morphemes
from solar_chat.settings import ReplyChoice, Settings, SettingsCopy

# After that long without a sign of life a visit is over, and what was said in it is deleted.
IDLE_S: Final = 2 * 3600.0
# As many as one machine can make wait; each takes a small file and no memory to speak of.
MOST_VISITS: Final = 200
# More than anybody types, far less than a script sends.
TURNS_A_MINUTE: Final = 12
CHOICES: Final = frozenset({"interface_language", "theme", "level", "reply_language", "guard"})
"""What a visitor may set for themselves."""
# What a visitor did wrong, or has used up, is told as it is; everything else might name a path or a setting of the owner's.
_TOLD: Final = (InputError, StaleWrite, NoTurn)
_FILE: Final = "visit.sqlite3"

log = logging.getLogger(__name__)


class Visit(Desk):
    """One visitor's desk."""

    def __init__(self, token: str, folder: Path, catalogue: Catalogue, owner: Assistant, clock: Callable[[], float]) -> None:
        # Made here, so that a visit that was never written to leaves nothing either.
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        super().__init__(SettingsCopy(Settings(), CHOICES), Store(folder / _FILE, tokenize=morphemes), catalogue, owner.machine)
        self.token = token
        self._folder = folder
        self._clock = clock
        self._turns: deque[float] = deque(maxlen=TURNS_A_MINUTE)
        self._answering = threading.Lock()
        self.seen = clock()

    def load_state(self) -> LoadState:
        """As the owner's, without what only the owner can mend."""
        state = super().load_state()
        return replace(state, model=state.model.replace("\\", "/").rsplit("/", 1)[-1], error=None, notice=None)

    def prepare(self, conversation_id: str | None, draft: str = "", *, level: Level | None = None, reply_language: ReplyChoice | None = None) -> bool:
        """Nothing is read ahead for visitors: what they have not sent is nobody's, and many of them would only empty each other's cache."""
        return False

    def send(
        self,
        conversation_id: str,
        text: str,
        *,
        level: Level | None = None,
        reply_language: ReplyChoice | None = None,
        expected_revision: int | None = None,
        halt: Halt | None = None,
    ) -> Generator[ChatEvent, None, None]:
        turn = super().send(conversation_id, text, level=level, reply_language=reply_language, expected_revision=expected_revision, halt=halt)
        return self._in_turn(turn)

    def edit(self, conversation_id: str, message_id: str, text: str, *, halt: Halt | None = None) -> Generator[ChatEvent, None, None]:
        return self._in_turn(super().edit(conversation_id, message_id, text, halt=halt))

    def regenerate(self, conversation_id: str, reply_id: str, *, halt: Halt | None = None) -> Generator[ChatEvent, None, None]:
        return self._in_turn(super().regenerate(conversation_id, reply_id, halt=halt))

    def close(self) -> None:
        """End the visit and delete what was said in it."""
        self.store.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _in_turn(self, turn: Generator[ChatEvent, None, None]) -> Generator[ChatEvent, None, None]:
        """`turn`, one at a time and not too many a minute. Raises InputError `visit_answering` and `visit_too_fast` (seconds)."""
        if not self._answering.acquire(blocking=False):
            raise InputError("visit_answering")
        try:
            now = self._clock()
            if len(self._turns) == TURNS_A_MINUTE and now - self._turns[0] < 60:
                raise InputError("visit_too_fast", seconds=round(60 - (now - self._turns[0])) or 1)
            self._turns.append(now)
            yield from turn
        except SolarChatError as error:
            if isinstance(error, _TOLD) and "path" not in error.params:
                raise
            raise SolarChatError("visit_failed") from error
        finally:
            self._answering.release()


class Visits:
    """All visits of one owner's machine. Safe to call from any thread."""

    def __init__(self, owner: Assistant, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._owner = owner
        self._clock = clock
        self._guard = threading.Lock()
        self._visits: dict[str, Visit] = {}
        # What a killed process left behind.
        shutil.rmtree(owner.home.visits, ignore_errors=True)
        self._kept = None if owner.home.kept_visits is None else KeptVisits(owner.home.kept_visits, self._stores)

    def enter(self, token: str | None) -> Visit:
        """The visit that `token` belongs to, else a new one. Raises SolarChatError `visits_full`."""
        with self._guard:
            self._sweep()
            visit = self._visits.get(token or "")
            if visit is None:
                if len(self._visits) >= MOST_VISITS:
                    raise SolarChatError("visits_full")
                # The folder's name tells nobody the pass.
                folder = self._owner.home.visits / secrets.token_hex(8)
                visit = self._brought(token, folder) or self._opened(secrets.token_urlsafe(32), folder)
                self._visits[visit.token] = visit
            visit.seen = self._clock()
            return visit

    def _brought(self, token: str | None, folder: Path) -> Visit | None:
        """What was kept of the visit `token`; None where that is nothing, or nothing that can be read: nobody is locked out by it."""
        if not token or self._kept is None or not self._kept.bring(token, folder / _FILE):
            return None
        visit: Visit | None = None
        try:
            visit = self._opened(token, folder)
            visit.store.purge_deleted(DELETED_KEPT_S)
        except StoreError:
            log.warning("a kept visit could not be opened", exc_info=True)
            if visit is not None:
                visit.store.close()
            shutil.rmtree(folder, ignore_errors=True)
            return None
        return visit

    def _opened(self, token: str, folder: Path) -> Visit:
        return Visit(token, folder, self._owner.catalogue, self._owner, self._clock)

    def get(self, token: str | None) -> Visit:
        """The visit that `token` belongs to. Raises SolarChatError `visit_over`."""
        with self._guard:
            self._sweep()
            visit = self._visits.get(token or "")
            if visit is None:
                raise SolarChatError("visit_over")
            visit.seen = self._clock()
            return visit

    def leave(self, token: str | None) -> None:
        """End a visit now."""
        with self._guard:
            visit = self._visits.pop(token or "", None)
        if visit is not None:
            if self._kept is not None:
                self._kept.forget(visit.token)
            visit.close()

    def close(self) -> None:
        """End all of them. What is kept stays kept."""
        if self._kept is not None:
            self._kept.close()
        with self._guard:
            over = list(self._visits.values())
            self._visits.clear()
        for visit in over:
            visit.close()
        shutil.rmtree(self._owner.home.visits, ignore_errors=True)

    def _stores(self) -> dict[str, Store]:
        with self._guard:
            return {token: visit.store for token, visit in self._visits.items()}

    def _sweep(self) -> None:
        """End the visits whose visitor has gone. Called with the lock held."""
        now = self._clock()
        for token, visit in list(self._visits.items()):
            if now - visit.seen > IDLE_S:
                del self._visits[token]
                visit.close()
