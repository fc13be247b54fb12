"""What whoever connects must know: this installation's key, and the passwords that somebody chose.

The rule: only the owner of this computer's account can read the file with the key, and comparing takes a time that tells nothing. Decides; the doors
ask and refuse.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import re
import secrets
import tempfile
from pathlib import Path
from typing import Final

from solar_chat.errors import InputError, StartError

# 32 random bytes in front of a mark that scanners for leaked keys know: 43 letters of URL-safe base64.
_KEY_BYTES: Final = 32
_KEY_PREFIX: Final = "sk-solar-"
_KEY: Final = re.compile(r"[!-~]{16,512}")
# Shorter ones can be guessed in some weeks, at as many tries as a login lets through.
_SHORTEST_PASSWORD: Final = 12


def key_matches(given: str, key: str) -> bool:
    """In a time that tells nothing about `key`."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), key.encode())


def checked_key(key: str) -> str:
    """A key that somebody chose. Raises InputError `api_key_weak` where it is short or cannot stand in a header."""
    if not _KEY.fullmatch(key):
        raise InputError("api_key_weak")
    return key


def checked_owner_password(password: str, visitors: str | None) -> str:
    """One that somebody chose for logging in as the owner. Raises StartError `owner_password_weak` (length), or `owner_password_same` where the
    visitors know it.
    """
    if len(password.strip()) < _SHORTEST_PASSWORD:
        raise StartError("owner_password_weak", length=_SHORTEST_PASSWORD)
    if password == visitors:
        raise StartError("owner_password_same")
    return password


def read_key(file: Path) -> str | None:
    """The key of this installation; None where none was made yet. Raises StartError `api_key_broken` (path)."""
    try:
        key = file.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise StartError("api_key_broken", path=file) from error
    if not _KEY.fullmatch(key):
        raise StartError("api_key_broken", path=file)
    return key


def load_or_make_key(file: Path) -> str:
    """The key of this installation, made at the first call; only its owner can read the file.

    Two programs that start at once get the same one. Raises StartError `api_key_broken` (path) or `home_unwritable` (path, reason).
    """
    key = read_key(file)
    if key is not None:
        return key
    try:
        _write_once(file, _KEY_PREFIX + secrets.token_urlsafe(_KEY_BYTES))
    except OSError as error:
        raise StartError("home_unwritable", path=file.parent, reason=error.strerror or str(error)) from error
    return read_key(file) or load_or_make_key(file)


def _write_once(file: Path, key: str) -> None:
    """Make `file` whole or not at all, and leave one that is already there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    # mkstemp gives 0600 from the start: there is no moment at which others could read it.
    handle, name = tempfile.mkstemp(prefix=f"{file.name}.", dir=file.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as opened:
            opened.write(key + "\n")
        with contextlib.suppress(FileExistsError):
            try:
                os.link(temporary, file)
            except FileExistsError:
                raise
            except OSError:
                # A file system without links.
                temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)
