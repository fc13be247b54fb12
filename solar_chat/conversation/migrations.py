"""The schema, as the ordered steps that made it.

A step that was released is never edited; a change is a new step at the end. The names of applied steps are in the file itself, so a file from
a newer version is recognised by a name this version does not have, and left alone. Steps change tables only: search entries for old rows are
made by the store.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable

from solar_chat.conversation.database import Database
from solar_chat.errors import StoreError

Step = Callable[[sqlite3.Connection], None]


def _conversations(connection: sqlite3.Connection) -> None:
    # parent_id has no foreign key: deleting a long conversation would check it row by row. `Store.append` checks it instead.
    connection.execute(
        """
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
        )
        """
    )
    connection.execute("CREATE INDEX conversations_by_owner ON conversations (owner, updated_at, seq) WHERE deleted_at IS NULL")
    connection.execute(
        """
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
        )
        """
    )
    connection.execute("CREATE INDEX messages_by_parent ON messages (conversation_id, parent_id, seq)")
    connection.execute("CREATE INDEX messages_partial ON messages (seq) WHERE status = 'partial'")


def _search(connection: sqlite3.Connection) -> None:
    # The columns hold ready terms, separated by spaces. The ascii tokenizer takes every character beyond ASCII as part of a term, so Hangul and
    # emoji stay whole whatever Unicode version SQLite was built with; + and # keep C++ and C# apart from C.
    for table in ("message_index", "title_index"):
        connection.execute(f"CREATE VIRTUAL TABLE {table} USING fts5(morphemes, surface, tokenize = \"ascii tokenchars '+#'\")")


STEPS: tuple[tuple[str, Step], ...] = (
    ("001_conversations", _conversations),
    ("002_search", _search),
)


def migrate(database: Database) -> tuple[str, ...]:
    """Bring the file to the newest schema in one transaction; returns the names of the steps applied now.

    Raises StoreError `history_newer` for a file with unknown steps and `history_broken` for a database of something else; both stay untouched.
    """
    with database.connection() as connection:
        missing = _missing(connection, database)
        # Checked before the journal mode is set, because setting it writes to the file.
        connection.execute("PRAGMA journal_mode = WAL")
    if not missing:
        return ()
    with database.transaction() as connection:
        # Looked up again under the write lock: another window may have been faster.
        missing = _missing(connection, database)
        connection.execute("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied_at REAL NOT NULL)")
        for name, step in missing:
            step(connection)
            connection.execute("INSERT INTO migrations VALUES (?, ?)", (name, time.time()))
    return tuple(name for name, _ in missing)


def _missing(connection: sqlite3.Connection, database: Database) -> list[tuple[str, Step]]:
    tables = {row["name"] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if tables and "migrations" not in tables:
        raise StoreError("history_broken", path=database.path)
    applied = {row["name"] for row in connection.execute("SELECT name FROM migrations")} if tables else set()
    if applied - {name for name, _ in STEPS}:
        raise StoreError("history_newer", path=database.path)
    return [(name, step) for name, step in STEPS if name not in applied]
