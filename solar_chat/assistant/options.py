"""What a message changed about its conversation, and the way back.

The change is kept with the reply that first followed it, as `changed_options`: the option's name, what it was and what it became. Going back touches
only what still stands as the message left it: a later choice is never overwritten.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from solar_chat.assistant.events import OptionChange
from solar_chat.conversation import Conversation, Store
from solar_chat.levels import LEVELS
from solar_chat.settings import ReplyChoice

Changed = dict[str, tuple[str | None, str]]
"""Option → (what it was; None for the app's setting, what it is)."""

_VALUES: Mapping[str, tuple[str, ...]] = {"level": LEVELS, "reply_language": get_args(ReplyChoice)}


def change_options(store: Store, conversation_id: str, change: OptionChange) -> Changed:
    """Set what `change` asks for; returns what that changed."""
    wanted: dict[str, Any] = {name: value for name in _VALUES if (value := getattr(change, name)) is not None}
    if not wanted:
        return {}
    before = store.get(conversation_id)
    store.set_options(conversation_id, **wanted)
    return {name: (getattr(before, name), value) for name, value in wanted.items()}


def restore_options(store: Store, conversation_id: str, changed: Changed) -> None:
    """Give the options that still are as `changed` left them their earlier values."""
    if not changed:
        return
    still: dict[str, Any] = {name: before for name, (before, _) in standing_changes(store.get(conversation_id), changed).items()}
    if still:
        store.set_options(conversation_id, **still)


def undo_change(store: Store, conversation_id: str, reply_id: str) -> None:
    """Take back what the message before this reply changed; the reply says so from now on. Does nothing a second time."""
    reply = store.message(reply_id)
    changed = changed_options(reply.meta)
    if not changed or reply.meta.get("change_undone"):
        return
    restore_options(store, conversation_id, changed)
    store.update(reply_id, reply.content, reply.status, {**reply.meta, "change_undone": True})


def changed_options(meta: Mapping[str, object]) -> Changed:
    """What a stored reply says its message changed; nothing where it says something else."""
    kept = meta.get("changed_options")
    found: Changed = {}
    for name, values in _VALUES.items():
        match kept.get(name) if isinstance(kept, Mapping) else None:
            case [None | str() as before, str(after)] if after in values and (before is None or before in values):
                found[name] = (before, after)
    return found


def standing_changes(conversation: Conversation, changed: Changed) -> Changed:
    """Those changes that nothing has changed since."""
    return {name: values for name, values in changed.items() if getattr(conversation, name) == values[1]}
