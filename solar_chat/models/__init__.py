"""Which models there are, what a typed name means, and fetching one from the Hub. Loading is the engine's."""

from solar_chat.models.added import AddedModels
from solar_chat.models.catalog import ALIASES, CATALOG, EEVE, SOLAR, STARTER
from solar_chat.models.choice import is_asked
from solar_chat.models.describe import GUESSED, describe_folder, describe_gguf
from solar_chat.models.download import Download, copy_of, described, fetch, follow, form_here, forms_here
from solar_chat.models.fit import Fit, best_alternative, fits, free_disk, preferred_engine
from solar_chat.models.offer import Offer, downloaded, introduce, look_up, offer
from solar_chat.models.outline import Outline, outline
from solar_chat.models.progress import DownloadProgress, DownloadState
from solar_chat.models.quantized import QuantizedCopy, QuantizedPlace, drop_full_weights, quantized_copy, quantized_place, superfluous_weights
from solar_chat.models.remote import OLLAMA_URL, UPSTAGE_URL, base_url, remote_name
from solar_chat.models.resolve import resolve
from solar_chat.models.spec import Form, FormKind, ModelSpec, Remote, Shape
from solar_chat.models.storage import Copy, copies, copies_of, freed_bytes, remove
from solar_chat.models.survey import Listed, survey

__all__ = [
    "ALIASES",
    "CATALOG",
    "EEVE",
    "GUESSED",
    "OLLAMA_URL",
    "SOLAR",
    "STARTER",
    "UPSTAGE_URL",
    "AddedModels",
    "Copy",
    "Download",
    "DownloadProgress",
    "DownloadState",
    "Fit",
    "Form",
    "FormKind",
    "Listed",
    "ModelSpec",
    "Offer",
    "Outline",
    "QuantizedCopy",
    "QuantizedPlace",
    "Remote",
    "Shape",
    "base_url",
    "best_alternative",
    "copies",
    "copies_of",
    "copy_of",
    "describe_folder",
    "describe_gguf",
    "described",
    "downloaded",
    "drop_full_weights",
    "fetch",
    "fits",
    "follow",
    "form_here",
    "forms_here",
    "free_disk",
    "freed_bytes",
    "introduce",
    "is_asked",
    "look_up",
    "offer",
    "outline",
    "preferred_engine",
    "quantized_copy",
    "quantized_place",
    "remote_name",
    "remove",
    "resolve",
    "superfluous_weights",
    "survey",
]
