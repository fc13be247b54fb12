"""The file under the store: old and new versions, damage, full disks, locks, killed processes."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from solar_chat.conversation import Store
from solar_chat.conversation.migrations import STEPS
from solar_chat.errors import StoreError

# The file as the first version made it, before there was a search. Never edited: it is what people's disks hold.
SCHEMA_1 = """
CREATE TABLE migrations (name TEXT PRIMARY KEY, applied_at REAL NOT NULL);
INSERT INTO migrations VALUES ('001_conversations', 1700000000.0);
CREATE TABLE conversations (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    title TEXT NOT NULL,
    level TEXT,
    reply_language TEXT,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    deleted_at REAL,
    revision INTEGER NOT NULL DEFAULT 0,
    leaf TEXT
);
CREATE INDEX conversations_by_owner ON conversations (owner, updated_at, seq) WHERE deleted_at IS NULL;
CREATE TABLE messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    parent_id TEXT,
    role TEXT NOT NULL,
    content TEXT NOT NULL,
    status TEXT NOT NULL,
    meta TEXT NOT NULL DEFAULT '{}',
    created_at REAL NOT NULL
);
CREATE INDEX messages_by_parent ON messages (conversation_id, parent_id, seq);
CREATE INDEX messages_partial ON messages (seq) WHERE status = 'partial';
INSERT INTO conversations (id, owner, title, created_at, updated_at, revision, leaf) VALUES ('c', 'owner', '옛 대화', 1.5, 2.5, 2, 'b');
INSERT INTO messages (id, conversation_id, parent_id, role, content, status, created_at) VALUES
    ('a', 'c', NULL, 'user', '컴퓨터를 어떻게 켭니까?', 'complete', 1.5),
    ('b', 'c', 'a', 'assistant', '단추를 누르십시오.', 'partial', 2.5);
