"""Which models there are, what a typed name means, and fetching one from the Hub. Loading is the engine's."""

from solar_chat.models.catalog import ALIASES, CATALOG, EEVE, SOLAR, STARTER, ModelSpec, describe_folder, resolve
from solar_chat.models.download import fetch

__all__ = ["ALIASES", "CATALOG", "EEVE", "SOLAR", "STARTER", "ModelSpec", "describe_folder", "fetch", "resolve"]
