"""What is settled about a turn before the model is asked: language, level, and the prompt that fits.

The rule: what is read ahead of a turn is planned here as the turn itself is, so that it finds its own prompt in the cache. Asks no model for anything
but token counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from solar_chat.assistant.decide import reply_language, since_switch, speech_level
from solar_chat.assistant.events import LanguageReason, LevelReason, OptionChange
from solar_chat.engine import Backend, Sampling
from solar_chat.errors import InputError
from solar_chat.language import Level, Wish, wishes
from solar_chat.messages import Message
from solar_chat.models import ModelSpec
from solar_chat.prompts import TEMPLATES, ChatTemplate, ReplyLanguage, Window, fit, system_prompt
from solar_chat.settings import GuardMode, ReplyChoice

# A message of this length is a pasted book, not a question: every model in the catalogue reads far less.
LONGEST_MESSAGE = 200_000


def check_message(text: str) -> None:
    """Raises InputError where `text` cannot be a message."""
    if not text.strip():
        raise InputError("empty_message")
    if len(text) > LONGEST_MESSAGE:
        raise InputError("message_too_long", characters=len(text), limit=LONGEST_MESSAGE)


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """What is asked, and how the answer shall be. Raises InputError as `check_message` does."""

    text: str
    level: Level
    """What is set; a request in the text beats it, as it beats `reply_language`."""
    level_reason: LevelReason = "choice"
    history: tuple[Message, ...] = ()
    reply_language: ReplyChoice = "follow"
    default_language: ReplyLanguage = "ko"
    guard: GuardMode = "keep"
    sampling: Sampling = field(default_factory=Sampling)
    max_reply_tokens: int = 512
    unfinished: bool = False
    """`text` is still being written, and may be empty: to be read ahead, not to be answered."""

    def __post_init__(self) -> None:
        if not self.unfinished:
            check_message(self.text)


@dataclass(frozen=True, slots=True)
class Plan:
    """A turn, decided."""

    language: ReplyLanguage
    language_reason: LanguageReason
    level: Level
    level_reason: LevelReason
    wish: Wish
    """What the text itself asks for."""
    change: OptionChange
    unread: int
    """Messages that this model shall not see."""
    template: ChatTemplate
    reply_tokens: int
    system: str
    window: Window
    fit: Callable[[str, str], Window]
    """The same window with another (system prompt, question). Raises InputError `prompt_too_long`."""

    @property
    def beginning(self) -> str:
        """The prompt up to the last character of the question, however that goes on."""
        return self.template.unfinished(self.window.prompt)


def plan_turn(request: TurnRequest, backend: Backend, spec: ModelSpec) -> Plan:
    """Raises InputError `prompt_too_long` where the message does not fit into the model's context."""
    template = TEMPLATES[spec.template]
    # The reply may take at most half of a small context, so that there is something left to answer.
    reply_tokens = min(request.max_reply_tokens, backend.context_tokens // 2)
    wish = wishes(request.text)
    language, language_reason = reply_language(request.text, request.history, request.reply_language, request.default_language, wish)
    level, level_reason = speech_level(request.level, request.level_reason, wish)
    history = since_switch(request.history, language) if spec.copies_language else request.history

    def window(system: str, text: str) -> Window:
        return fit(
            system,
            [*history, Message("user", text)],
            template=template,
            count_tokens=backend.count_tokens,
            context_tokens=backend.context_tokens,
            reply_tokens=reply_tokens,
        )

    system = system_prompt(language, level)
    return Plan(
        language=language,
        language_reason=language_reason,
        level=level,
        level_reason=level_reason,
        wish=wish,
        change=OptionChange(
            level=level if level != request.level else None,
            reply_language=wish.language if wish.language != request.reply_language else None,
        ),
        unread=len(request.history) - len(history),
        template=template,
        reply_tokens=reply_tokens,
        system=system,
        window=window(system, request.text),
        fit=window,
    )
