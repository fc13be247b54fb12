"""What a turn tells the door that asked for it, as plain values.

A door draws these; it never looks behind them into the engine or the guard.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from solar_chat.conversation import StoredMessage
from solar_chat.engine.protocol import FinishReason
from solar_chat.errors import SolarChatError
from solar_chat.guard import Mending, SlipReason
from solar_chat.language.types import SentenceLevel
from solar_chat.levels import Level
from solar_chat.prompts import ReplyLanguage
from solar_chat.settings import ReplyChoice

LanguageReason = Literal["request", "setting", "message", "previous", "default"]
"""Why a reply is in its language: it is asked for, it is set, it is the message's own, the turn before's, or there is nothing else to go by."""
LevelReason = Literal["request", "choice", "setting"]
"""Why a reply is in its level: the message asks for it, it was chosen for this conversation or call, or it is the app's setting."""


@dataclass(frozen=True, slots=True)
class OptionChange:
    """What a message asks for from its turn on; None where it leaves things as they are."""

    level: Level | None = None
    reply_language: ReplyChoice | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """How the reply will be written; the first event of a turn."""

    language: ReplyLanguage
    language_reason: LanguageReason
    level: Level
    dropped_messages: int
    """Oldest messages that the model does not read: they no longer fit, or would keep it in another language."""
    free_tokens: int
    level_reason: LevelReason = "setting"
    change: OptionChange = OptionChange()


@dataclass(frozen=True, slots=True)
class Reading:
    """The model reads the prompt."""

    done_tokens: int
    prompt_tokens: int


@dataclass(frozen=True, slots=True)
class Draft:
    """The reply so far. `text[:settled]` will not change any more; the rest is provisional."""

    text: str
    settled: int


@dataclass(frozen=True, slots=True)
class ReplySentence:
    """One sentence of a finished reply. `level` is None where no level applies (English, code, lists)."""

    text: str
    level: SentenceLevel | None
    repaired: bool
    original: str | None = None
    """What the model wrote first, where `repaired`."""
    slipped: bool = False
    """Not as it was asked for, and not repaired."""
    how: Mending | None = None
    """How it was repaired: re-inflected, or written once more."""
    reason: SlipReason | None = None
    """What is wrong with it, where `slipped`: its speech level, its language, or its script."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished reply; the last event of a turn."""

    reply: str
    language: str
    """What the reply turned out to be: ko, en, mixed, other or none."""
    level: str
    """The reply's speech level; `mixed` where sentences differ, `none` where no level applies."""
    asked_level: Level
    sentences: tuple[ReplySentence, ...]
    model: str
    prompt_tokens: int
    reply_tokens: int
    seconds: float
    finish: FinishReason
    restarted: bool = False
    """Whether it was begun anew, because the first beginning was in the wrong language or script."""

    def as_dict(self) -> dict[str, object]:
        """As stored beside the message."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Saved:
    """A message as it now stands in the history: the user's at the start of a stored turn, the reply at its end."""

    message: StoredMessage


@dataclass(frozen=True, slots=True)
class Waiting:
    """The model is still on its way into memory; comes every now and then, so that whoever closes the turn does not wait for it."""


TurnEvent = Decided | Reading | Draft | Answer
ChatEvent = TurnEvent | Saved | Waiting


@dataclass(frozen=True, slots=True)
class LoadState:
    """Where the model is on its way into memory; polled by the page."""

    stage: Literal["idle", "libraries", "downloading", "quantizing", "loading", "ready", "failed"]
    model: str
    share: float | None = None
    """How much of a download or of the weights is there, 0 to 1."""
    device: str | None = None
    server: str | None = None
    """Where what is written goes, if it leaves this computer."""
    error: SolarChatError | None = None
    """Why the last load failed. In stage `ready` it says why another model than the one wanted is loaded."""
    notice: SolarChatError | None = None
    """What kept the model's 4-bit copy from being saved; it is loaded all the same."""
