"""The store's promises one by one, on real files."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from solar_chat.conversation import Store, StoredMessage
from solar_chat.errors import StaleWrite, StoreError
from solar_chat.messages import Message


class Clock:
    """Time that moves when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    store = Store(tmp_path / "history.sqlite3", clock=clock)
    yield store
    store.close()


def contents(messages: list[StoredMessage]) -> list[str]:
    return [message.content for message in messages]


def dialogue(store: Store, conversation_id: str, *texts: str) -> list[StoredMessage]:
    """Append `texts` below each other, user first."""
    messages: list[StoredMessage] = []
    for index, text in enumerate(texts):
        parent = messages[-1].id if messages else None
        messages.append(store.append(conversation_id, "assistant" if index % 2 else "user", text, parent))
    return messages


def test_a_new_conversation_is_what_was_asked_for(store: Store) -> None:
    made = store.create("visitor", "제목", "polite", "ko")
    assert store.get(made.id, "visitor") == made
    assert (made.title, made.level, made.reply_language, made.created_at, made.revision, made.leaf) == ("제목", "polite", "ko", 1000.0, 0, None)
    assert store.path(made.id) == []
    assert store.tail(made.id, 5) == []


def test_nobody_sees_what_is_not_theirs(store: Store) -> None:
    mine = store.create("owner", "비밀 일기")
    dialogue(store, mine.id, "아무도 모르는 이야기")
    assert store.list("visitor") == []
    assert store.search("visitor", "이야기") == []
    assert store.search("visitor", "일기") == []
    with pytest.raises(StoreError, match="conversation_missing"):
        store.get(mine.id, "visitor")


def test_the_list_shows_what_was_written_last_first(store: Store, clock: Clock) -> None:
    first, second, third = (store.create(title=name) for name in ("a", "b", "c"))
    clock.now += 1
    store.append(first.id, "user", "다시", None)
    assert [each.id for each in store.list()] == [first.id, third.id, second.id]
    assert [each.id for each in store.list(limit=1)] == [first.id]


def test_renaming_keeps_place_and_revision_and_is_found(store: Store, clock: Clock) -> None:
    old = store.create(title="옛날 이름")
    new = store.create(title="다른 대화")
    clock.now += 5
    renamed = store.rename(old.id, "여행 계획")
    assert (renamed.title, renamed.revision, renamed.updated_at) == ("여행 계획", 0, 1000.0)
    assert [each.id for each in store.list()] == [new.id, old.id]
    assert [hit.conversation_id for hit in store.search("owner", "여행")] == [old.id]
    assert store.search("owner", "옛날") == []


def test_options_can_be_set_left_and_taken_back(store: Store) -> None:
    made = store.create(level="casual", reply_language="en")
    assert store.set_options(made.id, level="plain").reply_language == "en"
    assert store.set_options(made.id, reply_language=None).level == "plain"
    after = store.get(made.id)
    assert (after.level, after.reply_language) == ("plain", None)
    assert store.set_options(made.id) == after


