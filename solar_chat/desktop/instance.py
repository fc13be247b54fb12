"""One program for one home: a lock, and a file that tells a second start where the first one is.

The lock decides, never the file: a killed process leaves the file and loses the lock, so what is left behind is recognised and replaced. Only this
user can read the file; its secret is what lets a second start ask the first one to come to the front.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import secrets
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from solar_chat.errors import StartError

SECRET_HEADER = "X-Solar-Chat-Secret"
SHOW = "/show"
# A first start writes its address within a moment; one that is ending needs up to this long to free a model and to let go of the lock.
PATIENCE_S = 15.0
_PAUSE_S = 0.1
_ANSWER_S = 3.0


@dataclass(frozen=True, slots=True)
class Record:
    """What `instance.json` says of the program that runs."""

    pid: int
    url: str
    """What a browser should open: the page, or before it is up, the splash that leads there."""
    door: str
    """Where a second start knocks."""
    secret: str
    ready: bool = False
    """Whether `url` is the page."""


@dataclass(frozen=True, slots=True)
class Running:
    """The first program's answer to a second start."""

    url: str
    window: bool
    """It has a window of its own and has brought it to the front."""


class Instance:
    """The lock, held; let go of by `close`, or by the end of the process however that comes."""

    def __init__(self, path: Path, lock: FileLock | None) -> None:
        self._path = path
        self._lock = lock
        self._record: Record | None = None

    def announce(self, door: str) -> str:
        """Write where a second start finds this program; the secret it will bring."""
        secret = secrets.token_urlsafe(32)
        self._record = Record(os.getpid(), door, door, secret)
        self._write()
        return secret

    def page_is_at(self, url: str) -> None:
        if self._record is not None:
            self._record = Record(self._record.pid, url, self._record.door, self._record.secret, ready=True)
            self._write()

    def close(self) -> None:
        """Remove the file, then let go of the lock. Can be called again."""
        if self._lock is None or self._record is None:
            return
        self._record = None
        # Windows refuses while a second start reads it; that one then finds the lock free.
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
        self._lock.release()

    def _write(self) -> None:
        if self._lock is None or self._record is None:
            return
        # mkstemp gives 0600 from the start.
        handle, name = tempfile.mkstemp(prefix=f"{self._path.name}.", dir=self._path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(asdict(self._record), file)
            os.replace(name, self._path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def claim(path: Path, *, alone: bool) -> Instance | Running:
    """Become the one program of this home, or learn of the one that runs.

    With `alone` False a second program may run beside the first: it gets an Instance that nobody is told of. Waits for one that is ending. Raises
    StartError `running_silent` (pid) where another holds the lock and does not answer.
    """
    # Not of one thread: whichever cleans up lets go of it.
    lock = FileLock(path.with_suffix(".lock"), thread_local=False)
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if not alone:
                return Instance(path, None)
        except (OSError, NotImplementedError):
            # A file system without locks: rather two programs than none.
            return Instance(path, None)
        else:
            return Instance(path, lock)
        record = read_record(path)
        answer = None if record is None else _knock(record)
        if isinstance(answer, Running):
            return answer
        if time.monotonic() > until:
            raise StartError("running_silent", pid="?" if record is None else record.pid)
        time.sleep(_PAUSE_S)


def read_record(path: Path) -> Record | None:
    """What the file says; None where there is none, or none that can be understood."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return Record(int(found["pid"]), str(found["url"]), str(found["door"]), str(found["secret"]), bool(found["ready"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _knock(record: Record) -> Running | Literal["ending"] | None:
    """Ask the first program to come to the front; None where it does not answer. Straight to this computer, past any proxy."""
    where = urlsplit(record.door)
    if where.hostname != "127.0.0.1" or where.port is None:
        return None
    let_come_forward(record.pid)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=_ANSWER_S)
    try:
        connection.request("POST", SHOW, headers={SECRET_HEADER: record.secret, "Content-Length": "0"})
        answer = connection.getresponse()
        if answer.status != http.client.OK:
            return None
        found: dict[str, Any] = json.loads(answer.read())
        return "ending" if found["ending"] else Running(str(found["url"]), bool(found["window"]))
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return None
    finally:
        connection.close()


def let_come_forward(pid: int) -> None:
    """Windows lets a program into the foreground only with leave of the one that has it, which is the one just started."""
    if sys.platform == "win32":
        import ctypes

        ctypes.windll.user32.AllowSetForegroundWindow(pid)
