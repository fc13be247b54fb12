"""One file from the Hub onto the disk: gone on with where it stopped, and checked before it gets its name.

The rule: bytes are appended to a part, hashed as they are written, and a part whose checksum is wrong is deleted; nothing else ever turns a part into
a file. A broken line, a busy hub and a server's bad minute are waited out; a full disk, a person's pause or a kill leave the part as it is.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from solar_chat.errors import ModelError
from solar_chat.models.hub import Hub, HubFile, asked_wait_s, is_passing

_BLOCK = 1 << 20
# EDQUOT is a full quota; EFBIG a file system (or a limit) that takes no file of this size.
_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


@dataclass(frozen=True, slots=True)
class Patience:
    """How a passing failure is waited out."""

    tries: int = 5
    """In a row; getting further than before begins the count anew."""
    first_wait_s: float = 1.0
    """Doubled with every try."""
    longest_wait_s: float = 300.0
    """A hub that asks for more is not waited for: it is said when to come back."""


class Stopped(Exception):
    """A person wants no more of it for now. What has come stays."""


class Watch(Protocol):
    """Who looks on: counts, and may say that it is enough."""

    def check(self) -> None:
        """Raises Stopped where the transfer is to stop."""

    def count(self, count: int) -> None:
        """`count` more bytes are on the disk; fewer where it is negative."""

    def wait(self, seconds: float) -> None:
        """Return after `seconds`, or raise Stopped as soon as it is so."""


class _Checksum:
    """The digest of a part as it grows."""

    def __init__(self, file: HubFile) -> None:
        self._file = file
        self.length = 0
        self._hash = self._new()

    def _new(self) -> Any:
        # Git names an object by the sha1 of its kind, length and content.
        return hashlib.sha256() if self._file.is_sha256 else hashlib.sha1(b"blob %d\0" % self._file.size_bytes, usedforsecurity=False)

    def add(self, piece: bytes | memoryview) -> None:
        self._hash.update(piece)
        self.length += len(piece)

    def catch_up(self, part: BinaryIO, watch: Watch) -> None:
        """Read what is in `part` already; its position ends up at its end."""
        have = part.seek(0, os.SEEK_END)
        if have == self.length:
            return
        self._hash, self.length = self._new(), 0
        part.seek(0)
        while piece := part.read(_BLOCK):
            watch.check()
            self.add(piece)

    @property
    def right(self) -> bool:
        return self.length == self._file.size_bytes and bool(self._hash.hexdigest() == self._file.digest)


def transfer(hub: Hub, file: HubFile, commit: str, part: Path, target: Path, watch: Watch, patience: Patience) -> None:
    """Bring `file` to `target` by way of `part`.

    Raises ModelError: those of `Hub.problem`, `hub_checksum` (the part is deleted), `download_disk_full`, `download_unwritable`; Stopped.
    """
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        found_here = part.exists()
        right = _filled(hub, file, commit, part, watch, patience)
        if not right and found_here:
            # A part of an earlier run may have lost its last blocks to a power cut: it is not the Hub's fault until a fresh one is wrong too.
            right = _filled(hub, file, commit, part, watch, patience)
        if not right:
            raise ModelError("hub_checksum", model=hub.repo, file=file.path)
        os.replace(part, target)
    except OSError as error:
        raise disk_problem(error, hub.repo, part.parent.parent) from error


def disk_problem(error: OSError, model: str, folder: Path) -> ModelError:
    """Why nothing could be written to `folder`, in our words."""
    if error.errno in _FULL:
        return ModelError("download_disk_full", model=model, path=folder)
    return ModelError("download_unwritable", path=folder, reason=error.strerror or str(error))


def _filled(hub: Hub, file: HubFile, commit: str, part: Path, watch: Watch, patience: Patience) -> bool:
    """Whether the part is whole and right now; a wrong one is deleted."""
    checksum = _Checksum(file)
    # Unbuffered: what was counted is on the disk, whatever happens next.
    with part.open("r+b" if part.exists() else "w+b", buffering=0) as out:
        checksum.catch_up(out, watch)
        _fill(hub, file, commit, out, checksum, watch, patience)
        os.fsync(out.fileno())
    if checksum.right:
        return True
    watch.count(-min(checksum.length, file.size_bytes))
    part.unlink()
    return False


def _fill(hub: Hub, file: HubFile, commit: str, out: BinaryIO, checksum: _Checksum, watch: Watch, patience: Patience) -> None:
    failures = 0
    furthest = checksum.length
    while checksum.length < file.size_bytes:
        problem: Exception | None = None
        try:
            with hub.stream(file, commit, checksum.length) as (start, pieces):
                _append(hub, file, out, start, pieces, checksum, watch)
        except (ModelError, Stopped):
            raise
        except Exception as error:  # the Hub's client raises its HTTP library's own errors besides its own
            if getattr(getattr(error, "response", None), "status_code", None) == 416 and checksum.length:
                _begin_anew(out, file, checksum, watch)
            elif not is_passing(error):
                raise hub.problem(error) from error
            problem = error
        if checksum.length >= file.size_bytes:
            return
        # Further than ever: a server that has less than it says would begin anew for ever.
        failures = 1 if checksum.length > furthest else failures + 1
        furthest = max(furthest, checksum.length)
        if failures >= patience.tries:
            raise hub.problem(problem or EOFError("the answer ended early")) from problem
        watch.wait(_pause_s(hub, problem, failures, patience))


def _append(hub: Hub, file: HubFile, out: BinaryIO, start: int, pieces: Iterator[bytes], checksum: _Checksum, watch: Watch) -> None:
    """Write `pieces` behind what is there; from the beginning where the server would not go on."""
    if start != checksum.length:
        _begin_anew(out, file, checksum, watch)
        if start:
            return
    for piece in pieces:
        watch.check()
        rest = memoryview(piece)[: file.size_bytes - checksum.length + 1]
        while rest:
            written = _write(out, rest, hub.repo)
            checksum.add(rest[:written])
            watch.count(written)
            rest = rest[written:]
        if checksum.length > file.size_bytes:
            # More than the file holds: it is another file.
            return


def _write(out: BinaryIO, piece: memoryview, model: str) -> int:
    """How much of `piece` was written. The errors of the Hub's client are OSErrors too, so that those of the disk are told apart here."""
    try:
        return out.write(piece)
    except OSError as error:
        raise disk_problem(error, model, Path(out.name).parent.parent) from error


def _begin_anew(out: BinaryIO, file: HubFile, checksum: _Checksum, watch: Watch) -> None:
    watch.count(-min(checksum.length, file.size_bytes))
    out.seek(0)
    out.truncate()
    checksum.catch_up(out, watch)


def _pause_s(hub: Hub, problem: Exception | None, failures: int, patience: Patience) -> float:
    """How long to wait before the next try. Raises ModelError where the hub asks for longer than anybody wants to watch."""
    asked = asked_wait_s(problem) if problem is not None else None
    if asked is not None and problem is not None and asked > patience.longest_wait_s:
        raise hub.problem(problem) from problem
    return patience.first_wait_s * 2 ** (failures - 1) if asked is None else asked
