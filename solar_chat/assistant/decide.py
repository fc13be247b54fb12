"""Which language a reply is written in, and why.

The setting beats the matrix language of the message, which beats the turn before. A message that is only a number, an emoji, code or a reflex such as
"ok" or "ㅋㅋ" changes nothing in a conversation; at its start it is all there is to go by.
"""

from __future__ import annotations

from collections.abc import Sequence

from solar_chat.assistant.events import LanguageReason
from solar_chat.language import Language, identify, is_reflex
from solar_chat.messages import Message
from solar_chat.prompts import ReplyLanguage
from solar_chat.settings import ReplyChoice


def reply_language(text: str, history: Sequence[Message], choice: ReplyChoice, default: ReplyLanguage) -> tuple[ReplyLanguage, LanguageReason]:
    """The language of the reply to `text`, and the reason."""
    if choice != "follow":
        return choice, "setting"
    own = _spoken(text)
    if own and not is_reflex(text):
        return own, "message"
    for message in reversed(history):
        before = None if is_reflex(message.content) else _spoken(message.content)
        if before:
            return before, "previous"
    return (own, "message") if own else (default, "default")


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
