"""A stored message as the Chatbot shows it: its text, and under a reply a note of what is known about it.

Pure: messages and a translator in, Gradio's dictionaries out. Everything in a note is escaped here; the text of a message is Markdown and is
sanitized by the Chatbot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Protocol

from solar_chat.conversation import StoredMessage

# Entry of gr.Chatbot: {"role": ..., "content": [blocks]}.
Entry = dict[str, Any]


class Translate(Protocol):
    def __call__(self, key: str, /, **params: object) -> str: ...


def entries(messages: Iterable[StoredMessage], tr: Translate) -> list[Entry]:
    """One entry a message, in order: the index of an entry is the index of its message."""
    return [_entry(message.role, message.content, note(message, tr) if message.role == "assistant" else "") for message in messages]


def question(text: str) -> Entry:
    """A person's message that is not stored yet."""
    return _entry("user", text, "")


def draft(text: str) -> Entry:
    """A reply that is being written."""
    return _entry("assistant", text, "")


def waiting(hint: str) -> Entry:
    """A reply of which there is nothing yet, and what it waits for."""
    return _entry("assistant", f'<span class="waiting"><i></i><i></i><i></i> {escape(hint)}</span>', "")


def note(message: StoredMessage, tr: Translate) -> str:
    """HTML under a reply: language, level, how many sentences kept it, and what went wrong. Empty where nothing is known."""
    meta = message.meta
    chips: list[tuple[str, str]] = []
    if message.status in ("stopped", "failed"):
        chips.append((tr(f"badge.{message.status}"), "warn"))
    elif meta.get("finish") == "length":
        chips.append((tr("badge.length"), "warn"))
    language = str(meta.get("language") or "none")
    if language != "none":
        chips.append((tr(f"language.{language}"), ""))
    sentences = _mappings(meta.get("sentences"))
    chips += _level_chips(meta, sentences, tr)
    dropped = meta.get("dropped_messages")
    if isinstance(dropped, int) and dropped:
        chips.append((tr("badge.dropped", count=dropped), "warn"))
    seconds = meta.get("seconds")
    if isinstance(seconds, int | float) and seconds:
        chips.append((tr("badge.seconds", seconds=f"{seconds:.1f}"), "quiet"))
    if not chips:
        return ""
    spans = "".join(f'<span class="chip {kind}">{escape(text)}</span>' for text, kind in chips)
    return f'<div class="reply-note">{spans}{_repairs(sentences, tr)}</div>'


def _level_chips(meta: Mapping[str, object], sentences: Sequence[Mapping[str, object]], tr: Translate) -> list[tuple[str, str]]:
    judged = [sentence for sentence in sentences if sentence.get("level")]
    if not judged:
        return []
    slipped = sum(1 for sentence in judged if sentence.get("slipped"))
    repaired = sum(1 for sentence in judged if sentence.get("repaired"))
    # Good Korean of one level borrows endings of another; where every sentence was accepted, the asked level is the one that counts.
    level = str((meta.get("level") if slipped else meta.get("asked_level")) or "mixed")
    kept = tr("badge.kept", kept=len(judged) - slipped, total=len(judged))
    chips = [(f"{tr(f'level.{level}')} {kept}", "warn" if slipped else "good")]
    if repaired:
        chips.append((tr("badge.repaired_one") if repaired == 1 else tr("badge.repaired", count=repaired), "good"))
    if slipped:
        chips.append((tr("badge.slipped_one") if slipped == 1 else tr("badge.slipped", count=slipped), "warn"))
    return chips


def _repairs(sentences: Sequence[Mapping[str, object]], tr: Translate) -> str:
    rows = "".join(
        f"<li><del>{escape(str(sentence['original']))}</del> → {escape(str(sentence.get('text', '')))}</li>"
        for sentence in sentences
        if sentence.get("repaired") and sentence.get("original")
    )
    return f"<details><summary>{escape(tr('badge.show_original'))}</summary><ul>{rows}</ul></details>" if rows else ""


def _mappings(value: object) -> list[Mapping[str, object]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, Sequence) and not isinstance(value, str) else []


def _entry(role: str, text: str, footer: str) -> Entry:
    # A block of its own, so that an open code fence or formula in the text cannot swallow the note.
    blocks = [{"type": "text", "text": text}, *([{"type": "text", "text": footer}] if footer else [])]
    return {"role": role, "content": blocks}
