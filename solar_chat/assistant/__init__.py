"""A turn, from a person's text to the stored answer. Every door calls only this.

`Assistant` puts the rooms together, `turn` answers without storing, `chat` stores, `decide` chooses language and level, `options` is what a message
changed about its conversation, `events` is what doors see, `servers` is for models that answer elsewhere. `completion` is a reply as the
model gives it, `names` is what programs call the model.
"""

from solar_chat.assistant.assistant import Assistant
from solar_chat.assistant.chat import Halt
from solar_chat.assistant.completion import Completion, CompletionRequest, Prompt
from solar_chat.assistant.desk import Desk
from solar_chat.assistant.events import Answer, ChatEvent, Decided, Draft, LoadState, OptionChange, Reading, ReplySentence, Saved, TurnEvent
from solar_chat.assistant.library import KeyState, Library, ServerFacts
from solar_chat.assistant.names import ModelNames
from solar_chat.assistant.options import changed_options, standing_changes
from solar_chat.assistant.plan import TurnRequest
from solar_chat.assistant.servers import forget_key, leaves_for, remote_models, save_key
from solar_chat.assistant.turn import Turn
from solar_chat.assistant.visits import Visit, Visits

__all__ = [
    "Answer",
    "Assistant",
    "ChatEvent",
    "Completion",
    "CompletionRequest",
    "Decided",
    "Desk",
    "Draft",
    "Halt",
    "KeyState",
    "Library",
    "LoadState",
    "ModelNames",
    "OptionChange",
    "Prompt",
    "Reading",
    "ReplySentence",
    "Saved",
    "ServerFacts",
    "Turn",
    "TurnEvent",
    "TurnRequest",
    "Visit",
    "Visits",
    "changed_options",
    "forget_key",
    "leaves_for",
    "remote_models",
    "save_key",
    "standing_changes",
]
