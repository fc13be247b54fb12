"""The SQLite file: connections, transactions, and SQLite's errors in the words of `solar_chat.errors`.

A connection belongs to one thread at a time: it is borrowed, used and given back, so that short-lived worker threads leave none behind. A file that
cannot be read is reported, never repaired, overwritten or deleted. This module knows no tables.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from solar_chat.errors import StoreError

# Primary result codes, https://sqlite.org/rescode.html; the extended code's low byte is the primary one.
_ERROR_KEYS = {
    sqlite3.SQLITE_BUSY: "history_locked",
    sqlite3.SQLITE_LOCKED: "history_locked",
    sqlite3.SQLITE_FULL: "disk_full",
    sqlite3.SQLITE_CORRUPT: "history_broken",
    sqlite3.SQLITE_NOTADB: "history_broken",
    sqlite3.SQLITE_READONLY: "history_unwritable",
    sqlite3.SQLITE_CANTOPEN: "history_unwritable",
    sqlite3.SQLITE_PERM: "history_unwritable",
    sqlite3.SQLITE_IOERR: "history_unwritable",
}


class Database:
    """One SQLite file, usable from any thread.

    `busy_timeout_s` is how long a write waits for another process before StoreError `history_locked`.
    """

    def __init__(self, path: Path, busy_timeout_s: float = 5.0) -> None:
        self.path = path
        self._busy_timeout_s = busy_timeout_s
        self._idle: deque[sqlite3.Connection] = deque()
        self._closed = False

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """Borrow a connection in autocommit mode. SQLite errors with a meaning for people come out as StoreError."""
        with self._reported():
            connection = self._borrow()
            try:
                yield connection
            finally:
                self._give_back(connection)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Borrow a connection that holds the write lock; all or nothing of the block is written."""
        with self.connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                # SQLite itself rolls back on some errors (a full disk), so there may be nothing left to undo.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def create_file(self) -> None:
        """Make an empty file that only its owner can read, where none is there."""
        try:
            self.path.touch(mode=0o600, exist_ok=False)
        except FileExistsError:
            return
        except OSError as error:
            raise StoreError("history_unwritable", path=self.path, reason=error.strerror or str(error)) from error

    def close(self) -> None:
        """Close every idle connection; one in use is closed when it comes back."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    def _borrow(self) -> sqlite3.Connection:
        if self._closed:
            raise StoreError("history_closed", path=self.path)
        try:
            return self._idle.pop()
        except IndexError:
            connection = sqlite3.connect(self.path, timeout=self._busy_timeout_s, isolation_level=None, check_same_thread=False)
        try:
            connection.row_factory = sqlite3.Row
            # NORMAL in WAL mode: a killed process loses nothing that was committed, a power cut at most the last commits, and nothing breaks.
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            # What is deleted is overwritten. Some builds of SQLite do so by themselves, those of python.org do not.
            connection.execute("PRAGMA secure_delete = ON")
        except BaseException:
            connection.close()
            raise
        return connection

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if self._closed:
            connection.close()
        else:
            self._idle.append(connection)

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", None)
            # Python's own complaints (wrong thread, wrong number of values) have no code: they are bugs and stay what they are.
            if code == sqlite3.SQLITE_IOERR_SHMSIZE:
                # The shared-memory file of WAL mode could not grow: on Linux this is how a full disk shows first.
                raise StoreError("disk_full", path=self.path) from error
            key = None if code is None else _ERROR_KEYS.get(code & 0xFF)
            if key is None:
                raise
            reason = {"reason": str(error)} if key == "history_unwritable" else {}
            raise StoreError(key, path=self.path, **reason) from error
