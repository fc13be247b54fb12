"""What a start does with the history: a deleted conversation can still be brought back for a while, and then it is gone."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from solar_chat.assistant import Assistant
from solar_chat.assistant.assistant import DELETED_KEPT_S
from solar_chat.conversation import Store
from solar_chat.errors import StoreError
from solar_chat.paths import Home


def test_what_was_deleted_long_ago_goes_at_the_start(tmp_path: Path) -> None:
    home = Home.find(tmp_path).create()
    now = time.time()
    before = Store(home.history, clock=lambda: now - DELETED_KEPT_S - 60)
    old = before.create()
    before.delete(old.id)
    before.close()
    today = Store(home.history)
    new = today.create()
    today.delete(new.id)
    # A page with the offer to undo is still open while another program starts.
    with Assistant.open(home) as assistant, pytest.raises(StoreError, match="conversation_missing"):
        assistant.store.restore(old.id)
    today.restore(new.id)
    today.close()
