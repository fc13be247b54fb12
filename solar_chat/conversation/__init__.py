"""Conversations as they are kept: trees of messages in one SQLite file, with full-text search.

This room is the truth of every conversation; a page only carries an id and the visible tail. It knows no models, no languages and no page:
the tokenizer that makes Korean searchable is handed in.
"""

from solar_chat.conversation.markdown import as_markdown
from solar_chat.conversation.records import MESSAGE_STATUSES, UNCHANGED, Conversation, Hit, MessageStatus, StoredMessage, Unchanged
from solar_chat.conversation.store import Store

__all__ = ["MESSAGE_STATUSES", "UNCHANGED", "Conversation", "Hit", "MessageStatus", "Store", "StoredMessage", "Unchanged", "as_markdown"]
