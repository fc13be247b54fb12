"""Visits that outlive their machine: found again by their pass after a restart, gone when they are ended, dropped when nobody comes back."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from solar_chat.assistant import Assistant, Visits
from solar_chat.assistant.kept_visits import KEPT_DAYS
from solar_chat.engine import ScriptedBackend
from tests.assistant.test_visits import said
from tests.ui.house import eventually


@pytest.fixture
def bucket(assistant: Assistant, tmp_path: Path) -> Path:
    assistant.home = replace(assistant.home, bucket=tmp_path / "bucket")
    return tmp_path / "bucket" / "visits"


def test_a_visit_is_found_again_on_a_new_machine(assistant: Assistant, bucket: Path, backend: ScriptedBackend) -> None:
    before = Visits(assistant)
    visit = before.enter(None)
    conversation = said(before, visit.token, backend, "사과를 기억해 주세요.", "기억하겠습니다.")
    before.close()
    (kept,) = bucket.iterdir()
    assert visit.token not in kept.name
    after = Visits(assistant)
    assert after.enter("somebody-elses-pass").store.list() == []
    again = after.enter(visit.token)
    assert again.token == visit.token
    assert [message.content for message in again.store.path(conversation)] == ["사과를 기억해 주세요.", "기억하겠습니다."]
    assert again.store.search("owner", "사과")
    after.leave(visit.token)
    after.close()
    assert list(bucket.iterdir()) == []


def test_a_change_is_kept_while_the_visit_goes_on(assistant: Assistant, bucket: Path, backend: ScriptedBackend) -> None:
    visits = Visits(assistant)
    visit = visits.enter(None)
    # Nothing was said, so nothing is kept.
    visits.enter(None)
    said(visits, visit.token, backend, "안녕?", "안녕하세요.")
    assert eventually(lambda: len(list(bucket.glob("*.sqlite3"))) == 1)
    visits.leave(visit.token)
    visits.close()
    assert list(bucket.iterdir()) == []


def test_what_nobody_came_back_to_goes(assistant: Assistant, bucket: Path) -> None:
    bucket.mkdir(parents=True)
    for name, days in (("old", KEPT_DAYS + 1), ("new", KEPT_DAYS - 1)):
        (bucket / f"{name}.sqlite3").write_bytes(b"")
        then = time.time() - days * 86_400
        os.utime(bucket / f"{name}.sqlite3", (then, then))
    Visits(assistant).close()
    assert [kept.name for kept in bucket.iterdir()] == ["new.sqlite3"]


def test_a_bucket_that_is_full_ends_no_visit(assistant: Assistant, bucket: Path, backend: ScriptedBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    visits = Visits(assistant)
    visit = visits.enter(None)
    said(visits, visit.token, backend, "안녕?", "안녕하세요.")

    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("solar_chat.assistant.kept_visits.shutil.copyfile", full)
    visits.close()
    assert list(bucket.iterdir()) == []
