"""One program for one home: the lock, the file, the secret, and what is left of a program that is gone."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from solar_chat.desktop import instance as room
from solar_chat.desktop.door import Door
from solar_chat.desktop.instance import SECRET_HEADER, Instance, Running, claim, read_record
from solar_chat.errors import StartError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "instance.json"


@pytest.fixture
def door() -> Iterator[Door]:
    with Door(lambda nonce: f"<p>{nonce}</p>") as opened:
        yield opened


@pytest.fixture
def first(path: Path, door: Door) -> Iterator[Instance]:
    claimed = claim(path, alone=True)
    assert isinstance(claimed, Instance)
    door.secret = claimed.announce(door.url)
    yield claimed
    claimed.close()


def test_a_second_claim_learns_of_the_first(path: Path, door: Door, first: Instance) -> None:
    assert claim(path, alone=True) == Running(door.url, False)
    shown: list[bool] = []

    def show() -> bool:
        shown.append(True)
        return True

    door.show = show
    door.page_url = "http://127.0.0.1:7860/"
    first.page_is_at(door.page_url)
    assert claim(path, alone=True) == Running("http://127.0.0.1:7860/", True)
    assert shown == [True]


def test_one_that_runs_beside_leaves_the_record_alone(path: Path, first: Instance) -> None:
    before = read_record(path)
    beside = claim(path, alone=False)
    assert isinstance(beside, Instance)
    beside.announce("http://127.0.0.1:1/")
    beside.page_is_at("http://127.0.0.1:2/")
    beside.close()
    assert read_record(path) == before


def test_the_end_frees_the_home(path: Path, first: Instance) -> None:
    first.close()
    assert not path.exists()
    again = claim(path, alone=True)
    assert isinstance(again, Instance)
    again.announce("http://127.0.0.1:1/")
    again.close()


@pytest.mark.parametrize("left", ["", "{", "[]", '{"pid": 1}', '{"pid": "x", "url": "", "door": "", "secret": "", "ready": true}', "\udcff"])
def test_a_file_without_its_lock_is_replaced(path: Path, left: str) -> None:
    path.write_bytes(left.encode("utf-8", "surrogateescape"))
    claimed = claim(path, alone=True)
    assert isinstance(claimed, Instance)
    claimed.announce("http://127.0.0.1:1/")
    record = read_record(path)
    assert record is not None
    assert not record.ready
    claimed.close()


def test_one_that_is_ending_is_waited_for(path: Path, door: Door, first: Instance) -> None:
    door.ending = True
    threading.Timer(0.2, first.close).start()
    claimed = claim(path, alone=True)
    assert isinstance(claimed, Instance)
    claimed.announce(door.url)
    claimed.close()


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/", "http://evil.example/", "file:///etc/passwd", "nonsense"])
def test_one_that_does_not_answer_is_named(path: Path, first: Instance, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "PATIENCE_S", 0.0)
    first.announce(address)
    with pytest.raises(StartError) as caught:
        claim(path, alone=True)
    record = read_record(path)
    assert record is not None
    assert (caught.value.key, caught.value.params) == ("running_silent", {"pid": record.pid})


def ask(door: Door, method: str, path: str, **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", int(door.url.rstrip("/").rpartition(":")[2]), timeout=10)
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    found = answer.status, answer.read().decode()
    connection.close()
    return found


def test_only_the_secret_brings_the_window_to_the_front(door: Door, first: Instance) -> None:
    shown: list[bool] = []

    def show() -> bool:
        shown.append(True)
        return True

    door.show = show
    assert ask(door, "POST", "/show")[0] == 403
    assert ask(door, "POST", "/show", **{SECRET_HEADER: "wrong"})[0] == 403
    assert ask(door, "POST", "/other", **{SECRET_HEADER: door.secret or ""})[0] == 403
    assert ask(door, "GET", "/show", **{SECRET_HEADER: door.secret or ""})[0] == 404
    assert shown == []
    assert ask(door, "POST", "/show", **{SECRET_HEADER: door.secret or ""})[0] == 200


@pytest.mark.parametrize("path", ["/", "/state", "/icon.svg"])
def test_a_rebound_name_is_no_name_of_this_computer(door: Door, path: str) -> None:
    assert ask(door, "GET", path)[0] == 200
    assert ask(door, "GET", path, Host="evil.example")[0] == 403
    assert ask(door, "POST", "/show", Host="evil.example", **{SECRET_HEADER: "x"})[0] == 403
