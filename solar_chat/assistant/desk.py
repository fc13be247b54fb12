"""Where one person's turns are made: their settings, their conversations, and the machine that answers.

The owner has one desk and every visitor another. The rule: a desk sees its own store and its own settings, and of the machine only the model in use.
"""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import Future
from typing import Protocol

from solar_chat.assistant.ahead import ReadingAhead, Sight
from solar_chat.assistant.chat import Chat, Halt, history_of
from solar_chat.assistant.decide import standing
from solar_chat.assistant.events import ChatEvent, LevelReason, LoadState
from solar_chat.assistant.machine import Machine
from solar_chat.assistant.options import undo_change
from solar_chat.assistant.plan import TurnRequest
from solar_chat.assistant.turn import Turn
from solar_chat.conversation import Store
from solar_chat.engine import Sampling
from solar_chat.errors import SolarChatError
from solar_chat.i18n import Catalogue, system_language
from solar_chat.language import Level
from solar_chat.messages import Message
from solar_chat.prompts import ReplyLanguage
from solar_chat.settings import ReplyChoice, Settings


class Choices(Protocol):
    """What a person has set, wherever it is kept."""

    @property
    def problem(self) -> SolarChatError | None:
        """What was wrong with it when it was last read."""

    def load(self) -> Settings: ...

    def update(self, **changes: object) -> Settings:
        """Raises InputError where a value may not be, SolarChatError where it cannot be kept."""


class Desk:
    """One person's place at the machine. Safe to call from any thread."""

    def __init__(self, settings: Choices, store: Store, catalogue: Catalogue, machine: Machine) -> None:
        self.settings = settings
        self.store = store
        self.catalogue = catalogue
        self.machine = machine
        self.ahead = ReadingAhead(machine.engine, lambda: machine.spec, self._next_request)

    def load_state(self) -> LoadState:
        return self.machine.state

    def ready(self, *, fall_back: bool = True) -> Future[None]:
        """See `Machine.ready`."""
        return self.machine.ready(fall_back=fall_back)

    def wait_ready(self) -> None:
        """Return once a model can be asked, loading one if nobody has. Raises the SolarChatError that kept it from loading."""
        self.ready().result()

    def request(
        self,
        text: str,
        *,
        level: Level | None = None,
        reply_language: ReplyChoice | None = None,
        history: tuple[Message, ...] = (),
        seed: int | None = None,
    ) -> TurnRequest:
        """A turn as the settings want it, but for what is given, and for what was asked for in the `history`."""
        settings = self.settings.load()
        asked_level, asked_language = standing(history, settings.level, settings.reply_language)
        return _request(
            settings,
            text,
            level=level or asked_level,
            level_reason="setting" if level is None and asked_level == settings.level else "choice",
            reply_language=reply_language or asked_language,
            history=history,
            seed=seed,
        )

    def turn(self, request: TurnRequest) -> Turn:
        """A turn that is not stored. Waits for the model; raises InputError or ModelError."""
        self.wait_ready()
        return Turn(request, self.machine.engine, self.machine.spec)

    def send(
        self,
        conversation_id: str,
        text: str,
        *,
        level: Level | None = None,
        reply_language: ReplyChoice | None = None,
        expected_revision: int | None = None,
        halt: Halt | None = None,
    ) -> Generator[ChatEvent, None, None]:
        """Store `text` and answer it; see `Chat.send`."""
        return self._chat(conversation_id, level, reply_language, halt).send(text, expected_revision)

    def edit(self, conversation_id: str, message_id: str, text: str, *, halt: Halt | None = None) -> Generator[ChatEvent, None, None]:
        """Answer another version of a person's message; see `Chat.edit`."""
        return self._chat(conversation_id, halt=halt).edit(message_id, text)

    def regenerate(self, conversation_id: str, reply_id: str, *, halt: Halt | None = None) -> Generator[ChatEvent, None, None]:
        """Answer a person's message once more; see `Chat.regenerate`."""
        return self._chat(conversation_id, halt=halt).regenerate(reply_id)

    def prepare(self, conversation_id: str | None, draft: str = "", *, level: Level | None = None, reply_language: ReplyChoice | None = None) -> bool:
        """Have the model read what the next turn begins with: the system prompt, what was said, and `draft` as far as it is typed; see `send` for the
        others. Whether it begins now: never while anybody is answered, never for a model on a server; and again with the model that is loaded next.
        Returns at once but for counting tokens, raises nothing."""
        return self.ahead.look(Sight(conversation_id, draft, level, reply_language))

    def undo_change(self, conversation_id: str, reply_id: str) -> None:
        """Take back what the message that this reply answers changed about the conversation. Raises StoreError."""
        undo_change(self.store, conversation_id, reply_id)

    def _chat(self, conversation_id: str, level: Level | None = None, reply_language: ReplyChoice | None = None, halt: Halt | None = None) -> Chat:
        def start(text: str, history: tuple[Message, ...]) -> Turn:
            return self.turn(self._stored_request(conversation_id, text, history, level, reply_language))

        return Chat(self.store, conversation_id, start, self.ready, halt)

    def _stored_request(
        self,
        conversation_id: str | None,
        text: str,
        history: tuple[Message, ...],
        level: Level | None,
        reply_language: ReplyChoice | None,
        unfinished: bool = False,
    ) -> TurnRequest:
        """A turn of a stored conversation, or of one that is stored with it."""
        conversation, settings = self.store.get(conversation_id) if conversation_id else None, self.settings.load()
        # A stored conversation keeps what was asked for in its options, where it can be taken back: its history is not asked again.
        chosen = level or (conversation and conversation.level)
        return _request(
            settings,
            text,
            level=chosen or settings.level,
            level_reason="choice" if chosen else "setting",
            reply_language=reply_language or (conversation and conversation.reply_language) or settings.reply_language,
            history=history,
            unfinished=unfinished,
        )

    def _next_request(self, sight: Sight) -> TurnRequest:
        """The turn that `sight` would become if its draft were sent as it is."""
        history = history_of(self.store, sight.conversation_id) if sight.conversation_id else ()
        return self._stored_request(sight.conversation_id, sight.draft, history, sight.level, sight.reply_language, unfinished=True)


def _request(
    settings: Settings,
    text: str,
    *,
    level: Level,
    level_reason: LevelReason,
    reply_language: ReplyChoice,
    history: tuple[Message, ...],
    seed: int | None = None,
    unfinished: bool = False,
) -> TurnRequest:
    return TurnRequest(
        text=text,
        level=level,
        level_reason=level_reason,
        history=history,
        reply_language=reply_language,
        default_language=_default_language(settings),
        guard=settings.guard,
        sampling=sampling_of(settings, seed),
        max_reply_tokens=settings.max_reply_tokens,
        unfinished=unfinished,
    )


def sampling_of(settings: Settings, seed: int | None = None) -> Sampling:
    """How `settings` want tokens chosen, with another seed where one is given."""
    return Sampling(
        temperature=settings.temperature,
        top_p=settings.top_p,
        repetition_penalty=settings.repetition_penalty,
        seed=settings.seed if seed is None else seed,
    )


def _default_language(settings: Settings) -> ReplyLanguage:
    """Where nothing else decides: the language of the interface."""
    return system_language() if settings.interface_language == "auto" else settings.interface_language
