"""Stored turns: what stands in the history after an answer, a Stop, a failure, an edit and a regeneration."""

from __future__ import annotations

import threading
from contextlib import closing

import pytest

from solar_chat.assistant import Answer, Assistant, Draft, Halt, Reading, Saved
from solar_chat.assistant.events import Waiting
from solar_chat.conversation import Store
from solar_chat.engine import ScriptedBackend
from solar_chat.errors import ModelError, StaleWrite


@pytest.fixture
def conversation(assistant: Assistant) -> str:
    return assistant.store.create().id


def contents(assistant: Assistant, conversation: str) -> list[tuple[str, str, str]]:
    return [(message.role, message.content, message.status) for message in assistant.store.path(conversation)]


def test_question_and_answer_are_stored(assistant: Assistant, backend: ScriptedBackend, conversation: str) -> None:
    backend.enqueue(["반갑", "습니다."])
    events = list(assistant.send(conversation, "안녕하세요, 처음 뵙겠습니다"))
    assert isinstance(events[0], Saved)
    assert isinstance(events[-1], Saved)
    assert isinstance(events[-2], Answer)
    assert contents(assistant, conversation) == [("user", "안녕하세요, 처음 뵙겠습니다", "complete"), ("assistant", "반갑습니다.", "complete")]
    reply = events[-1].message
    assert reply.meta["level"] == "formal"
    assert reply.meta["language_reason"] == "message"
    assert assistant.store.get(conversation).title == "안녕하세요, 처음 뵙겠습니다"


def test_the_next_turn_sees_the_one_before(assistant: Assistant, backend: ScriptedBackend, conversation: str) -> None:
    backend.enqueue(["하나입니다."])
    backend.enqueue(["둘입니다."])
    list(assistant.send(conversation, "첫째는?"))
    list(assistant.send(conversation, "둘째는?"))
    assert "<|user|>첫째는?<|end|><|assistant|>하나입니다.<|end|><|user|>둘째는?<|end|>" in backend.requests[1].prompt


def test_stop_keeps_what_was_said(assistant: Assistant, backend: ScriptedBackend, conversation: str) -> None:
    backend.enqueue(["하나. ", "둘. ", *["셋. "] * 50], delay_s=0.02)
    events = assistant.send(conversation, "세어 봐")
    drafts = 0
    for event in events:
        drafts += isinstance(event, Draft)
        if drafts == 3:
            break
    events.close()
    role, content, status = contents(assistant, conversation)[-1]
    assert (role, status) == ("assistant", "stopped")
    assert content.startswith("하나. 둘.")
    assert content.count("셋") < 10