def test_a_deleted_conversation_comes_back_until_it_is_purged(store: Store, clock: Clock) -> None:
    made = store.create(title="지울 대화")
    dialogue(store, made.id, "질문", "대답")
    store.delete(made.id)
    assert store.list() == []
    assert store.search("owner", "대답") == []
    with pytest.raises(StoreError, match="conversation_missing"):
        store.get(made.id)
    with pytest.raises(StoreError, match="conversation_missing"):
        store.append(made.id, "user", "더", None)
    store.restore(made.id)
    assert contents(store.path(made.id)) == ["질문", "대답"]
    assert len(store.search("owner", "대답")) == 1

    store.delete(made.id)
    clock.now += 59
    assert store.purge_deleted(60) == 0
    clock.now += 1
    assert store.purge_deleted(60) == 1
    with pytest.raises(StoreError, match="conversation_missing"):
        store.restore(made.id)
    with sqlite3.connect(store.file) as connection:
        for table in ("conversations", "messages", "message_index", "title_index"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
    connection.close()


def test_nothing_of_a_purged_conversation_stays_in_the_file(store: Store) -> None:
    kept, doomed = store.create(title="남을 대화"), store.create(title="감출 제목 secrettitle")
    dialogue(store, kept.id, "남을 질문", "남을 대답")
    dialogue(store, doomed.id, "감출 질문 secretquestion", "감출 대답 secretreply")
    store.delete(doomed.id)
    store.purge_deleted(0)
    assert len(store.search("owner", "남을")) == 3
    store.close()
    left = store.file.read_bytes()
    assert [word for word in ("감출", "secrettitle", "secretquestion", "secretreply") if word.encode() in left] == []


def test_a_turn_is_kept_with_everything(store: Store, clock: Clock) -> None:
    made = store.create()
    asked = store.append(made.id, "user", "안녕?", None, meta={"language": "ko"})
    clock.now += 2
    answer = store.append(made.id, "assistant", "안녕하십니까.", asked.id, "stopped", {"original": "안녕하세요.", "repairs": [1, 2]})
    assert store.path(made.id) == [asked, answer]
    assert answer.meta == {"original": "안녕하세요.", "repairs": [1, 2]}
    assert (answer.parent_id, answer.role, answer.status, answer.created_at) == (asked.id, "assistant", "stopped", 1002.0)
    assert answer.message == Message("assistant", "안녕하십니까.")
    after = store.get(made.id)
    assert (after.revision, after.leaf, after.updated_at) == (2, answer.id, 1002.0)


def test_generating_writes_in_place(store: Store) -> None:
    made = store.create()
    asked = store.append(made.id, "user", "질문", None)
    reply = store.append(made.id, "assistant", "", asked.id, "partial", {"model": "starter"})
    store.update(reply.id, "서울은", "partial")
    assert store.search("owner", "서울") == []
    store.update(reply.id, "서울은 수도입니다.", "complete")
    assert store.message(reply.id).meta == {"model": "starter"}
    store.update(reply.id, "부산은 항구입니다.", "complete", {"original": "서울"})
    kept = store.message(reply.id)
    assert (kept.content, kept.status, kept.meta) == ("부산은 항구입니다.", "complete", {"original": "서울"})
    assert store.get(made.id).revision == 2
    assert [hit.message_id for hit in store.search("owner", "항구")] == [reply.id]
    assert store.search("owner", "수도") == []


def test_versions_of_an_answer_are_siblings(store: Store) -> None:
    made = store.create()
    asked, first = dialogue(store, made.id, "질문", "대답 1")
    second = store.append(made.id, "assistant", "대답 2", asked.id)
    assert (second.version, second.versions) == (2, 2)
    assert contents(store.path(made.id)) == ["질문", "대답 2"]
    assert [(each.content, each.version, each.versions) for each in store.siblings(first.id)] == [("대답 1", 1, 2), ("대답 2", 2, 2)]
    assert store.children(asked.id) == store.siblings(second.id)
    assert contents(store.path(made.id, first.id)) == ["질문", "대답 1"]

    before = store.get(made.id).revision
    selected = store.select(first.id)
    assert (selected.leaf, selected.revision) == (first.id, before + 1)
    assert contents(store.path(made.id)) == ["질문", "대답 1"]


def test_an_edited_first_question_is_a_sibling_without_parent(store: Store) -> None:
    made, other = store.create(), store.create()
    dialogue(store, other.id, "남의 첫 질문")
    first, _ = dialogue(store, made.id, "처음", "대답")
    edited = store.append(made.id, "user", "고침", None)
    assert (edited.version, edited.versions) == (2, 2)
    assert contents(store.siblings(first.id)) == ["처음", "고침"]
    assert contents(store.path(made.id)) == ["고침"]


def test_selecting_goes_down_to_the_leaf_written_last(store: Store) -> None:
    made = store.create()
    top, left = dialogue(store, made.id, "질문", "왼쪽")
    right = store.append(made.id, "assistant", "오른쪽", top.id)
    store.append(made.id, "user", "오른쪽 아래", right.id)
    deep = store.append(made.id, "user", "왼쪽 아래", left.id)
    store.append(made.id, "user", "다른 첫 질문", None)
    assert store.select(top.id).leaf == deep.id
    assert contents(store.path(made.id)) == ["질문", "왼쪽", "왼쪽 아래"]
    store.select(right.id)
    assert contents(store.path(made.id)) == ["질문", "오른쪽", "오른쪽 아래"]


def test_unknown_ids_are_named(store: Store) -> None:
    made, other = store.create(), store.create()
    (foreign,) = dialogue(store, other.id, "남의 것")
    with pytest.raises(StoreError, match=r"message_missing \(id=nothing\)"):
        store.append(made.id, "user", "?", "nothing")
    with pytest.raises(StoreError, match="message_missing"):
        store.append(made.id, "user", "?", foreign.id)
    with pytest.raises(StoreError, match="message_missing"):
        store.path(made.id, foreign.id)
    for use in (store.message, store.children, store.siblings, store.select):
        with pytest.raises(StoreError, match="message_missing"):
            use("nothing")
    with pytest.raises(StoreError, match="message_missing"):
        store.update("nothing", "", "complete")
    for use_conversation in (store.get, store.path, store.delete, store.restore, store.set_options):
        with pytest.raises(StoreError, match="conversation_missing"):
            use_conversation("nothing")
    with pytest.raises(StoreError, match="conversation_missing"):
        store.rename("nothing", "x")
    with pytest.raises(StoreError, match="conversation_missing"):
        store.tail("nothing", 3)
    assert store.get(made.id).revision == 0


def test_a_refused_write_changes_nothing(store: Store) -> None:
    made = store.create()
    dialogue(store, made.id, "하나", "둘")
    before = store.get(made.id), store.path(made.id)
    with pytest.raises(StaleWrite, match="stale_write"):
        store.append(made.id, "user", "늦은 말", before[1][-1].id, expected_revision=1)
    assert (store.get(made.id), store.path(made.id)) == before
    assert store.append(made.id, "user", "제때", before[1][-1].id, expected_revision=2).content == "제때"


def test_two_windows_lose_no_turn(tmp_path: Path) -> None:
    one, two = Store(tmp_path / "shared.sqlite3"), Store(tmp_path / "shared.sqlite3")
    made = one.create()
    first = one.append(made.id, "user", "창 1의 질문", None, expected_revision=0)
    seen_by_two = two.get(made.id).revision
    reply = one.append(made.id, "assistant", "", first.id, "partial", expected_revision=1)
    with pytest.raises(StaleWrite):
        two.append(made.id, "user", "창 2의 낡은 질문", first.id, expected_revision=seen_by_two)
    one.update(reply.id, "대답", "complete")
    current = two.get(made.id)
    assert current.leaf == reply.id
    two.append(made.id, "user", "창 2의 다음 질문", current.leaf, expected_revision=current.revision)
    # The first window, still on its own idea of the conversation, is told instead of winning.
    with pytest.raises(StaleWrite):
        one.append(made.id, "user", "창 1의 낡은 질문", reply.id, expected_revision=2)
    assert contents(one.path(made.id)) == contents(two.path(made.id)) == ["창 1의 질문", "대답", "창 2의 다음 질문"]
    assert contents(one.children(reply.id)) == ["창 2의 다음 질문"]
    two.select(first.id)
    with pytest.raises(StaleWrite):
        one.append(made.id, "user", "다른 가지에서", reply.id, expected_revision=3)
    one.close()
    two.close()


def test_many_threads_write_at_once(tmp_path: Path) -> None:
    stores = [Store(tmp_path / "busy.sqlite3") for _ in range(2)]
    made = stores[0].create()
    root = stores[0].append(made.id, "user", "뿌리", None)
    failures: list[Exception] = []

    def write(number: int) -> None:
        try:
            for turn in range(10):
                stores[number % 2].append(made.id, "assistant", f"{number}-{turn}", root.id)
        except Exception as error:  # a thread's failure must reach the test
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert stores[1].get(made.id).revision == 61
    assert sorted(contents(stores[1].children(root.id))) == sorted(f"{number}-{turn}" for number in range(6) for turn in range(10))
    for store in stores:
        store.close()


def test_any_text_can_be_kept(store: Store) -> None:
    made = store.create(title="짝 없는 \ud83d 반쪽")
    kept = store.append(made.id, "user", "\ud83d\ude00 \udc00 \0 끝", None, meta={"raw": "\ud800"})
    assert kept.content == "😀 \ufffd \0 끝"
    assert store.path(made.id)[0].meta == {"raw": "\ud800"}
    assert store.get(made.id).title == "짝 없는 \ufffd 반쪽"


@pytest.mark.parametrize("length", [40, 2000])
def test_the_tail_does_not_read_the_history(tmp_path: Path, length: int) -> None:
    """The number of SQLite's own steps for the last 30 messages is the same at every length."""
    store = Store(tmp_path / "long.sqlite3")
    made = store.create()
    with store._database.transaction() as connection:
        connection.executemany(
            "INSERT INTO messages (id, conversation_id, parent_id, role, content, status, created_at) VALUES (?, ?, ?, 'user', ?, 'complete', 0)",
            [(f"m{number}", made.id, f"m{number - 1}" if number else None, f"말 {number}") for number in range(length)],
        )
        connection.execute("UPDATE conversations SET leaf = ?", (f"m{length - 1}",))
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    with store._database.connection() as connection:
        connection.set_progress_handler(count, 1)
    tail = store.tail(made.id, 30)
    tail_steps, steps = steps, 0
    assert contents(tail) == [f"말 {number}" for number in range(length - 30, length)]
    assert tail[0].parent_id == f"m{length - 31}"
    assert len(store.path(made.id)) == length
    # Measured with SQLite 3.40: 2,643 steps at both lengths; the whole path of 2,000 messages takes 174,000.
    assert tail_steps < 4000
    assert (steps > 20 * tail_steps) == (length == 2000)
    store.close()
