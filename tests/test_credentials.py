"""What whoever connects must know."""

from __future__ import annotations

import stat
import sys
import threading
from pathlib import Path

import pytest

from solar_chat.credentials import checked_key, key_matches, load_or_make_key, read_key
from solar_chat.errors import InputError, StartError


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "집" / "api-key"
    assert read_key(file) is None
    made: list[str] = []
    threads = [threading.Thread(target=lambda: made.append(load_or_make_key(file))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert set(made) == {read_key(file)}
    assert len(made[0]) > 40
    assert list(file.parent.iterdir()) == [file]
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_key_matches_itself_alone(tmp_path: Path) -> None:
    key = load_or_make_key(tmp_path / "api-key")
    assert key_matches(key, key)
    assert not key_matches(key[:-1], key)
    assert not key_matches("한국어", key)
    assert not key_matches("키", key)


@pytest.mark.parametrize("written", [b"", b"short", b"\xff" * 40, b"two words that are long"])
def test_a_broken_key_file_opens_nothing(tmp_path: Path, written: bytes) -> None:
    file = tmp_path / "api-key"
    file.write_bytes(written)
    with pytest.raises(StartError, match="api_key_broken"):
        load_or_make_key(file)


@pytest.mark.parametrize("key", ["", "short", "with a space in it 123", "한국어한국어한국어한국어한국어"])
def test_a_weak_key_is_not_taken(key: str) -> None:
    with pytest.raises(InputError):
        checked_key(key)