def test_stop_while_a_model_loads(assistant: Assistant, conversation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    loads, coming = threading.Event(), ScriptedBackend(["네, 있습니다."])

    def load(*_: object, **__: object) -> ScriptedBackend:
        assert loads.wait(20)
        return coming

    monkeypatch.setattr("solar_chat.assistant.switching.check_model", lambda *_: None)
    monkeypatch.setattr("solar_chat.assistant.switching.load_model", load)
    assistant.start_loading("starter")
    events = assistant.send(conversation, "안녕?")
    assert isinstance(next(events), Saved)
    assert isinstance(next(events), Waiting)
    # Long before the model is there.
    events.close()
    assert contents(assistant, conversation) == [("user", "안녕?", "complete"), ("assistant", "", "stopped")]
    again = assistant.send(conversation, "거기 있어?")
    assert [type(next(again)), type(next(again))] == [Saved, Waiting]
    loads.set()
    assert isinstance(list(again)[-1], Saved)
    assert contents(assistant, conversation)[2:] == [("user", "거기 있어?", "complete"), ("assistant", "네, 있습니다.", "complete")]
    assert "<|user|>안녕?\n\n거기 있어?<|end|><|assistant|>" in coming.requests[-1].prompt


def test_a_stop_is_heard_while_the_model_is_silent(assistant: Assistant, backend: ScriptedBackend, conversation: str) -> None:
    backend.enqueue(["네."], delay_s=600)
    halt, reading = Halt(), threading.Event()

    def ask() -> None:
        for event in assistant.send(conversation, "거기 있어?", halt=halt):
            if isinstance(event, Reading):
                reading.set()

    asking = threading.Thread(target=ask)
    asking.start()
    assert reading.wait(30)
    halt()
    asking.join(30)
    assert not asking.is_alive()
    assert contents(assistant, conversation) == [("user", "거기 있어?", "complete"), ("assistant", "", "stopped")]


def test_a_stop_that_came_before_the_turn_ends_it(assistant: Assistant, backend: ScriptedBackend, conversation: str) -> None:
    backend.enqueue(["네. "] * 50)
    halt = Halt()
    halt()
    list(assistant.send(conversation, "안녕?", halt=halt))
    assert contents(assistant, conversation) == [("user", "안녕?", "complete"), ("assistant", "", "stopped")]


def test_stop_at_once_keeps_the_question(assistant: Assistant, conversation: str) -> None:
    events = assistant.send(conversation, "안녕?")
    next(events)
    events.close()
    assert contents(assistant, conversation) == [("user", "안녕?", "complete"), ("assistant", "", "stopped")]


def test_a_question_that_was_stopped_early_is_asked_again(assistant: Assistant, backend: ScriptedBackend, conversation: str) -> None:
    events = assistant.send(conversation, "안녕?")
    next(events)
    events.close()
    question, unanswered = assistant.store.path(conversation)
    again = assistant.regenerate(conversation, unanswered.id)
    next(again)
    again.close()
    assert [message.id for message in assistant.store.path(conversation)] == [question.id, unanswered.id]
    backend.enqueue(["안녕하십니까?"])
    list(assistant.regenerate(conversation, unanswered.id))
    assert contents(assistant, conversation) == [("user", "안녕?", "complete"), ("assistant", "안녕하십니까?", "complete")]
    backend.enqueue(["반갑습니다."])
    list(assistant.edit(conversation, question.id, "반가워."))
    assert contents(assistant, conversation) == [("user", "반가워.", "complete"), ("assistant", "반갑습니다.", "complete")]


def test_a_process_that_ends_before_an_answer_came_says_so_at_the_next_start(assistant: Assistant, conversation: str) -> None:
    events = assistant.send(conversation, "안녕?")
    next(events)
    with closing(Store(assistant.home.history)) as next_start:
        assert next_start.recover() == 1
        assert [(message.content, message.status) for message in next_start.path(conversation)] == [("안녕?", "complete"), ("", "stopped")]


def test_a_stopped_regeneration_leaves_the_version_that_was_on_show(assistant: Assistant, backend: ScriptedBackend, conversation: str) -> None:
    backend.enqueue(["하나입니다."])
    backend.enqueue(["둘입니다."])
    *_, saved = assistant.send(conversation, "말해 줘")
    assert isinstance(saved, Saved)
    list(assistant.regenerate(conversation, saved.message.id))
    assistant.store.select(saved.message.id)
    events = assistant.regenerate(conversation, saved.message.id)
    next(events)
    events.close()
    assert contents(assistant, conversation)[-1] == ("assistant", "하나입니다.", "complete")


def test_a_failure_before_the_first_word_leaves_no_trace(assistant: Assistant, backend: ScriptedBackend, conversation: str) -> None:
    backend.enqueue([], error=ModelError("generation_failed", model="scripted", reason="x"))
    with pytest.raises(ModelError):
        list(assistant.send(conversation, "안녕?"))
    assert contents(assistant, conversation) == []
    backend.enqueue(["괜찮습니다."])
    list(assistant.send(conversation, "안녕?"))
    assert len(contents(assistant, conversation)) == 2


def test_an_empty_reply_is_a_failure_and_the_question_is_given_back(assistant: Assistant, backend: ScriptedBackend, conversation: str) -> None:
    backend.enqueue([])
    with pytest.raises(ModelError) as error:
        list(assistant.send(conversation, "안녕?"))
    assert error.value.key == "empty_reply"
    assert contents(assistant, conversation) == []


def test_a_failure_in_the_middle_keeps_both(assistant: Assistant, backend: ScriptedBackend, conversation: str) -> None:
    backend.enqueue(["절반은 ", "말했"], error=ModelError("generation_failed", model="scripted", reason="x"))
    with pytest.raises(ModelError):
        list(assistant.send(conversation, "안녕?"))
    assert contents(assistant, conversation) == [("user", "안녕?", "complete"), ("assistant", "절반은 말했", "failed")]


def test_regenerate_adds_a_version(assistant: Assistant, backend: ScriptedBackend, conversation: str) -> None:
    backend.enqueue(["하나입니다."])
    backend.enqueue(["둘입니다."])
    *_, saved = assistant.send(conversation, "말해 줘")
    assert isinstance(saved, Saved)
    *_, again = assistant.regenerate(conversation, saved.message.id)
    assert isinstance(again, Saved)
    assert (again.message.content, again.message.version, again.message.versions) == ("둘입니다.", 2, 2)
    assert contents(assistant, conversation)[-1] == ("assistant", "둘입니다.", "complete")
    assert backend.requests[0].prompt == backend.requests[1].prompt


def test_a_failed_regeneration_leaves_the_first_version(assistant: Assistant, backend: ScriptedBackend, conversation: str) -> None:
    backend.enqueue(["하나입니다."])
    *_, saved = assistant.send(conversation, "말해 줘")
    assert isinstance(saved, Saved)
    backend.enqueue([], error=ModelError("generation_failed", model="scripted", reason="x"))
    with pytest.raises(ModelError):
        list(assistant.regenerate(conversation, saved.message.id))
    assert contents(assistant, conversation) == [("user", "말해 줘", "complete"), ("assistant", "하나입니다.", "complete")]


def test_a_regeneration_of_white_space_leaves_the_first_version(assistant: Assistant, backend: ScriptedBackend, conversation: str) -> None:
    backend.enqueue(["하나입니다."])
    *_, saved = assistant.send(conversation, "말해 줘")
    assert isinstance(saved, Saved)
    backend.enqueue([" ", "\n", " "])
    with pytest.raises(ModelError, match="empty_reply"):
        list(assistant.regenerate(conversation, saved.message.id))
    assert contents(assistant, conversation) == [("user", "말해 줘", "complete"), ("assistant", "하나입니다.", "complete")]


def test_a_regeneration_that_takes_back_its_beginning_leaves_the_first_version(
    assistant: Assistant, backend: ScriptedBackend, conversation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend.enqueue(["하나입니다."])
    backend.enqueue(["둘입니다."])
    *_, saved = assistant.send(conversation, "말해 줘")
    assert isinstance(saved, Saved)
    list(assistant.send(conversation, "그다음은?"))
    before = contents(assistant, conversation)
    events = assistant.regenerate(conversation, saved.message.id)
    backend.enqueue(["셋", "입니다."])
    while not isinstance(next(events), Draft):
        pass
    assert len(assistant.store.siblings(saved.message.id)) == 2
    # As the guard does before it begins anew.
    monkeypatch.setattr("solar_chat.assistant.turn.Turn.answer", lambda _: None)
    events.close()
    assert contents(assistant, conversation) == before


def test_a_title_goes_with_its_message(assistant: Assistant, backend: ScriptedBackend, conversation: str) -> None:
    backend.enqueue([], error=ModelError("generation_failed", model="scripted", reason="x"))
    with pytest.raises(ModelError):
        list(assistant.send(conversation, "처음 것"))
    assert assistant.store.get(conversation).title == ""
    backend.enqueue(["네."])
    list(assistant.send(conversation, "다음 것"))
    assert assistant.store.get(conversation).title == "다음 것"


def test_a_title_that_a_person_gave_stays(assistant: Assistant, backend: ScriptedBackend, conversation: str) -> None:
    backend.enqueue([], error=ModelError("generation_failed", model="scripted", reason="x"))
    events = assistant.send(conversation, "처음 것")
    next(events)
    assistant.store.rename(conversation, "내 제목")
    with pytest.raises(ModelError):
        list(events)
    assert assistant.store.get(conversation).title == "내 제목"


def test_edit_starts_a_branch_of_its_own(assistant: Assistant, backend: ScriptedBackend, conversation: str) -> None:
    for reply in ("하나입니다.", "둘입니다.", "셋입니다."):
        backend.enqueue([reply])
    first, *_ = assistant.send(conversation, "첫째는?")
    assert isinstance(first, Saved)
    list(assistant.send(conversation, "둘째는?"))
    list(assistant.edit(conversation, first.message.id, "처음은?"))
    assert contents(assistant, conversation) == [("user", "처음은?", "complete"), ("assistant", "셋입니다.", "complete")]
    assert "첫째" not in backend.requests[2].prompt
    assistant.store.select(first.message.id)
    assert len(contents(assistant, conversation)) == 4


def test_an_older_window_does_not_overwrite_a_newer_turn(assistant: Assistant, backend: ScriptedBackend, conversation: str) -> None:
    seen = assistant.store.get(conversation).revision
    backend.enqueue(["하나입니다."])
    list(assistant.send(conversation, "새 창에서", expected_revision=seen))
    with pytest.raises(StaleWrite):
        list(assistant.send(conversation, "옛 창에서", expected_revision=seen))
    assert [content for _, content, _ in contents(assistant, conversation)] == ["새 창에서", "하나입니다."]


def test_a_stored_history_is_not_asked_what_it_wishes(
    assistant: Assistant, backend: ScriptedBackend, conversation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr("solar_chat.assistant.desk.standing", lambda *given: asked.append(given))
    backend.enqueue(["하나입니다."])
    list(assistant.send(conversation, "첫째는?"))
    assert asked == []


def test_the_conversations_level_beats_the_setting(assistant: Assistant, backend: ScriptedBackend, conversation: str) -> None:
    assistant.settings.update(level="polite")
    assistant.store.set_options(conversation, level="plain")
    backend.enqueue(["저장했습니다."])
    list(assistant.send(conversation, "저장했어?"))
    assert contents(assistant, conversation)[-1][1] == "저장했다."
