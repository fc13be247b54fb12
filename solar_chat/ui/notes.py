"""A stored message as the Chatbot shows it: its text, and under a reply a note of what is known about it.

Pure: messages and a translator in, Gradio's dictionaries out. Everything in a note is escaped here; the text of a message is Markdown and is
sanitized by the Chatbot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from solar_chat.assistant import changed_options, standing_changes
from solar_chat.conversation import Conversation, StoredMessage
from solar_chat.ui import marks
from solar_chat.ui.marks import Translate

# Entry of gr.Chatbot: {"role": ..., "content": [blocks]}.
Entry = dict[str, Any]


def entries(messages: Sequence[StoredMessage], tr: Translate, conversation: Conversation | None = None) -> list[Entry]:
    """One entry a message, in order: the index of an entry is the index of its message. `conversation` is as it stands now."""
    undoable = undoable_change(messages, conversation)
    return [_stored(message, tr, undoable=message is undoable) for message in messages]


def undoable_change(messages: Sequence[StoredMessage], conversation: Conversation | None) -> StoredMessage | None:
    """The newest reply whose message changed what the conversation wants of replies, as long as nothing else has changed it since."""
    for message in reversed(messages):
        changed = changed_options(message.meta)
        if changed and not message.meta.get("change_undone"):
            return message if conversation is not None and standing_changes(conversation, changed) == changed else None
    return None


def question(text: str) -> Entry:
    """A person's message that is not stored yet."""
    return _entry("user", text, "")


def draft(text: str) -> Entry:
    """A reply that is being written."""
    return _entry("assistant", text, "")


def waiting(hint: str) -> Entry:
    """A reply of which there is nothing yet, and what it waits for."""
    return _entry("assistant", f'<span class="waiting"><i></i><i></i><i></i> {escape(hint)}</span>', "")


def note(message: StoredMessage, tr: Translate, *, undoable: bool = False) -> str:
    """HTML under a reply: what its message changed, language, level, how many sentences kept it, what went wrong. Empty where nothing is known."""
    meta = message.meta
    chips: list[tuple[str, str]] = []
    unanswered = message.status == "stopped" and not message.content
    if unanswered:
        chips.append((tr("badge.stopped_before_answer"), "warn"))
    elif message.status in ("stopped", "failed"):
        chips.append((tr(f"badge.{message.status}"), "warn"))
    elif meta.get("finish") == "length":
        chips.append((tr("badge.length"), "warn"))
    language = str(meta.get("language") or "none")
    if language != "none":
        chips.append((tr(f"language.{language}"), ""))
    sentences = _mappings(meta.get("sentences"))
    chips += _level_chips(meta, sentences, tr)
    if meta.get("restarted") is True:
        chips.append((tr("badge.restarted"), "good"))
    late: list[tuple[str, str]] = []
    dropped = meta.get("dropped_messages")
    if isinstance(dropped, int) and dropped:
        late.append((tr("badge.dropped", count=dropped), "warn"))
    seconds = meta.get("seconds")
    if isinstance(seconds, int | float) and seconds:
        late.append((tr("badge.seconds", seconds=f"{seconds:.1f}"), "quiet"))
    parts = [_change(meta, tr, undoable=undoable), _spans(chips), marks.chips(sentences, tr), _spans(late), marks.details(sentences, tr)]
    inside = "".join(parts)
    kind = "reply-note unanswered" if unanswered else "reply-note"
    return f'<div class="{kind}">{inside}</div>' if inside else ""


def _stored(message: StoredMessage, tr: Translate, *, undoable: bool) -> Entry:
    if message.status == "partial" and not message.content:
        # Asked for in another tab, or in this one before it showed another conversation.
        return waiting(tr("chat.thinking"))
    return _entry(message.role, message.content, note(message, tr, undoable=undoable) if message.role == "assistant" else "")


def _spans(chips: list[tuple[str, str]]) -> str:
    return "".join(f'<span class="chip {kind}">{escape(text)}</span>' for text, kind in chips)


def _change(meta: Mapping[str, object], tr: Translate, *, undoable: bool) -> str:
    """What the message changed about the conversation, and the way back."""
    changed = changed_options(meta)
    if not changed:
        return ""
    said = " ".join(tr(f"change.{option}.{after}") for option, (_, after) in changed.items())
    if meta.get("change_undone"):
        return f'<p class="change undone">{escape(said)} {escape(tr("change.undone"))}</p>'
    button = f'<button class="undo-change">{escape(tr("change.undo"))}</button>' if undoable else ""
    return f'<p class="change">{escape(said)} {button}</p>'


def _level_chips(meta: Mapping[str, object], sentences: Sequence[Mapping[str, object]], tr: Translate) -> list[tuple[str, str]]:
    judged = [sentence for sentence in sentences if sentence.get("level")]
    if not judged:
        return []
    slipped = sum(1 for sentence in judged if sentence.get("slipped"))
    # Good Korean of one level borrows endings of another; where every sentence was accepted, the asked level is the one that counts.
    level = str((meta.get("level") if slipped else meta.get("asked_level")) or "mixed")
    kept = tr("badge.kept", kept=len(judged) - slipped, total=len(judged))
    return [(f"{tr(f'level.{level}')} {kept}", "warn" if slipped else "good")]


def _mappings(value: object) -> list[Mapping[str, object]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, Sequence) and not isinstance(value, str) else []


def _entry(role: str, text: str, footer: str) -> Entry:
    # A block of its own, so that an open code fence or formula in the text cannot swallow the note. A reply that was stopped early is a note alone.
    return {"role": role, "content": [{"type": "text", "text": block} for block in (text, footer) if block]}
