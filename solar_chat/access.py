"""Who may connect: names of this computer, origins of its own pages, and the key that programs elsewhere must know.

The rule: nothing is open to other computers, or to other sites in a browser on this one, by default. Decides; the doors refuse. Knows no HTTP server.
"""

from __future__ import annotations

import contextlib
import hmac
import ipaddress
import os
import re
import secrets
import socket
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from solar_chat.errors import InputError, StartError

SHARE_DOMAIN: Final = ".gradio.live"
_LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
# 32 random bytes in front of a mark that scanners for leaked keys know: 43 letters of URL-safe base64.
_KEY_BYTES: Final = 32
_KEY_PREFIX: Final = "sk-solar-"
_KEY: Final = re.compile(r"[!-~]{16,512}")
# Shorter ones can be guessed in some weeks, at as many tries as a login lets through.
_SHORTEST_PASSWORD: Final = 12


def is_loopback(host: str) -> bool:
    """Whether only this computer can reach a server that listens at `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def host_allowed(name: str, *, bound: str, shared: bool, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a client that says it went to the host `name` (no port) can have meant this server.

    Names of this computer, the address it listens on, and literal addresses that are not the internet's (a rebound DNS name is never literal); the
    tunnel's name while sharing; a Space's own name.
    """
    if name in _LOCAL_NAMES or name == bound or (shared and name.endswith(SHARE_DOMAIN)):
        return True
    if name and name in space_names(environment):
        return True
    try:
        # Not `is_private`, which leaves out the addresses that providers, clusters and tunnels share (100.64.0.0/10).
        return not ipaddress.ip_address(name.strip("[]")).is_global
    except ValueError:
        return False


def is_encrypted(scheme: str, host: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a request with the Host `host` came over TLS to whoever passed it on: a tunnel and a Space speak it with their visitors."""
    name = host_name(host.lower())
    return scheme == "https" or name.endswith(SHARE_DOMAIN) or (bool(name) and name in environment.get("SPACE_HOST", "").split(","))


def reachable_name(bound: str) -> str:
    """What other computers of the network call a server that listens at `bound`: "0.0.0.0" is every address of this one, and no address to type."""
    if bound not in ("0.0.0.0", "::"):
        return f"[{bound}]" if ":" in bound else bound
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        # Nothing is sent: connecting a datagram socket only chooses the address that would be used.
        probe.connect(("192.0.2.1", 9))
        return str(probe.getsockname()[0])
    return socket.gethostname()


def is_space(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this runs as a Hugging Face Space, where everybody is a visitor."""
    return environment.get("SYSTEM") == "spaces" and bool(environment.get("SPACE_ID"))


def space_names(environment: Mapping[str, str] = os.environ) -> frozenset[str]:
    """The names that browsers find this Space by; none elsewhere."""
    return frozenset(filter(None, environment.get("SPACE_HOST", "").split(",")))


def host_name(host: str) -> str:
    """The name in a Host header, without its port."""
    return host if host.endswith("]") else host.rsplit(":", 1)[0]


def is_local_origin(origin: str) -> bool:
    """Whether a page of `origin` came from this computer's own servers; "null", a sandboxed frame or a file, did not."""
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return False
    name = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    written = f"{parts.scheme}://{name}" + ("" if port is None else f":{port}")
    return parts.scheme in ("http", "https") and name in _LOCAL_NAMES and origin.lower() == written


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
