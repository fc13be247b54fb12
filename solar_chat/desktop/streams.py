"""Usable standard streams, whatever started the program.

A double-clicked program has none: `sys.stdout` is None and libraries that print, or only ask `isatty()`, fail. Worse, the next files that are opened
get the numbers 0, 1 and 2, and what a library writes to "standard error" lands in them. So this runs before anything else opens a file. Reads and
writes no content of its own.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

# What libraries print in weeks; one file of it before is kept.
_CONSOLE_BYTES = 2_000_000
# Korean Windows speaks cp949, and a lone surrogate must not end the program; `\\udc80` is also what JSON writes for one.
_ENCODING, _ERRORS = "utf-8", "backslashreplace"


def repair_streams(console: Path) -> bool:
    """Make standard input, output and error usable; what is missing of the last two goes to the file `console`. Whether any was missing."""
    missing = [name for name in ("stdout", "stderr") if not _usable(getattr(sys, name))]
    if missing:
        _replace(missing, console)
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding=_ENCODING)  # noqa: SIM115  # as long as the process
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding=_ENCODING, errors=_ERRORS)
    return bool(missing)


def has_terminal() -> bool:
    """Whether somebody sees what is printed, or can press Ctrl+C."""
    return any(stream is not None and not stream.closed and stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))


def _usable(stream: TextIO | None) -> bool:
    if stream is None:
        return False
    try:
        stream.fileno()
        stream.write("")
        stream.flush()
    except (OSError, ValueError):
        # Captured by a test or a notebook: no file, and yet it takes text.
        return not stream.closed and stream.writable() and not isinstance(stream, TextIOWrapper)
    return True


def _replace(names: list[str], console: Path) -> None:
    # The three low numbers are taken first, so that no file of ours becomes "standard error".
    for number in range(3):
        if not _is_open(number):
            os.open(os.devnull, os.O_RDWR)
    file = _opened(console)
    for name in names:
        setattr(sys, name, file)
        # Libraries that put a stream back take it from here.
        setattr(sys, f"__{name}__", file)
        with contextlib.suppress(OSError):
            # What is not Python writes to the number.
            os.dup2(file.fileno(), 1 if name == "stdout" else 2)
    with contextlib.suppress(OSError, ValueError):
        faulthandler.enable(file)


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _opened(console: Path) -> TextIO:
    """The console's file, at its end; nowhere where that cannot be written, for a full disk is told by what needs the disk."""
    try:
        console.parent.mkdir(parents=True, exist_ok=True)
        if console.exists() and console.stat().st_size > _CONSOLE_BYTES:
            os.replace(console, console.with_name(f"{console.name}.1"))
        return open(console, "a", encoding=_ENCODING, errors=_ERRORS, buffering=1)  # as long as the process
    except OSError:
        return open(os.devnull, "w", encoding=_ENCODING)
