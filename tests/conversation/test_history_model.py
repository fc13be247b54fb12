"""The store against a model of it in a few lines, over random sequences of appends, edits, new versions and selections."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from solar_chat.conversation import Store, StoredMessage
from solar_chat.errors import StaleWrite


class Tree:
    """A conversation as a plain list of (id, parent, text), in the order of writing."""

    def __init__(self) -> None:
        self.nodes: list[tuple[str, str | None, str]] = []
        self.leaf: str | None = None
        self.revision = 0

    def add(self, message: StoredMessage) -> None:
        self.nodes.append((message.id, message.parent_id, message.content))
        self.leaf = message.id
        self.revision += 1

    def parent(self, node: str) -> str | None:
        return next(parent for id, parent, _ in self.nodes if id == node)

    def path(self, leaf: str | None) -> list[str]:
        return [] if leaf is None else [*self.path(self.parent(leaf)), leaf]

    def children(self, parent: str | None) -> list[str]:
        return [id for id, above, _ in self.nodes if above == parent]

    def select(self, node: str) -> None:
        self.leaf = [id for id, _, _ in self.nodes if node in self.path(id)][-1]
        self.revision += 1


class StoreMachine(RuleBasedStateMachine):
    messages: Bundle[str] = Bundle("messages")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.windows = [Store(self.folder / "history.sqlite3") for _ in range(2)]
        self.id = self.windows[0].create().id
        # A neighbour with the same shape of rows: nothing of it may show.
        self.windows[0].append(self.windows[0].create().id, "user", "이웃", None)
        self.tree = Tree()

    def teardown(self) -> None:
        for window in self.windows:
            window.close()
        shutil.rmtree(self.folder)

    @rule(target=messages, window=st.integers(0, 1), text=st.text(max_size=8))
    def say(self, window: int, text: str) -> str:
        message = self.windows[window].append(self.id, "assistant", text, self.tree.leaf, expected_revision=self.tree.revision)
        self.tree.add(message)
        return message.id

    @rule(target=messages, window=st.integers(0, 1), original=messages)
    def add_version(self, window: int, original: str) -> str:
        message = self.windows[window].append(self.id, "user", "고침", self.tree.parent(original))
        self.tree.add(message)
        return message.id

    @rule(window=st.integers(0, 1), message=messages)
    def select(self, window: int, message: str) -> None:
        self.tree.select(message)
        after = self.windows[window].select(message)
        assert (after.leaf, after.revision) == (self.tree.leaf, self.tree.revision)

    @rule(window=st.integers(0, 1), behind=st.integers(1, 3))
    def say_something_stale(self, window: int, behind: int) -> None:
        try:
            self.windows[window].append(self.id, "user", "낡음", None, expected_revision=self.tree.revision - behind)
        except StaleWrite:
            return
        raise AssertionError("a stale write was taken")

    @rule(window=st.integers(0, 1), message=messages, text=st.text(max_size=8))
    def write(self, window: int, message: str, text: str) -> None:
        self.windows[window].update(message, text, "complete")
        self.tree.nodes = [(id, parent, text if id == message else old) for id, parent, old in self.tree.nodes]

    @rule(message=messages)
    def look_aside(self, message: str) -> None:
        assert [each.id for each in self.windows[0].path(self.id, message)] == self.tree.path(message)
        assert [each.id for each in self.windows[1].children(message)] == self.tree.children(message)
        assert [each.id for each in self.windows[0].siblings(message)] == self.tree.children(self.tree.parent(message))

    @rule(limit=st.integers(0, 5))
    def look_at_the_end(self, limit: int) -> None:
        expected = self.tree.path(self.tree.leaf)
        assert [each.id for each in self.windows[1].tail(self.id, limit)] == expected[len(expected) - min(limit, len(expected)) :]

    @invariant()
    def both_windows_show_the_same(self) -> None:
        texts = {id: text for id, _, text in self.tree.nodes}
        expected = []
        for id in self.tree.path(self.tree.leaf):
            versions = self.tree.children(self.tree.parent(id))
            expected.append((id, texts[id], versions.index(id) + 1, len(versions)))
        for window in self.windows:
            assert [(each.id, each.content, each.version, each.versions) for each in window.path(self.id)] == expected
            conversation = window.get(self.id)
            assert (conversation.leaf, conversation.revision) == (self.tree.leaf, self.tree.revision)


TestStore = StoreMachine.TestCase
TestStore.settings = settings(max_examples=40, stateful_step_count=25)
