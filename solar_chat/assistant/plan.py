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
from solar_chat.prompts import TEMPLATES, ChatTemplate, ReplyLanguage, Window, fit, system_prompt, whole
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
    instructions: str = ""
    """What a program wants of every reply, behind the app's own system prompt."""
    stop: tuple[str, ...] = ()
    """Beside those that end a turn in the model's template."""
    whole_history: bool = False
    """Refuse a history that does not fit, rather than leaving out its oldest turns."""
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
        messages = [*history, Message("user", text)]
        if request.instructions:
            # Ours in front is the same in every call, so that it is found in the cache.
            system = f"{system}\n\n{request.instructions}"
        if request.whole_history:
            return whole(system, messages, template=template, count_tokens=backend.count_tokens, context_tokens=backend.context_tokens)
        return fit(
            system,
            messages,
            template=template,
            count_tokens=backend.count_tokens,
            context_tokens=backend.context_tokens,
            reply_tokens=reply_tokens,
        )

    system = system_prompt(language, level, template.name)
    first = window(system, request.text)
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
        reply_tokens=min(request.max_reply_tokens, first.free_tokens) if request.whole_history else reply_tokens,
        system=system,
        window=first,
        fit=window,
    )
