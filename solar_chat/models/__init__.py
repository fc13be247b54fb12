"""Which models there are, what a typed name means, and fetching one from the Hub. Loading is the engine's."""

from solar_chat.models.catalog import ALIASES, CATALOG, EEVE, SOLAR, STARTER
from solar_chat.models.choice import is_asked
from solar_chat.models.describe import describe_folder, describe_gguf
from solar_chat.models.download import Download, copy_of, fetch, follow, form_here
from solar_chat.models.fit import Fit, best_alternative, fits, free_disk, preferred_engine
from solar_chat.models.offer import Offer, downloaded, look_up, offer
from solar_chat.models.progress import DownloadProgress, DownloadState
from solar_chat.models.remote import OLLAMA_URL, UPSTAGE_URL, base_url
from solar_chat.models.resolve import resolve
from solar_chat.models.spec import Form, FormKind, ModelSpec, Remote, Shape
from solar_chat.models.storage import Copy, copies, copies_of, freed_bytes, remove

__all__ = [
    "ALIASES",
    "CATALOG",
    "EEVE",
    "OLLAMA_URL",
    "SOLAR",
    "STARTER",
    "UPSTAGE_URL",
    "Copy",
    "Download",
    "DownloadProgress",
    "DownloadState",
    "Fit",
    "Form",
    "FormKind",
    "ModelSpec",
    "Offer",
    "Remote",
    "Shape",
    "base_url",
    "best_alternative",
    "copies",
    "copies_of",
    "copy_of",
    "describe_folder",
    "describe_gguf",
    "downloaded",
    "fetch",
    "fits",
    "follow",
    "form_here",
    "free_disk",
    "freed_bytes",
    "is_asked",
    "look_up",
    "offer",
    "preferred_engine",
    "remove",
    "resolve",
]
