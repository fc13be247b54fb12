"""API keys of remote servers: in the operating system's keychain, or in the environment, and nowhere else.

The rule: a key is never written to a file, a log or an error. It belongs to one server (scheme, host and port) and goes to no other; what a backend
of `keyring` would keep as a file of its own does not count as a keychain. Knows no HTTP.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from solar_chat.errors import InputError, ModelError, SolarChatError

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "Solar Chat"
"""What the entries are filed under in the keychain; the account is the server."""
UPSTAGE = "https://api.upstage.ai"
UPSTAGE_VARIABLE = "UPSTAGE_API_KEY"
GENERAL_VARIABLE = "SOLAR_CHAT_API_KEY"
# System → keyring's name for its keychain, and what that part of keyring cannot do without.
_LIBRARIES = {
    "win32": ("Windows", "win32ctypes.pywin32.win32cred"),
    "darwin": ("macOS", "keyring.backends.macOS.api"),
    "linux": ("SecretService", "secretstorage"),
}
# Windows' credential manager holds 2,560 bytes of UTF-16.
LONGEST_KEY = 1280


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key that does not show itself where an object is printed or logged."""

    secret: str = field(repr=False)
    source: Literal["keychain", "environment"] = "keychain"

    def __str__(self) -> str:
        return "•••"


def server_of(url: str) -> str:
    """What a key belongs to: `https://api.upstage.ai` of `https://api.upstage.ai/v1`."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def variable_for(url: str) -> str:
    """The environment variable to name where a key for `url` is missing."""
    return UPSTAGE_VARIABLE if server_of(url) == UPSTAGE else GENERAL_VARIABLE


def load_key(url: str, environment: Mapping[str, str] = os.environ) -> ApiKey | None:
    """The key for the server of `url`: the one in the keychain, else the environment's; None where there is neither.

    A key that was saved for just this server beats a variable that may be meant for another. Upstage's own variable goes to Upstage only.
    Raises ModelError `key_store_failed` where the keychain is there but does not open, and the environment has no key either.
    """
    problem: SolarChatError | None = None
    try:
        saved = _read(server_of(url))
    except ModelError as error:
        saved, problem = None, error
    if saved:
        return ApiKey(saved)
    for variable in dict.fromkeys((variable_for(url), GENERAL_VARIABLE)):
        if value := environment.get(variable, "").strip():
            return ApiKey(_checked(value), "environment")
    if problem is not None:
        raise problem
    return None


def save_key(url: str, secret: str) -> None:
    """Keep a key for the server of `url`.

    Raises InputError `key_invalid`; ModelError `key_store_missing` where this system has no keychain, `key_store_failed` where it refuses.
    """
    secret = _checked(secret.strip())
    store = _store()
    if store is None:
        raise ModelError("key_store_missing", variable=variable_for(url))
    with _mapped(url):
        store.set_password(SERVICE, server_of(url), secret)


def forget_key(url: str) -> bool:
    """Remove the key for the server of `url` from the keychain; whether there was one. Raises ModelError as `save_key` does."""
    store = _store()
    if store is None or _read(server_of(url)) is None:
        return False
    with _mapped(url):
        store.delete_password(SERVICE, server_of(url))
    return True


def has_keychain() -> bool:
    """Whether this system has a keychain that keys can be saved in."""
    return _store() is not None


def keychain_library() -> str:
    """The name of the library that opens this system's keychain, whether or not one is there. Raises ImportError where it is not installed.

    `keyring` finds its own parts by their metadata, and without them goes on as if there were no keychain.
    """
    backend, library = _LIBRARIES.get(sys.platform, _LIBRARIES["linux"])
    if not any(point.name == backend for point in metadata.entry_points(group="keyring.backends")):
        raise ImportError(f"keyring.backends: {backend}", name=backend)
    return importlib.import_module(library).__name__


def _read(server: str) -> str | None:
    store = _store()
    if store is None:
        return None
    with _mapped(server):
        return store.get_password(SERVICE, server)


def _store() -> KeyringBackend | None:
    """The system's keychain; None where `keyring` found none, was switched off, or would write a file."""
    import keyring
    from keyring.backends import fail, null

    chosen = keyring.get_keyring()
    for store in getattr(chosen, "backends", [chosen]):
        if not isinstance(store, fail.Keyring | null.Keyring) and not type(store).__module__.startswith("keyrings.alt"):
            found: KeyringBackend = store
            return found
    return None


@contextlib.contextmanager
def _mapped(url: str) -> Iterator[None]:
    """What a keychain raises, in our words. Its backends raise the errors of D-Bus, Win32 and macOS besides keyring's."""
    try:
        yield
    except Exception as error:
        # The message of a backend may quote what it was given: only its kind is told, and the cause is not chained.
        raise ModelError("key_store_failed", reason=type(error).__name__, variable=variable_for(url)) from None


def _checked(secret: str) -> str:
    """Raises InputError where `secret` cannot stand in an HTTP header."""
    if not secret or len(secret) > LONGEST_KEY or not all("!" <= letter <= "~" for letter in secret):
        raise InputError("key_invalid")
    return secret
