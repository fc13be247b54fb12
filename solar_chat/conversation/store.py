"""The store: everything a person said and was answered, as trees of messages in SQLite.

A turn is on disk before anybody builds on it, nothing is ever overwritten by an older view, and a deleted conversation can be brought back until
it is purged. Methods that take an owner show nobody else's conversations; the others trust their caller to have asked `get` first. Not here:
what a message means, how long it may be, when a reply is done.
"""

from __future__ import annotations

import json
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from solar_chat.conversation.database import Database
from solar_chat.conversation.migrations import migrate
from solar_chat.conversation.records import UNCHANGED, Conversation, Hit, MessageStatus, StoredMessage, Unchanged
from solar_chat.conversation.search import Query, Tokenize, morpheme_terms, simple_tokens, snippet, surface_terms
from solar_chat.errors import StaleWrite, StoreError
from solar_chat.levels import Level
from solar_chat.messages import Role
from solar_chat.settings import ReplyChoice

# Inside `Store`, `list` is a method.
Messages = list[StoredMessage]
Hits = list[Hit]

_MESSAGE_COLUMNS = """
    m.id, m.conversation_id, m.parent_id, m.role, m.content, m.status, m.meta, m.created_at,
    (SELECT count(*) FROM messages s WHERE s.conversation_id = m.conversation_id AND s.parent_id IS m.parent_id AND s.seq <= m.seq) AS version,
    (SELECT count(*) FROM messages s WHERE s.conversation_id = m.conversation_id AND s.parent_id IS m.parent_id) AS versions
"""
# From the leaf up, one primary-key lookup a message, and no further than :limit (-1: to the root).
_BRANCH = f"""
    WITH RECURSIVE branch (seq, parent_id, height) AS (
        SELECT seq, parent_id, 0 FROM messages WHERE id = :leaf AND conversation_id = :conversation
        UNION ALL
        SELECT p.seq, p.parent_id, b.height + 1 FROM branch b CROSS JOIN messages p ON p.id = b.parent_id
        LIMIT :limit
    )
    SELECT {_MESSAGE_COLUMNS} FROM branch b CROSS JOIN messages m ON m.seq = b.seq ORDER BY b.height DESC
"""
# A child is always newer than its parent, so the newest message of a subtree has no children: it is the leaf last written to.
_NEWEST_BELOW = """
    WITH RECURSIVE below (id, seq) AS (
        SELECT id, seq FROM messages WHERE id = :message
        UNION ALL
        SELECT c.id, c.seq FROM below b CROSS JOIN messages c ON c.conversation_id = :conversation AND c.parent_id = b.id
    )
    SELECT id FROM below ORDER BY seq DESC LIMIT 1
"""


