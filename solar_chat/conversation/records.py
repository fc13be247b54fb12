"""What the store hands out: conversations, messages and search hits, as frozen values.

A value is a copy of a moment: it never follows later writes. Times are UTC epoch seconds. Nothing here knows SQL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Literal, get_args

from solar_chat.levels import Level
from solar_chat.messages import Message, Role
from solar_chat.settings import ReplyChoice

MessageStatus = Literal["complete", "partial", "stopped", "failed"]
"""`partial` is still being generated; `stopped` was ended by the person or by the end of the process; `failed` by an error."""
MESSAGE_STATUSES: tuple[MessageStatus, ...] = get_args(MessageStatus)


class Unchanged(Enum):
    """Type of `UNCHANGED`, which says "leave this as it is" where None has a meaning of its own."""

    UNCHANGED = "unchanged"


UNCHANGED = Unchanged.UNCHANGED


@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation, without its messages."""

    id: str
    owner: str
    title: str
    level: Level | None
    """The speech level of this conversation; None follows the app's setting."""
    reply_language: ReplyChoice | None
    """The reply language of this conversation; None follows the app's setting."""
    created_at: float
    updated_at: float
    deleted_at: float | None
    revision: int
    """Grows by one with every `append` and `select`; hand it back as `expected_revision` to refuse a write onto a newer state."""
    leaf: str | None
    """Id of the last message of the active branch; None in an empty conversation."""


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """One message and its place in the tree."""

    id: str
    conversation_id: str
    parent_id: str | None
    """The message this one answers or follows; None for a first message."""
    role: Role
    content: str
    status: MessageStatus
    meta: Mapping[str, object]
    """What the writer wanted to keep beside the text: the original of a repaired reply, model, counts. JSON values only."""
    created_at: float
    version: int
    """Position among its siblings, oldest first, from 1."""
    versions: int
    """How many siblings there are, this one included."""

    @property
    def message(self) -> Message:
        """The role and text alone, as prompts want it."""
        return Message(self.role, self.content)


@dataclass(frozen=True, slots=True)
class Hit:
    """One place where a search found its words."""

    conversation_id: str
    title: str
    message_id: str | None
    """None where the title was found."""
    role: Role | None
    snippet: str
    """The surroundings of the match on one line, "…" where text was cut."""
    start: int
    """The match is `snippet[start:end]`; both 0 where only inflected forms matched."""
    end: int
    created_at: float