"""


def write_database(file: Path, script: str) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(script)


def schema(file: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(file)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").fetchall()
    return [(name, " ".join(sql.split()).replace("( ", "(").replace(" )", ")")) for name, sql in rows]


def test_the_oldest_file_becomes_the_newest(tmp_path: Path) -> None:
    write_database(tmp_path / "old.sqlite3", SCHEMA_1)
    store = Store(tmp_path / "old.sqlite3")
    assert [(each.id, each.content, each.version, each.versions) for each in store.path("c")] == [
        ("a", "컴퓨터를 어떻게 켭니까?", 1, 1),
        ("b", "단추를 누르십시오.", 1, 1),
    ]
    assert [hit.message_id for hit in store.search("owner", "컴퓨터가")] == ["a"]
    assert [hit.message_id for hit in store.search("owner", "옛 대화")] == [None]
    assert store.recover() == 1
    assert [hit.message_id for hit in store.search("owner", "단추")] == ["b"]
    store.close()
    Store(tmp_path / "new.sqlite3").close()
    ignored = "CREATE TABLE IF NOT EXISTS "
    assert [name for name, _ in schema(tmp_path / "old.sqlite3")] == [name for name, _ in schema(tmp_path / "new.sqlite3")]
    assert [sql.replace(ignored, "CREATE TABLE ") for _, sql in schema(tmp_path / "old.sqlite3")] == [
        sql.replace(ignored, "CREATE TABLE ") for _, sql in schema(tmp_path / "new.sqlite3")
    ]


def test_opening_again_applies_nothing_twice(tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite3"
    Store(file).close()
    Store(file).close()
    with closing(sqlite3.connect(file)) as connection:
        assert [name for (name,) in connection.execute("SELECT name FROM migrations ORDER BY name")] == [name for name, _ in STEPS]
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_only_its_owner_reads_the_file(tmp_path: Path) -> None:
    store = Store(tmp_path / "history.sqlite3")
    store.create()
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert modes == {"history.sqlite3": 0o600, "history.sqlite3-wal": 0o600, "history.sqlite3-shm": 0o600}
    store.close()


def test_a_file_from_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "newer.sqlite3"
    write_database(file, SCHEMA_1 + "INSERT INTO migrations VALUES ('999_from_the_future', 0);")
    before = file.read_bytes()
    with pytest.raises(StoreError) as caught:
        Store(file)
    assert (caught.value.key, caught.value.params) == ("history_newer", {"path": file})
    assert file.read_bytes() == before


@pytest.mark.parametrize("damage", ["noise", "header", "cut", "other"])
def test_a_broken_file_is_reported_and_kept(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "broken.sqlite3"
    if damage == "other":
        write_database(file, "CREATE TABLE bookmarks (url TEXT); INSERT INTO bookmarks VALUES ('https://example.org');")
    else:
        store = Store(file)
        made = store.create()
        for number in range(30):
            store.append(made.id, "user", f"소중한 말 {number}" * 50, None)
        store.close()
    whole = file.read_bytes()
    if damage == "noise":
        file.write_bytes(bytes(range(256)) * 32)
    elif damage == "header":
        file.write_bytes(whole[:100] + bytes(4096 - 100) + whole[4096:])
    elif damage == "cut":
        file.write_bytes(whole[: len(whole) // 2 // 4096 * 4096])
    before = file.read_bytes()
    with pytest.raises(StoreError) as caught:  # noqa: PT012, damage in the middle of a file shows when that page is read
        store = Store(file)
        try:
            store.path(made.id)
        finally:
            store.close()
    assert (caught.value.key, caught.value.params) == ("history_broken", {"path": file})
    assert file.read_bytes() == before


def test_a_full_disk_is_said_and_loses_nothing_written(tmp_path: Path) -> None:
    file = tmp_path / "full.sqlite3"
    store = Store(file)
    made = store.create()
    asked = store.append(made.id, "user", "질문", None)
    reply = store.append(made.id, "assistant", "", asked.id, "partial")
    with store._database.connection() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(StoreError) as caught:
        store.update(reply.id, "긴 대답 " * 20_000, "complete")
    assert (caught.value.key, caught.value.params) == ("disk_full", {"path": file})
    with pytest.raises(StoreError, match="disk_full"):
        store.append(made.id, "user", "긴 질문 " * 20_000, reply.id)
    assert [(each.content, each.status) for each in store.path(made.id)] == [("질문", "complete"), ("", "partial")]
    assert store.get(made.id).revision == 2
    with store._database.connection() as connection:
        connection.execute("PRAGMA max_page_count = 100000")
    store.update(reply.id, "이제 됩니다.", "complete")
    assert store.path(made.id)[-1].content == "이제 됩니다."
    store.close()


def test_a_locked_file_is_said(tmp_path: Path) -> None:
    file = tmp_path / "locked.sqlite3"
    store = Store(file, busy_timeout_s=0.05)
    made = store.create()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError) as caught:
            store.append(made.id, "user", "질문", None)
        assert (caught.value.key, caught.value.params) == ("history_locked", {"path": file})
        assert store.path(made.id) == []
        other.execute("ROLLBACK")
    store.append(made.id, "user", "질문", None)
    assert len(store.path(made.id)) == 1
    store.close()


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="history_unwritable"):
        Store(tmp_path / "no such folder" / "history.sqlite3")
    with pytest.raises(StoreError, match="history_unwritable"):
        Store(tmp_path)


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = Store(tmp_path / "history.sqlite3")
    store.close()
    with pytest.raises(StoreError, match="history_closed"):
        store.list()


GENERATING = """
import sys
from pathlib import Path
from solar_chat.conversation import Store

store = Store(Path(sys.argv[1]))
made = store.create(title="대화")
asked = store.append(made.id, "user", "길게 말해 줘", None)
reply = store.append(made.id, "assistant", "", asked.id, "partial")
text = ""
for number in range(100_000):
    text += f"낱말{number} "
    store.update(reply.id, text, "partial")
    print(number, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_killed_process_loses_only_what_was_not_written(tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite3"
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", GENERATING, str(file)], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(root)}
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= 200:
                process.send_signal(signal.SIGKILL)
                break
        written = [int(line), *map(int, process.stdout.read().split())]
    assert process.returncode == -signal.SIGKILL

    store = Store(file)
    (made,) = store.list()
    reply = store.path(made.id)[-1]
    words = reply.content.split()
    assert reply.status == "partial"
    # Every update that was reported is there; the one after it may be.
    assert words == [f"낱말{number}" for number in range(len(words))]
    assert len(words) in (written[-1] + 1, written[-1] + 2)
    assert store.recover() == 1
    stopped = store.message(reply.id)
    assert (stopped.status, stopped.content) == ("stopped", reply.content)
    assert [hit.message_id for hit in store.search("owner", "낱말7")] == [reply.id]
    assert store.recover() == 0
    store.close()
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
