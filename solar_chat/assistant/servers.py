"""Models on a server, for the doors: what it offers, its key, and the backend that talks to it.

The rule: a key is looked up where it is used and kept nowhere on the way. Ollama on this machine has none, and no keychain is opened for it.
"""

from __future__ import annotations

from solar_chat import keys
from solar_chat.engine import Backend, RemoteModel, connect, is_this_machine, list_remote_models
from solar_chat.models import OLLAMA_URL, Remote, base_url


def remote_models(address: str) -> tuple[RemoteModel, ...]:
    """What the server at `address` ("upstage", "ollama" or a base URL) offers. Takes seconds where nobody answers; raises ModelError."""
    url = base_url(address)
    return list_remote_models(url, _key(url))


def save_key(address: str, secret: str) -> str:
    """Keep the key of the server at `address` in the system's keychain; returns the server it is for. Raises as `keys.save_key` does."""
    url = base_url(address)
    keys.save_key(url, secret)
    return keys.server_of(url)


def forget_key(address: str) -> bool:
    """Remove it from there; whether there was one."""
    return keys.forget_key(base_url(address))


def leaves_for(remote: Remote | None) -> str | None:
    """The server that gets what is written, if it is another computer's."""
    return None if remote is None or is_this_machine(remote.base_url) else keys.server_of(remote.base_url)


def connected(name: str, remote: Remote) -> Backend:
    """The backend for a model on a server. Raises ModelError."""
    return connect(remote.base_url, remote.model, name=name, key=_key(remote.base_url))


def _key(url: str) -> keys.ApiKey | None:
    return None if url == OLLAMA_URL else keys.load_key(url)
