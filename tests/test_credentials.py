"""What whoever connects must know."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from solar_chat.credentials import key_matches, load_or_make_key, read_key
from solar_chat.errors import StartError


def test_the_key_is_made_once_for_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "data" / "api-key"
    assert read_key(file) is None
    made: list[str] = []
    threads = [threading.Thread(target=lambda: made.append(load_or_make_key(file))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert len(set(made)) == 1
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert key_matches(made[0], made[0])
    assert not key_matches(made[0][:-1], made[0])
    assert not key_matches("키", made[0])
    file.write_text("short")
    with pytest.raises(StartError, match="api_key_broken"):
        load_or_make_key(file)