class Store:
    """Conversations in the SQLite file at `path`, which is made where it is missing (its folder must exist).

    `tokenize` turns text into morphemes for search, without particles and endings; without it, words and Hangul character pairs are used.
    `busy_timeout_s` is how long a write waits for another window. May be used from any thread; several stores may share one file.

    Every method may raise StoreError: `history_newer`, `history_broken`, `history_locked`, `history_unwritable`, `disk_full`,
    `history_closed`; and `conversation_missing` or `message_missing` for an id that is unknown (or somebody else's).
    """

    def __init__(
        self,
        path: Path,
        tokenize: Tokenize | None = None,
        *,
        clock: Callable[[], float] = time.time,
        busy_timeout_s: float = 5.0,
    ) -> None:
        self.file = path
        self._tokenize = tokenize
        self._clock = clock
        self._database = Database(path, busy_timeout_s)
        try:
            self._database.create_file()
            if migrate(self._database):
                self._index_missing()
        except BaseException:
            self._database.close()
            raise

    def close(self) -> None:
        """Close the file. The store cannot be used afterwards."""
        self._database.close()

    def copy_to(self, path: Path) -> None:
        """Write a whole copy of the file at `path`, where nothing may be yet."""
        with self._database.connection() as connection:
            connection.execute("VACUUM INTO ?", (str(path),))

    # Conversations

    def create(self, owner: str = "owner", title: str = "", level: Level | None = None, reply_language: ReplyChoice | None = None) -> Conversation:
        """A new, empty conversation."""
        now = self._clock()
        conversation_id = uuid.uuid4().hex
        title = _storable(title)
        terms = self._terms(title) if title else None
        with self._database.transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO conversations (id, owner, title, level, reply_language, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (conversation_id, owner, title, level, reply_language, now, now),
            )
            if terms:
                _write_terms(connection, "title_index", [(cursor.lastrowid or 0, *terms)])
        return Conversation(conversation_id, owner, title, level, reply_language, now, now, None, 0, None)

    def get(self, conversation_id: str, owner: str = "owner") -> Conversation:
        """One conversation of `owner`; a deleted one is missing like one that never was."""
        with self._database.connection() as connection:
            mine = "SELECT * FROM conversations WHERE id = ? AND owner = ? AND deleted_at IS NULL"
            return _conversation(_required(connection, mine, (conversation_id, owner), "conversation_missing", conversation_id))

    def list(self, owner: str = "owner", limit: int = 200) -> list[Conversation]:
        """The conversations of `owner`, last written first, without deleted ones."""
        with self._database.connection() as connection:
            rows = connection.execute(
                "SELECT * FROM conversations WHERE owner = ? AND deleted_at IS NULL ORDER BY updated_at DESC, seq DESC LIMIT ?", (owner, limit)
            ).fetchall()
        return [_conversation(row) for row in rows]

    def rename(self, conversation_id: str, title: str) -> Conversation:
        """Give a conversation another title; its place in the list and its revision stay."""
        title = _storable(title)
        terms = self._terms(title)
        with self._database.transaction() as connection:
            renaming = "UPDATE conversations SET title = ? WHERE id = ? RETURNING *"
            row = _required(connection, renaming, (title, conversation_id), "conversation_missing", conversation_id)
            _write_terms(connection, "title_index", [(row["seq"], *terms)])
        return _conversation(row)

    def set_options(
        self,
        conversation_id: str,
        *,
        level: Level | Unchanged | None = UNCHANGED,
        reply_language: ReplyChoice | Unchanged | None = UNCHANGED,
    ) -> Conversation:
        """Set what this conversation wants of replies; None goes back to the app's setting, `UNCHANGED` leaves it."""
        changes = {name: value for name, value in (("level", level), ("reply_language", reply_language)) if value is not UNCHANGED}
        # `id = id` keeps the statement whole where nothing changes; the names come from the line above, never from outside.
        assignments = ", ".join(["id = id", *(f"{name} = ?" for name in changes)])
        setting = f"UPDATE conversations SET {assignments} WHERE id = ? RETURNING *"
        with self._database.connection() as connection:
            return _conversation(_required(connection, setting, (*changes.values(), conversation_id), "conversation_missing", conversation_id))

    def delete(self, conversation_id: str) -> None:
        """Hide a conversation; `restore` brings it back until it is purged."""
        self._set_deleted(conversation_id, self._clock())

    def restore(self, conversation_id: str) -> None:
        """Bring a deleted conversation back."""
        self._set_deleted(conversation_id, None)

    def purge_deleted(self, older_than_s: float) -> int:
        """Remove for good what was deleted at least `older_than_s` seconds ago; returns how many conversations went.

        Nothing of their text stays in the file. Where any went, the search index is written anew: 0.1 ms a message that is kept.
        """
        doomed = "SELECT {column} FROM conversations WHERE deleted_at <= :before"
        values = {"before": self._clock() - older_than_s}
        with self._database.transaction() as connection:
            connection.execute(
                f"DELETE FROM message_index WHERE rowid IN (SELECT seq FROM messages WHERE conversation_id IN ({doomed.format(column='id')}))",
                values,
            )
            connection.execute(f"DELETE FROM title_index WHERE rowid IN ({doomed.format(column='seq')})", values)
            gone = connection.execute("DELETE FROM conversations WHERE deleted_at <= :before", values).rowcount
            for index in ("message_index", "title_index") if gone else ():
                # An index only notes that a row is gone and keeps its words until it is written anew.
                connection.execute(f"INSERT INTO {index} ({index}) VALUES ('optimize')")
        return gone

    # Messages

    def append(
        self,
        conversation_id: str,
        role: Role,
        content: str,
        parent_id: str | None,
        status: MessageStatus = "complete",
        meta: Mapping[str, object] | None = None,
        expected_revision: int | None = None,
    ) -> StoredMessage:
        """Add a message below `parent_id` (None: a first message) and make it the end of the active branch.

        The conversation's revision grows by one. Another child of the same parent is another version: of an answer, or of an edited question.
        Raises StaleWrite `stale_write` where `expected_revision` is not the conversation's; then nothing was changed.
        """
        now = self._clock()
        message_id = uuid.uuid4().hex
        content = _storable(content)
        with self._database.transaction() as connection:
            current = "SELECT revision FROM conversations WHERE id = ? AND deleted_at IS NULL"
            (revision,) = _required(connection, current, (conversation_id,), "conversation_missing", conversation_id)
            if expected_revision is not None and expected_revision != revision:
                raise StaleWrite("stale_write", expected=expected_revision, revision=revision)
            if parent_id is not None:
                parents = "SELECT 1 FROM messages WHERE id = ? AND conversation_id = ?"
                _required(connection, parents, (parent_id, conversation_id), "message_missing", parent_id)
            cursor = connection.execute(
                "INSERT INTO messages (id, conversation_id, parent_id, role, content, status, meta, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (message_id, conversation_id, parent_id, role, content, status, json.dumps(dict(meta or {})), now),
            )
            connection.execute(
                "UPDATE conversations SET leaf = ?, revision = revision + 1, updated_at = ? WHERE id = ?", (message_id, now, conversation_id)
            )
            row = _message_row(connection, message_id)
        if status != "partial":
            self._index_message(cursor.lastrowid or 0, content)
        return _message(row)

    def update(self, message_id: str, content: str, status: MessageStatus, meta: Mapping[str, object] | None = None) -> None:
        """Write what a reply has become: one UPDATE while it is `partial`; found by search once it is not. `meta` None keeps what is there.

        The revision stays: the message was already counted when it was appended.
        """
        content = _storable(content)
        writing = "UPDATE messages SET content = ?, status = ?, meta = coalesce(?, meta) WHERE id = ? RETURNING seq"
        values = (content, status, None if meta is None else json.dumps(dict(meta)), message_id)
        with self._database.connection() as connection:
            (seq,) = _required(connection, writing, values, "message_missing", message_id)
        if status != "partial":
            self._index_message(seq, content)

    def discard(self, message_id: str) -> bool:
        """Take back a message that nothing followed; its parent becomes the end of the branch. Returns False, and does nothing, otherwise."""
        with self._database.transaction() as connection:
            row = connection.execute(
                "DELETE FROM messages WHERE id = :id AND NOT EXISTS (SELECT 1 FROM messages WHERE parent_id = :id)"
                " RETURNING seq, conversation_id, parent_id",
                {"id": message_id},
            ).fetchone()
            if row is None:
                return False
            connection.execute("DELETE FROM message_index WHERE rowid = ?", (row["seq"],))
            connection.execute(
                "UPDATE conversations SET leaf = ?, revision = revision + 1 WHERE id = ? AND leaf = ?",
                (row["parent_id"], row["conversation_id"], message_id),
            )
        return True

    def message(self, message_id: str) -> StoredMessage:
        """One message."""
        with self._database.connection() as connection:
            return _message(_message_row(connection, message_id))

    def path(self, conversation_id: str, leaf_id: str | None = None) -> Messages:
        """The messages from the first one to `leaf_id`, or to the end of the active branch."""
        return self._branch(conversation_id, leaf_id, -1)

    def tail(self, conversation_id: str, limit: int, leaf_id: str | None = None) -> Messages:
        """The last `limit` messages up to `leaf_id` (None: of the active branch), oldest first; what lies before them is not read.

        There are earlier messages where the first one has a `parent_id`.
        """
        return self._branch(conversation_id, leaf_id, max(0, limit))

    def children(self, message_id: str) -> Messages:
        """The messages that follow `message_id`, oldest first: versions of each other."""
        with self._database.connection() as connection:
            message = _message_row(connection, message_id)
            return _versions(connection, message["conversation_id"], message["id"])

    def siblings(self, message_id: str) -> Messages:
        """All versions of `message_id`, itself included, oldest first."""
        with self._database.connection() as connection:
            message = _message_row(connection, message_id)
            return _versions(connection, message["conversation_id"], message["parent_id"])

    def select(self, message_id: str) -> Conversation:
        """Make the branch through `message_id` the active one, down to the leaf below it that was written last; the revision grows by one."""
        with self._database.transaction() as connection:
            message = _message_row(connection, message_id)
            values = {"message": message_id, "conversation": message["conversation_id"]}
            leaf = connection.execute(_NEWEST_BELOW, values).fetchone()["id"]
            selecting = "UPDATE conversations SET leaf = ?, revision = revision + 1 WHERE id = ? RETURNING *"
            row = _required(connection, selecting, (leaf, message["conversation_id"]), "conversation_missing", message["conversation_id"])
        return _conversation(row)

    # Search and recovery

    def search(self, owner: str, query: str, limit: int = 50) -> Hits:
        """Where the words of `query` occur in titles and messages of `owner`'s conversations, best first, titles before messages.

        All words must occur; case, the spacing of Korean and Korean particles do not matter. Any text is a valid query.
        """
        parsed = Query.parse(_storable(query), self._tokenize)
        hits: dict[tuple[str, str | None], Hit] = {}
        with self._database.connection() as connection:
            for number, expression in enumerate(parsed.expressions):
                if len(hits) >= limit or (hits and number >= parsed.sure):
                    break
                values = {"owner": owner, "match": expression, "limit": limit}
                for row in (*connection.execute(_TITLE_HITS, values), *connection.execute(_MESSAGE_HITS, values)):
                    hits.setdefault((row["conversation_id"], row["message_id"]), _hit(row, parsed.words))
        return list(hits.values())[:limit]

    def recover(self) -> int:
        """Call once at start: messages that a killed process left `partial` become `stopped`; returns how many. Search entries are completed."""
        with self._database.connection() as connection:
            stopped = connection.execute("UPDATE messages SET status = 'stopped' WHERE status = 'partial'").rowcount
        self._index_missing()
        return stopped

    def _set_deleted(self, conversation_id: str, deleted_at: float | None) -> None:
        with self._database.connection() as connection:
            changed = connection.execute("UPDATE conversations SET deleted_at = ? WHERE id = ?", (deleted_at, conversation_id)).rowcount
        if not changed:
            raise StoreError("conversation_missing", id=conversation_id)

    def _branch(self, conversation_id: str, leaf_id: str | None, limit: int) -> Messages:
        with self._database.connection() as connection:
            current = "SELECT leaf FROM conversations WHERE id = ?"
            (active,) = _required(connection, current, (conversation_id,), "conversation_missing", conversation_id)
            values = {"conversation": conversation_id, "leaf": leaf_id or active, "limit": limit}
            rows = connection.execute(_BRANCH, values).fetchall()
        if leaf_id is not None and not rows:
            raise StoreError("message_missing", id=leaf_id)
        return [_message(row) for row in rows]

    def _index_message(self, seq: int, content: str) -> None:
        # Apart from the write of the text itself: what was said is on disk whatever a tokenizer does, and no lock is held while it thinks.
        terms = self._terms(content)
        with self._database.transaction() as connection:
            _write_terms(connection, "message_index", [(seq, *terms)])

    def _index_missing(self) -> None:
        """Make the search entries that a migration or a killed process left out."""
        for table, source, text in (("message_index", "messages", "content"), ("title_index", "conversations", "title")):
            wanted = "t.status <> 'partial'" if source == "messages" else "t.title <> ''"
            with self._database.connection() as connection:
                rows = connection.execute(
                    f"SELECT t.seq, t.{text} AS text FROM {source} t WHERE {wanted} AND t.seq NOT IN (SELECT rowid FROM {table})"
                ).fetchall()
            if rows:
                terms = [(row["seq"], *self._terms(row["text"])) for row in rows]
                with self._database.transaction() as connection:
                    _write_terms(connection, table, terms)

    def _terms(self, text: str) -> tuple[str, str]:
        return " ".join(morpheme_terms(text, self._tokenize or simple_tokens)), " ".join(surface_terms(text))


