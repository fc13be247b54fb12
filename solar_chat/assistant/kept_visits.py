"""Copies of visits on something that outlives this machine: a Space's storage bucket.

A bucket is no disk: a file in it is written once, from beginning to end. So the conversations of a visit stay in a file of this machine, and a whole
copy of that file goes into the bucket a few seconds after it has changed. The rule: the copy's name tells nobody the pass, whoever ends their visit
leaves no copy, and one that nobody has come back to goes by itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from solar_chat.conversation import Store
from solar_chat.errors import StoreError

KEPT_DAYS: Final = 30
_EVERY_S: Final = 3.0
_DROP_EVERY_S: Final = 3600.0
_SUFFIX: Final = ".sqlite3"
_PART: Final = ".part"
_Signature = tuple[int, ...]

log = logging.getLogger(__name__)


class KeptVisits:
    """Safe to call from any thread. `visits` gives the pass and the store of every visit that is open."""

    def __init__(self, folder: Path, visits: Callable[[], Mapping[str, Store]], *, every_s: float = _EVERY_S) -> None:
        self._folder = folder
        self._visits = visits
        self._every_s = every_s
        self._seen: dict[str, _Signature] = {}
        self._guard = threading.Lock()
        self._over = threading.Event()
        folder.mkdir(parents=True, exist_ok=True)
        self._drop_old()
        self._thread = threading.Thread(target=self._work, name="keep-visits", daemon=True)
        self._thread.start()

    def bring(self, token: str, file: Path) -> bool:
        """Put what was kept of the visit `token` into `file`; whether there was anything that could be read."""
        kept = self._copy(token)
        file.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
        try:
            shutil.copyfile(kept, file)
            file.chmod(0o600)
        except OSError as error:
            file.unlink(missing_ok=True)
            if not isinstance(error, FileNotFoundError):
                log.warning("a kept visit could not be read", exc_info=True)
            return False
        # Coming back counts: the days begin anew.
        with contextlib.suppress(OSError):
            os.utime(kept)
        return True

    def forget(self, token: str) -> None:
        """Delete what was kept of the visit `token`."""
        with self._guard:
            self._seen.pop(token, None)
            self._copy(token).unlink(missing_ok=True)

    def save(self) -> None:
        """Copy what has changed since the last time."""
        visits = self._visits()
        with self._guard:
            self._seen = {token: signature for token, signature in self._seen.items() if token in visits}
        for token, store in visits.items():
            with self._guard:
                if token not in self._visits():
                    # It ended since, and what was kept of it is deleted.
                    continue
                try:
                    signature = _signature(store.file)
                    if self._seen.get(token) == signature or not store.list(limit=1):
                        continue
                    self._write(token, store)
                except (OSError, StoreError):
                    # A bucket that is full or gone: the visit goes on from its own file, and the next change tries again. Or it cannot be read,
                    # or ends while it is looked at; the others are kept all the same.
                    log.warning("a visit could not be kept", exc_info=True)
                else:
                    self._seen[token] = signature

    def close(self) -> None:
        """Copy what is left and end."""
        self._over.set()
        self._thread.join()
        self.save()

    def _write(self, token: str, store: Store) -> None:
        kept = self._copy(token)
        whole, part = store.file.with_suffix(".whole"), kept.with_suffix(_PART)
        try:
            store.copy_to(whole)
            shutil.copyfile(whole, part)
            os.replace(part, kept)
        finally:
            whole.unlink(missing_ok=True)
            part.unlink(missing_ok=True)

    def _copy(self, token: str) -> Path:
        return self._folder / f"{hashlib.sha256(token.encode('utf-8', 'surrogatepass')).hexdigest()}{_SUFFIX}"

    def _work(self) -> None:
        dropped = time.monotonic()
        while not self._over.wait(self._every_s):
            self.save()
            if time.monotonic() - dropped >= _DROP_EVERY_S:
                dropped = time.monotonic()
                # Where the bucket is gone, it may be back in an hour.
                with contextlib.suppress(OSError):
                    self._drop_old()

    def _drop_old(self) -> None:
        oldest = time.time() - KEPT_DAYS * 86_400
        # Halves of a process that was killed too.
        for kept in [*self._folder.glob(f"*{_SUFFIX}"), *self._folder.glob(f"*{_PART}")]:
            # Another machine at the same bucket may have dropped it meanwhile.
            with contextlib.suppress(OSError):
                if kept.stat().st_mtime < oldest:
                    kept.unlink(missing_ok=True)


def _signature(file: Path) -> _Signature:
    """Changes whenever something was written into a store: in WAL mode that is the file beside it."""
    parts: list[int] = []
    for each in (file, file.with_name(f"{file.name}-wal")):
        with contextlib.suppress(FileNotFoundError):
            found = each.stat()
            parts += [found.st_mtime_ns, found.st_size]
    return tuple(parts)
