"""The models a person can choose from, for the doors: the catalogue, what was downloaded, what was added, and what is said about a server.

The rule: listing asks nobody outside of this machine; adding does, so that a name that means nothing is not kept. Loads and downloads nothing
(`Assistant`, `Downloads`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from solar_chat import keys
from solar_chat.assistant.servers import leaves_for
from solar_chat.errors import ModelError, SolarChatError
from solar_chat.hardware import Hardware
from solar_chat.models import OLLAMA_URL, AddedModels, Listed, ModelSpec, Remote, base_url, introduce, remote_name, resolve, survey
from solar_chat.paths import Home
from solar_chat.workshop.shelf import sources_here

KeyState = Literal["not_needed", "keychain", "environment", "missing", "no_keychain", "locked"]
"""`missing`: a keychain is there and has no key; `no_keychain`: this system has none; `locked`: it does not open."""


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What to know about a server before anything is sent to it. Nothing has been sent when this is made."""

    url: str
    leaves_for: str | None
    """Where what is written goes, if it leaves this computer."""
    key: KeyState
    variable: str
    """The environment variable that a key for it may stand in."""


class Library:
    """Safe to call from any thread."""

    def __init__(self, home: Home, hardware: Callable[[], Hardware]) -> None:
        """`hardware` is asked anew for each list, because memory fills and empties."""
        self._home = home
        self._hardware = hardware
        self._added = AddedModels(home.added)

    def listed(self) -> tuple[Listed, ...]:
        """Every model there is to choose from. The first call may take seconds: it imports torch."""
        return survey(self._added.names(), self._home.models, self._hardware())

    def with_layers(self) -> tuple[str, ...]:
        """Names of the models on this computer that a deeper one can be built from."""
        return sources_here(self._added.names(), self._home)

    def hardware(self) -> Hardware:
        return self._hardware()

    def add(self, name: str) -> ModelSpec:
        """Put a model on the list: an id of the Hub, a folder, a GGUF file or a name on a server. May take seconds.

        Raises ModelError where the name means nothing, as `resolve` and `introduce` do; SolarChatError `settings_unwritable`.
        """
        spec = resolve(name)
        if spec.forms:
            spec = introduce(spec, self._home.models)
        self._added.add(spec.id)
        return spec

    def add_on_server(self, address: str, model: str) -> ModelSpec:
        """The same for a model on the server at `address`; whether it is there is asked when it is loaded."""
        if not model.strip():
            raise ModelError("remote_no_model", example="solar-pro4")
        return self.add(remote_name(base_url(address), model.strip()))

    def forget(self, name: str) -> None:
        """Take a model off the list; its files stay. Raises SolarChatError `settings_unwritable`."""
        self._added.remove(name)

    def server(self, address: str) -> ServerFacts:
        """What is known of the server at `address` without asking it. Raises ModelError where that is no address."""
        url = base_url(address)
        return ServerFacts(url, leaves_for(Remote(url, "-")), _key_state(url), keys.variable_for(url))


def _key_state(url: str) -> KeyState:
    if url == OLLAMA_URL:
        return "not_needed"
    try:
        found = keys.load_key(url)
    except SolarChatError:
        return "locked"
    if found is not None:
        return found.source
    return "missing" if keys.has_keychain() else "no_keychain"