_TITLE_HITS = """
    SELECT c.id AS conversation_id, c.title, NULL AS message_id, NULL AS role, c.title AS text, c.created_at
    FROM title_index i JOIN conversations c ON c.seq = i.rowid
    WHERE title_index MATCH :match AND c.owner = :owner AND c.deleted_at IS NULL
    ORDER BY bm25(title_index), c.updated_at DESC LIMIT :limit
"""
_MESSAGE_HITS = """
    SELECT c.id AS conversation_id, c.title, m.id AS message_id, m.role, m.content AS text, m.created_at
    FROM message_index i JOIN messages m ON m.seq = i.rowid JOIN conversations c ON c.id = m.conversation_id
    WHERE message_index MATCH :match AND c.owner = :owner AND c.deleted_at IS NULL
    ORDER BY bm25(message_index), m.seq DESC LIMIT :limit
"""


def _write_terms(connection: sqlite3.Connection, table: str, terms: Iterable[tuple[int, str, str]]) -> None:
    connection.executemany(f"INSERT OR REPLACE INTO {table} (rowid, morphemes, surface) VALUES (?, ?, ?)", terms)


def _required(connection: sqlite3.Connection, statement: str, values: tuple[object, ...], key: str, wanted: str) -> sqlite3.Row:
    """The one row of `statement`; StoreError `key` about `wanted` where there is none."""
    # Read to the end: an UPDATE ... RETURNING is only finished, and its lock given back, with its last row.
    rows: list[sqlite3.Row] = connection.execute(statement, values).fetchall()
    if not rows:
        raise StoreError(key, id=wanted)
    return rows[0]


