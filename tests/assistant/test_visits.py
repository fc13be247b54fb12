"""Visitors: each one's own conversations and choices, nothing of the owner's, and an end that leaves nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from solar_chat.assistant import Assistant, Draft, Visits
from solar_chat.assistant.visits import IDLE_S, MOST_VISITS, TURNS_A_MINUTE
from solar_chat.engine import ScriptedBackend
from solar_chat.errors import InputError, ModelError, SolarChatError, StoreError
from tests.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def visits(assistant: Assistant, clock: Clock) -> Iterator[Visits]:
    made = Visits(assistant, clock=clock)
    yield made
    made.close()


def said(visits: Visits, token: str | None, backend: ScriptedBackend, text: str, reply: str) -> str:
    """Ask in a new conversation; its id."""
    visit = visits.get(token)
    backend.enqueue([reply])
    conversation = visit.store.create()
    list(visit.send(conversation.id, text))
    return conversation.id


def test_each_has_conversations_of_their_own(assistant: Assistant, visits: Visits, backend: ScriptedBackend) -> None:
    first, second = visits.enter(None), visits.enter(None)
    mine = said(visits, first.token, backend, "제 비밀은 사과입니다.", "알겠습니다.")
    own = assistant.store.create(title="주인의 대화")
    assert [conversation.id for conversation in first.store.list()] == [mine]
    assert second.store.list() == []
    assert [conversation.id for conversation in assistant.store.list()] == [own.id]
    for stranger in (second, assistant):
        with pytest.raises(StoreError, match="conversation_missing"):
            stranger.store.get(mine)
    with pytest.raises(StoreError, match="conversation_missing"):
        first.store.get(own.id)
    assert second.store.search("owner", "사과") == []
    assert len(first.store.search("owner", "사과")) > 0


def test_a_visit_is_found_by_its_pass_only(visits: Visits) -> None:
    first = visits.enter(None)
    assert visits.enter(first.token) is first
    assert visits.get(first.token) is first
    for guess in (None, "", "x", first.token[:-1]):
        with pytest.raises(SolarChatError, match="visit_over"):
            visits.get(guess)
    assert visits.enter("made up").token != "made up"
    assert len(first.token) >= 43


def test_choices_are_the_visitors_own(assistant: Assistant, visits: Visits) -> None:
    assistant.settings.update(level="plain", theme="dark")
    first, second = visits.enter(None), visits.enter(None)
    assert (first.settings.load().level, first.settings.load().theme) == ("formal", "system")
    first.settings.update(level="casual")
    assert first.settings.load().level == "casual"
    assert second.settings.load().level == "formal"
    assert assistant.settings.load().level == "plain"
    for name, value in {"model": "other", "temperature": 2.0, "max_reply_tokens": 4096, "seed": 1}.items():
        with pytest.raises(InputError, match="setting_unknown"):
            first.settings.update(**{name: value})


def test_a_visitor_has_no_way_to_what_is_the_owners(visits: Visits) -> None:
    visit = visits.enter(None)
    for name in ("start_loading", "start_download", "downloads", "remove_model", "drop_full_weights", "library", "home"):
        assert not hasattr(visit, name), name


def test_too_many_messages_have_to_wait(visits: Visits, backend: ScriptedBackend, clock: Clock) -> None:
    first, second = visits.enter(None), visits.enter(None)
    for number in range(TURNS_A_MINUTE):
        clock.now += 1
        said(visits, first.token, backend, f"{number}번 질문입니다.", "네.")
    conversation = first.store.create()
    with pytest.raises(InputError) as caught:
        list(first.send(conversation.id, "하나 더 묻겠습니다."))
    assert (caught.value.key, caught.value.params) == ("visit_too_fast", {"seconds": 49})
    # The question was not kept, and nobody else waits for it.
    assert first.store.get(conversation.id).leaf is None
    said(visits, second.token, backend, "저는 처음입니다.", "네.")
    clock.now += 49
    said(visits, first.token, backend, "이제 됩니까?", "네.")


def test_one_answer_at_a_time(visits: Visits, backend: ScriptedBackend) -> None:
    visit, other = visits.enter(None), visits.enter(None)
    backend.enqueue(["천천히 ", "말하고 ", "있습니다."], delay_s=0.2)
    conversation, second = visit.store.create(), visit.store.create()
    running = visit.send(conversation.id, "긴 이야기를 해 주세요.")
    while not isinstance(next(running), Draft):
        pass
    with pytest.raises(InputError, match="visit_answering"):
        list(visit.send(second.id, "이것도요."))
    # Closing one visitor's answer is Stop; another's is not touched by it.
    running.close()
    said(visits, other.token, backend, "저도 있습니다.", "네.")
    said(visits, visit.token, backend, "다시 묻습니다.", "네.")


def test_errors_name_nothing_of_the_owners(visits: Visits, backend: ScriptedBackend) -> None:
    visit = visits.enter(None)
    conversation = visit.store.create()
    backend.enqueue([], error=ModelError("model_file_broken", path="/home/owner/models/x", file="model.safetensors", reason="cut"))
    with pytest.raises(SolarChatError) as caught:
        list(visit.send(conversation.id, "안녕하세요?"))
    assert (caught.value.key, caught.value.params) == ("visit_failed", {})
    with pytest.raises(InputError, match="empty_message"):
        list(visit.send(conversation.id, "  "))


def test_the_state_of_the_model_names_no_path(assistant: Assistant, visits: Visits) -> None:
    assistant.start_loading("/home/owner/secret/model-folder")
    assistant.machine.start_loading("/home/owner/secret/model-folder", fall_back=False)
    with pytest.raises(SolarChatError):
        assistant.ready().result(30)
    state = visits.enter(None).load_state()
    assert "/" not in state.model
    assert (state.error, state.notice) == (None, None)


def test_what_was_said_is_gone_with_the_visit(assistant: Assistant, visits: Visits, backend: ScriptedBackend, clock: Clock) -> None:
    folder = assistant.home.visits
    gone, stays, left = visits.enter(None), visits.enter(None), visits.enter(None)
    for visit in (gone, stays, left):
        said(visits, visit.token, backend, "오래 두지 마세요.", "네.")
    assert len(list(folder.iterdir())) == 3
    assert all(oct(entry.stat().st_mode)[-3:] == "700" for entry in folder.iterdir())
    visits.leave(left.token)
    assert len(list(folder.iterdir())) == 2
    clock.now += IDLE_S
    visits.get(stays.token)
    clock.now += 1
    visits.enter(stays.token)
    assert len(list(folder.iterdir())) == 1
    with pytest.raises(SolarChatError, match="visit_over"):
        visits.get(gone.token)
    with pytest.raises(StoreError, match="history_closed"):
        gone.store.list()
    visits.close()
    assert not folder.exists()


def test_what_a_killed_process_left_is_gone_at_the_next_start(assistant: Assistant) -> None:
    left = assistant.home.visits / "abc"
    left.mkdir(parents=True)
    (left / "visit.sqlite3").write_bytes(b"x")
    Visits(assistant).close()
    assert not left.exists()


def test_a_full_house_says_so(visits: Visits, clock: Clock) -> None:
    for _ in range(MOST_VISITS):
        visits.enter(None)
    with pytest.raises(SolarChatError, match="visits_full"):
        visits.enter(None)
    clock.now += IDLE_S + 1
    visits.enter(None)
