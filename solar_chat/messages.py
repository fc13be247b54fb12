"""What a conversation is made of, as plain values.

No storage, no templates, no models: a role and its text, shared by every floor above.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation; `content` is plain text or Markdown."""

    role: Role
    content: str
