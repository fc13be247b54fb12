"""A turn without a store: what is decided, what the model is asked, what comes back."""

from __future__ import annotations

import pytest

from solar_chat.assistant import Answer, Assistant, Decided, Draft, Reading
from solar_chat.engine import ScriptedBackend
from solar_chat.errors import InputError, ModelError
from solar_chat.messages import Message
from solar_chat.prompts import system_prompt


def answer(assistant: Assistant, text: str, **options: object) -> Answer:
    *_, last = assistant.turn(assistant.request(text, **options)).stream()  # type: ignore[arg-type]  # the options of the test at hand
    assert isinstance(last, Answer)
    return last


def test_events_come_in_order_and_the_answer_is_guarded(assistant: Assistant, backend: ScriptedBackend) -> None:
    backend.enqueue(["저장", "했어", ". ", "확인", "하세요."])
    events = list(assistant.turn(assistant.request("저장했어?", level="formal")).stream())
    kinds = [type(event) for event in events]
    assert kinds[0] is Decided
    assert kinds[1] is Reading
    assert kinds[-1] is Answer
    assert kinds.count(Draft) == 5
    reply = events[-1]
    assert isinstance(reply, Answer)
    assert reply.reply == "저장했습니다. 확인하세요."
    assert [(s.text, s.repaired, s.original) for s in reply.sentences] == [("저장했습니다.", True, "저장했어."), ("확인하세요.", False, None)]
    assert (reply.language, reply.asked_level, reply.finish) == ("ko", "formal", "stop")


@pytest.mark.parametrize(
    ("text", "choice", "history", "language", "reason"),
    [
        ("오늘 어때?", "follow", [], "ko", "message"),
        ("How are you today?", "follow", [], "en", "message"),
        ("이 error 좀 fix해줘", "follow", [], "ko", "message"),
        ("What does 눈치 mean in English?", "follow", [], "en", "message"),
        ("How are you today?", "ko", [], "ko", "setting"),
        ("오늘 어때?", "en", [], "en", "setting"),
        ("ok", "follow", [("user", "안녕하세요"), ("assistant", "반갑습니다.")], "ko", "previous"),
        ("ㅋㅋㅋ", "follow", [("user", "Hello there"), ("assistant", "Nice to meet you.")], "en", "previous"),
        ("123", "follow", [("user", "Hello there"), ("assistant", "Nice to meet you.")], "en", "previous"),
        ("😀", "follow", [], "ko", "default"),
        ("hi", "follow", [], "en", "message"),
        ("ㅋㅋ", "follow", [], "ko", "message"),
        ("annyeonghaseyo, mwohae?", "follow", [], "ko", "message"),
    ],
)
def test_reply_language(
    assistant: Assistant, backend: ScriptedBackend, text: str, choice: str, history: list[tuple[str, str]], language: str, reason: str
) -> None:
    backend.enqueue(["..."])
    past = tuple(Message(role, content) for role, content in history)  # type: ignore[arg-type]  # roles written out above
    request = assistant.request(text, reply_language=choice, history=past)  # type: ignore[arg-type]  # choices written out above
    decided = next(assistant.turn(request).stream())
    assert isinstance(decided, Decided)
    assert (decided.language, decided.language_reason) == (language, reason)


def test_the_prompt_holds_system_prompt_history_and_question(assistant: Assistant, backend: ScriptedBackend) -> None:
    backend.enqueue(["좋아."])
    answer(assistant, "어때?", level="casual", history=(Message("user", "안녕"), Message("assistant", "응, 안녕.")))
    assert backend.requests[0].prompt == (
        f"<|system|>{system_prompt('ko', 'casual')}<|end|><|user|>안녕<|end|><|assistant|>응, 안녕.<|end|><|user|>어때?<|end|><|assistant|>"
    )


def test_an_english_reply_is_not_held_to_a_level(assistant: Assistant, backend: ScriptedBackend) -> None:
    backend.enqueue(["Press ", "Enter."])
    reply = answer(assistant, "How do I send a message?", level="formal")
    assert (reply.reply, reply.language, reply.level) == ("Press Enter.", "en", "none")
    assert [sentence.level for sentence in reply.sentences] == [None]


def test_a_term_does_not_make_the_reply_mixed(assistant: Assistant, backend: ScriptedBackend) -> None:
    backend.enqueue(["GPU가 없어도 됩니다."])
    assert answer(assistant, "GPU가 필요해?").language == "ko"


def test_a_model_that_copies_the_language_is_not_shown_the_other_one(assistant: Assistant, backend: ScriptedBackend) -> None:
    backend.enqueue(["It is stored here."])
    past = (Message("user", "어디에 저장돼?"), Message("assistant", "이 컴퓨터에 저장됩니다."))
    decided, *_ = assistant.turn(assistant.request("Where is it stored?", history=past)).stream()
    assert isinstance(decided, Decided)
    assert decided.dropped_messages == 2
    assert "저장" not in backend.requests[0].prompt
    backend.enqueue(["Yes, it is."])
    english = (*past, Message("user", "Where is it stored?"), Message("assistant", "It is stored here."))
    answer(assistant, "Are you sure about that?", history=english)
    assert "Where is it stored?" in backend.requests[1].prompt
    assert "저장" not in backend.requests[1].prompt


def test_old_turns_leave_and_the_newest_stay(assistant: Assistant, backend: ScriptedBackend) -> None:
    backend.enqueue(["네."])
    history = tuple(Message(role, f"{role}{number} " + "말 " * 20) for number in range(30) for role in ("user", "assistant"))
    turn = assistant.turn(assistant.request("마지막 질문", history=history))
    decided = next(turn.stream())
    assert isinstance(decided, Decided)
    assert decided.dropped_messages > 0
    assert decided.dropped_messages % 2 == 0


@pytest.mark.parametrize("text", ["", "   \n\t "])
def test_an_empty_message_is_refused(assistant: Assistant, text: str) -> None:
    with pytest.raises(InputError) as error:
        assistant.turn(assistant.request(text))
    assert error.value.key == "empty_message"


def test_a_message_longer_than_the_context_is_refused_with_its_size(assistant: Assistant) -> None:
    with pytest.raises(InputError) as error:
        assistant.turn(assistant.request("말 " * 1000))
    assert error.value.key == "prompt_too_long"
    assert error.value.params["context"] == 400 - 200 - 1


def test_a_models_failure_crosses_over(assistant: Assistant, backend: ScriptedBackend) -> None:
    backend.enqueue(["저"], error=ModelError("generation_failed", model="scripted", reason="out of luck"))
    with pytest.raises(ModelError) as error:
        answer(assistant, "안녕?")
    assert error.value.key == "generation_failed"
