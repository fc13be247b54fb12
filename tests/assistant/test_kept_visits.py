"""Visits that outlive their machine: found again by their pass after a restart, gone when they are ended, dropped when nobody comes back."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from solar_chat.assistant import Assistant, Visits
from solar_chat.assistant.kept_visits import KEPT_DAYS, KeptVisits
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


def test_what_a_visitor_deleted_is_not_kept_for_ever(
    assistant: Assistant, bucket: Path, backend: ScriptedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Visits(assistant)
    visit = before.enter(None)
    said(before, visit.token, backend, "안녕?", "안녕하세요.")
    deleted = said(before, visit.token, backend, "secretquestion", "네.")
    visit.store.delete(deleted)
    before.close()
    monkeypatch.setattr("solar_chat.assistant.visits.DELETED_KEPT_S", 0.0)
    after = Visits(assistant)
    assert len(after.enter(visit.token).store.list()) == 1
    after.close()
    (kept,) = bucket.iterdir()
    assert b"secretquestion" not in kept.read_bytes()


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


@pytest.mark.parametrize("kept", [b"SQLite format 3\x00 and no more", b"no database", b"", None])
def test_a_copy_that_cannot_be_read_locks_nobody_out(assistant: Assistant, bucket: Path, backend: ScriptedBackend, kept: bytes | None) -> None:
    before = Visits(assistant)
    visit = before.enter(None)
    said(before, visit.token, backend, "안녕?", "안녕하세요.")
    before.close()
    (copy,) = bucket.iterdir()
    whole = copy.read_bytes()
    copy.write_bytes(whole[: len(whole) // 2] if kept is None else kept)
    after = Visits(assistant)
    assert after.enter(visit.token).store.list() == []
    assert said(after, next(iter(after._stores())), backend, "안녕?", "안녕하세요.")
    after.close()


def test_a_bucket_that_is_gone_locks_nobody_out(
    assistant: Assistant, bucket: Path, backend: ScriptedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Visits(assistant)
    visit = before.enter(None)
    said(before, visit.token, backend, "안녕?", "안녕하세요.")
    before.close()
    after = Visits(assistant)

    def gone(*_args: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("solar_chat.assistant.kept_visits.shutil.copyfile", gone)
        assert after.enter(visit.token).store.list() == []
    after.close()


@pytest.mark.parametrize("token", ["../../history", "/etc/passwd", "\x00", "\ud800", "x" * 100_000])
def test_no_pass_leads_out_of_the_bucket(assistant: Assistant, bucket: Path, token: str) -> None:
    visits = Visits(assistant)
    assert visits.enter(token).token != token
    visits.close()


def test_a_visit_that_cannot_be_read_keeps_no_other_from_being_kept(assistant: Assistant, bucket: Path, backend: ScriptedBackend) -> None:
    visits = Visits(assistant)
    broken, fine = visits.enter(None), visits.enter(None)
    broken.store.close()
    said(visits, fine.token, backend, "안녕?", "안녕하세요.")
    visits.close()
    assert len(list(bucket.iterdir())) == 1


def test_what_another_machine_drops_meanwhile_stops_no_start(assistant: Assistant, bucket: Path) -> None:
    bucket.mkdir(parents=True)
    # Found by its name, and not there when it is looked at.
    (bucket / "gone.sqlite3").symlink_to(bucket / "nowhere")
    (bucket / "old.part").write_bytes(b"x")
    then = time.time() - (KEPT_DAYS + 1) * 86_400
    os.utime(bucket / "old.part", (then, then))
    Visits(assistant).close()
    assert [kept.name for kept in bucket.iterdir()] == ["gone.sqlite3"]


def test_half_a_copy_of_a_killed_process_goes_too(assistant: Assistant, bucket: Path) -> None:
    bucket.mkdir(parents=True)
    (bucket / "killed.part").write_bytes(b"x")
    then = time.time() - (KEPT_DAYS + 1) * 86_400
    os.utime(bucket / "killed.part", (then, then))
    Visits(assistant).close()
    assert list(bucket.iterdir()) == []


def test_what_grows_old_goes_without_a_restart(bucket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("solar_chat.assistant.kept_visits._DROP_EVERY_S", 0.0)
    kept = KeptVisits(bucket, dict, every_s=0.01)
    (bucket / "old.sqlite3").write_bytes(b"")
    then = time.time() - (KEPT_DAYS + 1) * 86_400
    os.utime(bucket / "old.sqlite3", (then, then))
    assert eventually(lambda: list(bucket.iterdir()) == [])
    kept.close()
