"""The log that a report is made from: warnings and errors with their tracebacks, in a few files of limited size.

Nothing that a person or a model wrote gets into it by us: what is logged says which part failed and where. What went to standard error before still
does.
"""

from __future__ import annotations

import logging
import sys
import threading
from logging.handlers import RotatingFileHandler
from pathlib import Path

LOG_BYTES = 2_000_000
KEPT_FILES = 2

_FORMAT = "%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"
_log = logging.getLogger("solar_chat")


def start_log(path: Path, *, size: int = LOG_BYTES) -> bool:
    """Send what is logged anywhere to `path` as well, and what threads die of; whether that file can be written. May be called again."""
    root = logging.getLogger()
    if _file_of(root) is not None:
        return True
    handler = _open(path, size)
    if handler is None:
        return False
    if logging.lastResort is not None and not root.handlers:
        # What Python does while there is no handler at all: warnings to standard error.
        root.addHandler(logging.lastResort)
    root.addHandler(handler)
    # Ours from "started" on; of libraries what they find worth a warning, which is the root's own level.
    _log.setLevel(logging.INFO)
    threading.excepthook = _thread_died
    sys.unraisablehook = _could_not_raise
    return True


def log_crash(path: Path, error: BaseException) -> bool:
    """Write the traceback of `error` where a report can take it from, and nowhere else; whether that worked."""
    crash = logging.getLogger("solar_chat.crash")
    crash.propagate = False
    shared = _file_of(logging.getLogger())
    handler = shared or _open(path, LOG_BYTES)
    if handler is None:
        return False
    crash.addHandler(handler)
    crash.error("unexpected error", exc_info=error)
    crash.removeHandler(handler)
    if shared is None:
        handler.close()
    return True


def _file_of(logger: logging.Logger) -> logging.Handler | None:
    return next((handler for handler in logger.handlers if isinstance(handler, RotatingFileHandler)), None)


def _open(path: Path, size: int) -> logging.Handler | None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(path, maxBytes=size, backupCount=KEPT_FILES, encoding="utf-8", errors="backslashreplace")
    except OSError:
        return None
    handler.setFormatter(logging.Formatter(_FORMAT))
    return handler


def _thread_died(dead: threading.ExceptHookArgs) -> None:
    if dead.exc_value is not None and not issubclass(dead.exc_type, SystemExit):
        name = dead.thread.name if dead.thread else "?"
        _log.error("thread %s died", name, exc_info=(dead.exc_type, dead.exc_value, dead.exc_traceback))


def _could_not_raise(what: sys.UnraisableHookArgs) -> None:
    error = what.exc_value or what.exc_type()
    _log.warning("%s", what.err_msg or "exception ignored", exc_info=(what.exc_type, error, what.exc_traceback))
