"""Explicit requests inside a message: what they change, for how long, and how it is taken back."""

from __future__ import annotations

import pytest

from solar_chat.assistant import Answer, Assistant, Decided, OptionChange, Saved
from solar_chat.engine import ScriptedBackend
from solar_chat.errors import ModelError
from solar_chat.messages import Message
from solar_chat.prompts import system_prompt


@pytest.fixture
def conversation(assistant: Assistant) -> str:
    return assistant.store.create().id


def options(assistant: Assistant, conversation: str) -> tuple[str | None, str | None]:
    stored = assistant.store.get(conversation)
    return stored.level, stored.reply_language


def send(assistant: Assistant, backend: ScriptedBackend, conversation: str, text: str, reply: str) -> tuple[Decided, Saved]:
    backend.enqueue([reply])
    events = list(assistant.send(conversation, text))
    decided = next(event for event in events if isinstance(event, Decided))
    saved = events[-1]
    assert isinstance(saved, Saved)
    return decided, saved


def test_a_level_asked_for_counts_from_its_own_turn_on(assistant: Assistant, backend: ScriptedBackend, conversation: str) -> None:
    decided, saved = send(assistant, backend, conversation, "반말로 해줘", "알겠습니다.")
    assert (decided.level, decided.level_reason, decided.change) == ("casual", "request", OptionChange(level="casual"))
    assert system_prompt("ko", "casual") in backend.requests[0].prompt
    assert saved.message.content == "알겠어."
    assert saved.message.meta["changed_options"] == {"level": [None, "casual"]}
    assert options(assistant, conversation) == ("casual", None)
    decided, saved = send(assistant, backend, conversation, "고마워", "괜찮습니다.")
    assert (decided.level, decided.level_reason, decided.change) == ("casual", "choice", OptionChange())
    assert "changed_options" not in saved.message.meta


def test_a_language_asked_for_beats_the_setting_and_the_message(assistant: Assistant, backend: ScriptedBackend, conversation: str) -> None:
    assistant.settings.update(reply_language="ko")
    decided, saved = send(assistant, backend, conversation, "영어로 답해줘", "Yes, of course.")
    assert (decided.language, decided.language_reason) == ("en", "request")
    assert saved.message.meta["changed_options"] == {"reply_language": [None, "en"]}
    decided, _ = send(assistant, backend, conversation, "오늘 어때?", "I am fine.")
    assert (decided.language, decided.language_reason) == ("en", "setting")


def test_undo_gives_the_earlier_options_back_once(assistant: Assistant, backend: ScriptedBackend, conversation: str) -> None:
    assistant.store.set_options(conversation, level="polite", reply_language="follow")
    _, saved = send(assistant, backend, conversation, "반말로, 영어로 말고 한국어로 해줘", "그럴게.")
    assert options(assistant, conversation) == ("casual", "ko")
    assistant.undo_change(conversation, saved.message.id)
    assert options(assistant, conversation) == ("polite", "follow")
    stored = assistant.store.message(saved.message.id)
    assert (stored.content, stored.status, stored.meta["change_undone"]) == ("그럴게.", "complete", True)
    assistant.store.set_options(conversation, level="casual")
    assistant.undo_change(conversation, saved.message.id)
    assert options(assistant, conversation) == ("casual", "follow")


def test_undo_leaves_a_later_choice_alone(assistant: Assistant, backend: ScriptedBackend, conversation: str) -> None:
    _, saved = send(assistant, backend, conversation, "반말로 해줘", "그럴게.")
    assistant.store.set_options(conversation, level="plain")
    assistant.undo_change(conversation, saved.message.id)
    assert options(assistant, conversation) == ("plain", None)


def test_after_undo_the_old_request_in_the_history_is_not_asked_again(assistant: Assistant, backend: ScriptedBackend, conversation: str) -> None:
    _, saved = send(assistant, backend, conversation, "반말로 해줘", "그럴게.")
    assistant.undo_change(conversation, saved.message.id)
    decided, _ = send(assistant, backend, conversation, "고마워", "괜찮습니다.")
    assert (decided.level, decided.level_reason) == ("formal", "setting")


def test_what_is_already_so_is_not_changed(assistant: Assistant, backend: ScriptedBackend, conversation: str) -> None:
    decided, saved = send(assistant, backend, conversation, "존댓말 써 주세요", "그렇게 하겠습니다.")
    assert (decided.level, decided.level_reason, decided.change) == ("formal", "request", OptionChange())
    assert "changed_options" not in saved.message.meta
    assert options(assistant, conversation) == (None, None)


def test_a_turn_that_fails_before_its_first_word_changes_nothing(assistant: Assistant, backend: ScriptedBackend, conversation: str) -> None:
    backend.enqueue([], error=ModelError("generation_failed", model="scripted", reason="x"))
    with pytest.raises(ModelError):
        list(assistant.send(conversation, "반말로 해줘"))
    assert options(assistant, conversation) == (None, None)
    assert assistant.store.path(conversation) == []


def test_broken_records_undo_nothing(assistant: Assistant, conversation: str) -> None:
    assistant.store.set_options(conversation, level="casual")
    for broken in ("x", {"level": "casual"}, {"level": [3, "casual"]}, {"level": ["formal", "rude"]}, {"title": ["a", "b"]}):
        reply = assistant.store.append(conversation, "assistant", "응.", None, meta={"changed_options": broken})
        assistant.undo_change(conversation, reply.id)
    assert options(assistant, conversation) == ("casual", None)


@pytest.mark.parametrize(
    ("text", "level", "history", "expected"),
    [
        ("반말로 해줘", "formal", [], ("casual", "request")),
        ("존댓말로 해줘", "casual", [], ("polite", "request")),
        ("안녕?", "plain", [], ("plain", "choice")),
        ("안녕?", None, [], ("formal", "setting")),
        ("안녕?", None, [("user", "반말로 해줘"), ("assistant", "그럴게.")], ("casual", "choice")),
        ("안녕?", "polite", [("user", "반말로 해줘"), ("assistant", "그럴게.")], ("polite", "choice")),
        ("안녕?", None, [("assistant", "반말로 해줘")], ("formal", "setting")),
    ],
)
def test_without_a_store_the_request_beats_what_is_given(
    assistant: Assistant, backend: ScriptedBackend, text: str, level: str | None, history: list[tuple[str, str]], expected: tuple[str, str]
) -> None:
    backend.enqueue(["..."])
    past = tuple(Message(role, content) for role, content in history)  # type: ignore[arg-type]  # roles written out above
    decided, *_, last = assistant.turn(assistant.request(text, level=level, history=past)).stream()  # type: ignore[arg-type]  # levels written out above
    assert isinstance(decided, Decided)
    assert (decided.level, decided.level_reason) == expected
    assert isinstance(last, Answer)
    assert last.asked_level == expected[0]


def test_a_text_asked_for_in_another_level_is_not_mended(assistant: Assistant, backend: ScriptedBackend) -> None:
    backend.enqueue(["나 먼저 갈게."])
    *_, last = assistant.turn(assistant.request("반말로 번역해 줘: I am leaving first.", level="formal")).stream()
    assert isinstance(last, Answer)
    assert last.reply == "나 먼저 갈게."
    assert [(sentence.repaired, sentence.slipped) for sentence in last.sentences] == [(False, True)]
