"""A conversation as a text to keep: Markdown that any editor opens.

What was said, as it was said; a reply that never came is left out. Who is called what is the caller's business. Knows no store.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from solar_chat.conversation.records import StoredMessage
from solar_chat.messages import Role


def as_markdown(title: str, messages: Iterable[StoredMessage], names: Mapping[Role, str]) -> str:
    """`names` are the headings over what each role said."""
    parts = [f"# {' '.join(title.split())}"]
    for message in messages:
        if message.content:
            parts += [f"## {names[message.role]}", message.content.strip()]
    return "\n\n".join(parts) + "\n"
