"""Which models there are, what a typed name means, and fetching one from the Hub. Loading is the engine's."""

from solar_chat.models.catalog import ALIASES, CATALOG, EEVE, SOLAR, STARTER
from solar_chat.models.describe import describe_folder, describe_gguf
from solar_chat.models.download import fetch
from solar_chat.models.fit import Fit, best_alternative, fits, free_disk, preferred_engine
from solar_chat.models.resolve import resolve
from solar_chat.models.spec import Form, FormKind, ModelSpec, Shape

__all__ = [
    "ALIASES",
    "CATALOG",
    "EEVE",
    "SOLAR",
    "STARTER",
    "Fit",
    "Form",
    "FormKind",
    "ModelSpec",
    "Shape",
    "best_alternative",
    "describe_folder",
    "describe_gguf",
    "fetch",
    "fits",
    "free_disk",
    "preferred_engine",
    "resolve",
]
