"""Which language and speech level a reply is written in, and why.

What the message asks for beats what is set; what is set beats the matrix language of the message, which beats the turn before. A message that is only
a number, an emoji, code or a reflex such as "ok" or "ㅋㅋ" changes nothing in a conversation; at its start it is all there is to go by.
"""

from __future__ import annotations

from collections.abc import Sequence

from solar_chat.assistant.events import LanguageReason, LevelReason
from solar_chat.language import Language, Level, Wish, identify, is_reflex, wishes
from solar_chat.messages import Message
from solar_chat.prompts import ReplyLanguage
from solar_chat.settings import ReplyChoice

NOTHING_ASKED = Wish()


def speech_level(level: Level, reason: LevelReason, wish: Wish) -> tuple[Level, LevelReason]:
    """The level of Korean replies: what the message asks for, else the `level` that is set, for the `reason` it is."""
    asked = wish.level_from(level)
    return (level, reason) if asked is None else (asked, "request")


def reply_language(
    text: str, history: Sequence[Message], choice: ReplyChoice, default: ReplyLanguage, wish: Wish = NOTHING_ASKED
) -> tuple[ReplyLanguage, LanguageReason]:
    """The language of the reply to `text`, and the reason."""
    if wish.language in ("ko", "en"):
        return wish.language, "request"
    if choice != "follow" and wish.language is None:
        return choice, "setting"
    own = _spoken(text)
    if own and not is_reflex(text):
        return own, "message"
    for message in reversed(history):
        before = None if is_reflex(message.content) else _spoken(message.content)
        if before:
            return before, "previous"
    return (own, "message") if own else (default, "default")


def standing(history: Sequence[Message], level: Level, choice: ReplyChoice) -> tuple[Level, ReplyChoice]:
    """Level and reply choice after everything that was asked for in `history`: for callers who bring a history and keep no options of their own."""
    for message in history:
        if message.role == "user":
            wish = wishes(message.content)
            level = wish.level_from(level) or level
            choice = wish.language or choice
    return level, choice


def since_switch(history: Sequence[Message], language: ReplyLanguage) -> Sequence[Message]:
    """The turns after the last reply that was in the other language: what a model may see that would copy it."""
    for index in range(len(history) - 1, -1, -1):
        if history[index].role == "assistant" and written_language(history[index].content) in {"ko", "en"} - {language}:
            return history[index + 1 :]
    return history


def written_language(text: str) -> Language:
    """The language a reply turned out to be in: with foreign terms in it, still that of its sentences."""
    found = identify(text)
    return found.matrix if found.language == "mixed" and found.matrix in ("ko", "en") else found.language


def _spoken(text: str) -> ReplyLanguage | None:
    """The one reply language that `text` speaks for, if it does."""
    found = identify(text)
    if found.romanized or found.language == "ko":
        return "ko"
    if found.language == "en":
        return "en"
    if found.language == "mixed" and found.matrix in ("ko", "en"):
        return found.matrix
    return None
