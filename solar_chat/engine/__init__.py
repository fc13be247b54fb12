"""Models that answer: backends, and the one worker they run on.

Importing this room is light: torch and transformers load when a model does.
"""

from solar_chat.engine.endpoint import RemoteModel, is_this_machine, list_remote_models
from solar_chat.engine.event_stream import EventStream
from solar_chat.engine.inside import OpenModel, opened, weight_format
from solar_chat.engine.lease import Lease
from solar_chat.engine.lent_gpu import import_spaces, lend
from solar_chat.engine.loading import check_model, load_model
from solar_chat.engine.protocol import (
    Backend,
    Event,
    Feature,
    Finished,
    FinishReason,
    GenerationRequest,
    Prefilled,
    Sampling,
    ScoredToken,
    TextPiece,
    TokenChance,
)
from solar_chat.engine.remote import connect
from solar_chat.engine.scripted import ScriptedBackend
from solar_chat.engine.tokenizer import TextTokenizer
from solar_chat.engine.vocabularies import tokenizer_of
from solar_chat.engine.weights import Progress
from solar_chat.engine.worker import Engine

__all__ = [
    "Backend",
    "Engine",
    "Event",
    "EventStream",
    "Feature",
    "FinishReason",
    "Finished",
    "GenerationRequest",
    "Lease",
    "OpenModel",
    "Prefilled",
    "Progress",
    "RemoteModel",
    "Sampling",
    "ScoredToken",
    "ScriptedBackend",
    "TextPiece",
    "TextTokenizer",
    "TokenChance",
    "check_model",
    "connect",
    "import_spaces",
    "is_this_machine",
    "lend",
    "list_remote_models",
    "load_model",
    "opened",
    "tokenizer_of",
    "weight_format",
]
