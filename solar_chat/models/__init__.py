"""Which models there are, what a typed name means, and fetching one from the Hub. Loading is the engine's."""

from solar_chat.models.catalog import ALIASES, CATALOG, EEVE, SOLAR, STARTER
from solar_chat.models.describe import describe_folder, describe_gguf
from solar_chat.models.download import fetch
from solar_chat.models.resolve import resolve
from solar_chat.models.spec import Form, FormKind, ModelSpec, Shape

__all__ = [
    "ALIASES",
    "CATALOG",
    "EEVE",
    "SOLAR",
    "STARTER",
    "Form",
    "FormKind",
    "ModelSpec",
    "Shape",
    "describe_folder",
    "describe_gguf",
    "fetch",
    "resolve",
]
