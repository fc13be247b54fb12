"""A reply whose beginning is in the wrong language or script, and all those that only look so."""

from __future__ import annotations

import pytest

from solar_chat.engine import Prefilled
from solar_chat.guard import Attempt, Guard, GuardedReply, Shown
from solar_chat.language import Level
from solar_chat.language.identification.strays import Expected
from tests.guard.saying import FIRST, SLIP, THIRD, Model, check, replied

ENGLISH = "You can find it in the settings. And more."
KOREAN = "설정에서 찾을 수 있습니다. 그리고 더 있습니다."


def test_the_wrong_language_begins_anew() -> None:
    reply, guard, model = replied(ENGLISH, FIRST + THIRD)
    assert guard.text == FIRST + THIRD
    assert reply.restarted
    assert model.attempts == [Attempt("", 400), Attempt("", 400, firmer=True)]
    assert not any(sentence.slipped or sentence.repaired for sentence in guard.sentences)
    assert model.tokens > reply.reply_tokens


def test_korean_where_english_is_asked() -> None:
    reply, guard, _ = replied(KOREAN, ENGLISH, level=None)
    assert (guard.text, reply.restarted) == (ENGLISH, True)


def test_another_script() -> None:
    reply, guard, _ = replied("这个问题很简单。我来说明。", FIRST)
    assert (guard.text, reply.restarted) == (FIRST, True)


def test_twice_wrong_is_kept_and_marked() -> None:
    reply, guard, model = replied(ENGLISH, ENGLISH + " Once more.")
    assert guard.text == ENGLISH + " Once more."
    assert reply.restarted
    assert [sentence.reason for sentence in guard.sentences] == ["language", None, None]
    assert len(model.attempts) == 2


def test_nothing_at_all_the_second_time_keeps_the_first() -> None:
    reply, guard, _ = replied("You can find it in the settings.", "")
    assert guard.text == "You can find it in the settings."
    assert not reply.restarted
    assert guard.sentences[0].reason == "language"


def test_once_begun_anew_a_slip_is_still_written_again() -> None:
    reply, guard, _ = replied(ENGLISH, FIRST + SLIP + "끝.", "어서 오십시오. 더.", THIRD)
    assert guard.text == FIRST + "어서 오십시오. " + THIRD
    assert reply.restarted


def test_nothing_is_settled_before_it_is_decided_and_nothing_shrinks() -> None:
    model = Model(ENGLISH, FIRST)
    reply = GuardedReply(Guard("formal", "keep", Expected("ko"), asks_again=True), model, 400)
    events = list(reply.stream())
    restart = max(index for index, event in enumerate(events) if isinstance(event, Prefilled))
    assert all(event.settled == 0 for event in events[:restart] if isinstance(event, Shown))
    check(events)


@pytest.mark.parametrize(
    ("level", "reply"),
    [
        (None, "You can find it. 설정에서 찾을 수 있습니다."),
        ("formal", "```python\nprint('the only thing there is')\n```"),
        ("formal", "- apple\n- banana\n- cherry\n"),
        ("formal", "REST API는 HTTP를 씁니다."),
        ("formal", "사과(沙果)를 먹습니다."),
    ],
)
def test_what_is_right_or_neutral_stays(level: Level | None, reply: str) -> None:
    made, guard, model = replied(reply, level=level)
    assert guard.text == reply
    assert (made.restarted, len(model.attempts)) == (False, 1)


def test_a_burst_later_is_written_again() -> None:
    _, guard, _ = replied(FIRST + "설정을 確認하십시오. 끝.", "설정을 확인하십시오. 더.", THIRD)
    assert guard.text == FIRST + "설정을 확인하십시오. " + THIRD
    assert guard.sentences[1].how == "regenerated"
    _, guard, _ = replied(FIRST + "설정을 確認하십시오. 끝.", "", "", THIRD)
    assert guard.sentences[1].reason == "script"


def test_a_script_the_person_uses_is_welcome() -> None:
    text = "你好는 안녕이라는 뜻입니다."
    _, guard, model = replied(text, expected=Expected.after("ko", "你好가 무슨 뜻이야?"))
    assert (guard.text, len(model.attempts)) == (text, 1)
