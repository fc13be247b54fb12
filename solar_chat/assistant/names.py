"""What programs may call the model in use, and what it is called where others can read it.

The rule: no name shows where something lies on this computer or on the network: a folder and a server's model are called by their last name.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from solar_chat.models import ALIASES, CATALOG, ModelSpec

# What Upstage's own API calls its models: a program written for it runs with another address alone.
UPSTAGE_NAMES: Final = ("solar", "solar-1-mini-chat")


@dataclass(frozen=True, slots=True)
class ModelNames:
    """The names of the one model that answers."""

    id: str
    aliases: frozenset[str]
    """Other names that mean it too, in lower case."""

    def __contains__(self, name: str) -> bool:
        return name == self.id or name.lower() in self.aliases


def names_of(spec: ModelSpec) -> ModelNames:
    """The names of `spec`."""
    shown = spec.id
    if spec.remote is not None:
        shown = spec.remote.model
    elif spec not in CATALOG and spec.path is not None and PurePath(spec.id).is_absolute():
        shown = PurePath(spec.id).name or spec.name
    known = (alias for alias, other in ALIASES.items() if other.id == spec.id)
    return ModelNames(shown, frozenset(name.lower() for name in (*UPSTAGE_NAMES, *known, shown, spec.id)))


def names_of_unknown(typed: str) -> ModelNames:
    """The names of a model that could not be found."""
    return ModelNames(PurePath(typed).name or typed, frozenset(UPSTAGE_NAMES))
