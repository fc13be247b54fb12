"""A reply over several generations: every way a sentence can go, without an engine."""

from __future__ import annotations

import pytest

from solar_chat.guard import Attempt
from solar_chat.guard.loop import FREE_TOKENS, MOST_SENTENCES
from solar_chat.settings import GuardMode
from tests.guard.saying import FIRST, SLIP, THIRD, replied, told


def test_a_good_reply_is_one_generation() -> None:
    reply, guard, model = replied(FIRST + THIRD)
    assert guard.text == FIRST + THIRD
    assert model.attempts == [Attempt("", 400)]
    assert (reply.finish, reply.restarted, reply.reply_tokens, reply.prompt_tokens) == ("stop", False, model.tokens, 7)


def test_what_can_be_re_inflected_is_not_written_again() -> None:
    _, guard, model = replied("이제 끝났어. " + THIRD)
    assert told(guard) == [("이제 끝났습니다.", "inflected", None), (THIRD.strip(), None, None)]
    assert len(model.attempts) == 1


def test_a_slip_is_written_again_from_its_beginning() -> None:
    reply, guard, model = replied(FIRST + SLIP + "남은 말입니다.", "어서 오십시오. 더 말합니다.", THIRD)
    assert guard.text == FIRST + "어서 오십시오. " + THIRD
    assert told(guard)[1] == ("어서 오십시오.", "regenerated", None)
    assert guard.sentences[1].original == SLIP
    _, again, on = model.attempts
    assert (again.said, again.rewrite, again.avoid) == (FIRST, 1, (SLIP,))
    assert on == Attempt(FIRST + "어서 오십시오. ", 400 - 5, 0)
    assert (reply.reply_tokens, reply.finish) == (8, "stop")


def test_what_was_written_again_may_need_re_inflection() -> None:
    _, guard, _ = replied(FIRST + SLIP + "끝.", "이제 문을 닫았어. 더.", THIRD)
    sentence = guard.sentences[1]
    assert (sentence.text, sentence.how, sentence.original) == ("이제 문을 닫았습니다. ", "regenerated", SLIP)


def test_an_ending_without_a_form_in_the_level_is_written_again_too(unmendable: str) -> None:
    _, guard, _ = replied(FIRST + unmendable + "끝.", "어서 오십시오. 더.", THIRD)
    assert guard.text == FIRST + "어서 오십시오. " + THIRD
    _, guard, _ = replied(FIRST + unmendable + "끝.", "", unmendable, THIRD)
    assert told(guard)[1] == (unmendable.strip(), None, "level")


def test_the_second_try_counts() -> None:
    _, guard, model = replied(FIRST + SLIP + "끝.", SLIP + "더.", "어서 오십시오. 더.", THIRD)
    assert guard.text == FIRST + "어서 오십시오. " + THIRD
    assert [attempt.rewrite for attempt in model.attempts] == [0, 1, 2, 0]
    assert [attempt.avoid for attempt in model.attempts] == [(), (SLIP,), (SLIP, SLIP), ()]
    assert guard.sentences[1].original == SLIP


@pytest.mark.parametrize("bad", [SLIP + "더.", "", FIRST + "더.", "That is all there is to it. More.", "설정을 確認하십시오. 더."])
def test_after_two_failures_the_original_stays_and_the_reply_goes_on(bad: str) -> None:
    reply, guard, model = replied(FIRST + SLIP + "끝.", bad, bad, THIRD)
    assert guard.text == FIRST + SLIP + THIRD
    assert told(guard) == [(FIRST.strip(), None, None), (SLIP.strip(), None, "script"), (THIRD.strip(), None, None)]
    assert model.attempts[-1] == Attempt(FIRST + SLIP, 400 - 5)
    assert reply.reply_tokens == 8


def test_after_the_last_sentence_there_is_nothing_to_go_on_with() -> None:
    reply, guard, model = replied(FIRST + SLIP.strip(), SLIP, SLIP)
    assert guard.text == FIRST + SLIP.strip()
    assert guard.sentences[1].reason == "script"
    assert (len(model.attempts), reply.finish) == (3, "stop")
    reply, guard, model = replied(FIRST + SLIP.strip(), "어서 오십시오.")
    assert guard.text == FIRST + "어서 오십시오."
    assert (len(model.attempts), reply.finish) == (2, "stop")


def test_only_so_many_sentences_are_tried() -> None:
    slips = [f"{name} {SLIP}" for name in "가나다라마바"]
    tried = (script for slip in slips[1:MOST_SENTENCES] for script in ("", "", slip + "끝."))
    _, guard, model = replied(FIRST + slips[0] + "끝.", *tried, "", "", "".join(slips[MOST_SENTENCES:]))
    assert [sentence.reason for sentence in guard.sentences] == [None, *["script"] * 6]
    assert guard.text == FIRST + "".join(slips)
    assert sum(attempt.rewrite == 1 for attempt in model.attempts) == MOST_SENTENCES


def test_rewriting_has_a_budget() -> None:
    long = "아주 " * 100 + SLIP
    _, guard, model = replied(FIRST + long + THIRD, long + THIRD, THIRD, tokens=1000)
    assert guard.text == FIRST + long + THIRD
    assert [(attempt.rewrite, attempt.tokens) for attempt in model.attempts] == [(0, 1000), (1, FREE_TOKENS), (0, 1000 - 105)]
    long = "아주 " * (FREE_TOKENS + 1) + SLIP
    _, guard, model = replied(FIRST + long + THIRD, tokens=1000)
    assert len(model.attempts) == 1
    assert guard.sentences[1].reason == "script"
    assert guard.text == FIRST + long + THIRD


def test_the_limit_counts_over_the_whole_reply() -> None:
    reply, guard, model = replied(FIRST + SLIP + "끝.", "어서 오십시오. 더.", "말 " * 50, tokens=12)
    assert model.attempts[-1].tokens == 12 - 5
    assert (reply.reply_tokens, reply.finish) == (12, "length")
    assert len(guard.text.split()) == 12


def test_a_sentence_that_the_limit_cut_off_is_not_written_again() -> None:
    reply, guard, model = replied(FIRST + "어서 入場하십시오 그리고 더", tokens=5)
    assert (guard.text, reply.finish, len(model.attempts)) == (FIRST + "어서 入場하십시오", "length", 1)


@pytest.mark.parametrize(("mode", "reasons"), [("mark", [None, "script", None]), ("off", [None, None, None])])
def test_mark_and_off_ask_for_nothing(mode: GuardMode, reasons: list[str | None]) -> None:
    _, guard, model = replied(FIRST + SLIP + THIRD, mode=mode)
    assert len(model.attempts) == 1
    assert guard.text == FIRST + SLIP + THIRD
    assert [sentence.reason for sentence in guard.sentences] == reasons
