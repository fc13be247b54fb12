"""Which turns are left when a context is small."""

from __future__ import annotations

import pytest

from solar_chat.errors import InputError
from solar_chat.messages import Message
from solar_chat.prompts import TEMPLATES, ChatTemplate, Window, fit, whole

TURNS = (
    Message("user", "하나"),
    Message("assistant", "둘둘"),
    Message("user", "셋셋셋"),
    Message("assistant", "넷넷넷넷"),
    Message("user", "다섯"),
)


def fitted(context_tokens: int, template: ChatTemplate = TEMPLATES["eeve"]) -> Window:
    """One token a character."""
    return fit("S", TURNS, template=template, count_tokens=len, context_tokens=context_tokens, reply_tokens=10)


def test_all_of_it_where_there_is_room() -> None:
    window = fitted(200)
    assert window.prompt == TEMPLATES["eeve"].render([Message("system", "S"), *TURNS])
    assert window.dropped_messages == 0
    assert window.prompt_tokens == len(window.prompt) + 1
    assert window.free_tokens == 200 - 10 - window.prompt_tokens


def test_whole_exchanges_leave_oldest_first() -> None:
    everything = fitted(200).prompt_tokens
    assert fitted(everything + 10).dropped_messages == 0
    assert fitted(everything + 9).dropped_messages == 2
    assert fitted(everything + 9).prompt == TEMPLATES["eeve"].render([Message("system", "S"), *TURNS[2:]])
    least = fitted(34)
    assert least.dropped_messages == 4
    assert least.prompt == TEMPLATES["eeve"].render([Message("system", "S"), TURNS[-1]])


def test_roles_take_turns_where_a_question_was_stopped_before_an_answer_came() -> None:
    said = (Message("user", "하나"), Message("user", "둘둘"), Message("assistant", "셋셋셋"), Message("user", "넷"), Message("user", "다섯"))
    alternating = (Message("system", "S"), Message("user", "하나\n\n둘둘"), Message("assistant", "셋셋셋"), Message("user", "넷\n\n다섯"))
    for template in TEMPLATES.values():
        everything = whole("S", said, template=template, count_tokens=len, context_tokens=500)
        fitting = fit("S", said, template=template, count_tokens=len, context_tokens=500, reply_tokens=10)
        assert everything.messages == fitting.messages == alternating
        assert everything.prompt == fitting.prompt == template.render(alternating)
    # What leaves is still counted by the message.
    least = fit("S", said, template=TEMPLATES["eeve"], count_tokens=len, context_tokens=60, reply_tokens=10)
    assert least.messages == (Message("system", "S"), Message("user", "넷\n\n다섯"))
    assert least.dropped_messages == 3
    assert least.prompt_tokens <= 50


def test_a_question_that_does_not_fit_alone_is_refused() -> None:
    with pytest.raises(InputError) as refused:
        fitted(33)
    assert refused.value.key == "prompt_too_long"
    assert refused.value.params["context"] == 22


def test_the_system_text_counts_where_it_stands_in_the_question() -> None:
    without = ChatTemplate("inst", {"user": "[", "assistant": ""}, {"user": "]", "assistant": ""}, cue="", stop=("]",))
    window = fit("S" * 20, TURNS[-1:], template=without, count_tokens=len, context_tokens=60, reply_tokens=10)
    assert window.prompt == "[" + "S" * 20 + "\n\n다섯]"
    with pytest.raises(InputError):
        fit("S" * 40, TURNS[-1:], template=without, count_tokens=len, context_tokens=50, reply_tokens=10)