def _message_row(connection: sqlite3.Connection, message_id: str) -> sqlite3.Row:
    return _required(connection, f"SELECT {_MESSAGE_COLUMNS} FROM messages m WHERE m.id = ?", (message_id,), "message_missing", message_id)


def _versions(connection: sqlite3.Connection, conversation_id: str, parent_id: str | None) -> list[StoredMessage]:
    rows = connection.execute(
        f"SELECT {_MESSAGE_COLUMNS} FROM messages m WHERE m.conversation_id = ? AND m.parent_id IS ? ORDER BY m.seq", (conversation_id, parent_id)
    )
    return [_message(row) for row in rows]


def _conversation(row: sqlite3.Row) -> Conversation:
    return Conversation(
        id=row["id"],
        owner=row["owner"],
        title=row["title"],
        level=row["level"],
        reply_language=row["reply_language"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        deleted_at=row["deleted_at"],
        revision=row["revision"],
        leaf=row["leaf"],
    )


def _message(row: sqlite3.Row) -> StoredMessage:
    return StoredMessage(
        id=row["id"],
        conversation_id=row["conversation_id"],
        parent_id=row["parent_id"],
        role=row["role"],
        content=row["content"],
        status=row["status"],
        meta=MappingProxyType(json.loads(row["meta"])),
        created_at=row["created_at"],
        version=row["version"],
        versions=row["versions"],
    )


def _hit(row: sqlite3.Row, words: tuple[str, ...]) -> Hit:
    text, start, end = snippet(row["text"], words)
    return Hit(row["conversation_id"], row["title"], row["message_id"], row["role"], text, start, end, row["created_at"])


def _storable(text: str) -> str:
    """`text` as UTF-8 can hold it: halves of surrogate pairs, which a browser may send, are joined or replaced."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
