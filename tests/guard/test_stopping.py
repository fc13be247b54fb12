"""A reply that is broken off anywhere, and one of which the model says whatever it likes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solar_chat.guard import Guard, GuardedReply, Shown
from solar_chat.guard.loop import FREE_TOKENS, SHARE
from solar_chat.language import Level
from solar_chat.language.identification.strays import Expected
from solar_chat.settings import GuardMode
from tests.guard.saying import FIRST, SLIP, THIRD, Model, replied


class TestStop:
    """Closing the stream after any event leaves a whole, consistent reply and no generation open."""

    SCRIPTS = (
        (FIRST + SLIP + "끝.", SLIP + "더.", "어서 오십시오. 더.", THIRD),
        ("You can find it in the settings. And more.", FIRST + SLIP + "끝.", "어서 오십시오. 더.", THIRD),
        (FIRST + SLIP, "", SLIP, ""),
        (FIRST + SLIP.strip(), "", SLIP),
    )

    @pytest.mark.parametrize("scripts", SCRIPTS)
    def test_anywhere(self, scripts: tuple[str, ...]) -> None:
        steps = 0
        while True:
            model = Model(*scripts)
            guard = Guard("formal", "keep", Expected("ko"), asks_again=True)
            stream = GuardedReply(guard, model, 400).stream()
            shown = Shown("", 0)
            for taken, event in enumerate(stream):
                shown = event if isinstance(event, Shown) else shown
                if taken == steps:
                    break
            else:
                return
            asked = len(model.attempts)
            stream.close()
            assert (model.open, len(model.attempts)) == (0, asked)
            guard.finish()
            guard.finish()
            assert guard.text == "".join(sentence.text for sentence in guard.sentences)
            assert guard.text.startswith(shown.text[: shown.settled])
            steps += 1

    def test_the_draft_never_shrinks_to_nothing(self, unmendable: str) -> None:
        model = Model(unmendable + "끝.", "", " 어서 오십시오. 더.", THIRD)
        reply = GuardedReply(Guard("formal", "keep", asks_again=True), model, 400)
        shown = [event.text for event in reply.stream() if isinstance(event, Shown)]
        assert len(model.attempts) == 4
        assert all(text.strip() for text in shown)

    def test_half_a_new_sentence_gives_way_to_the_old_one(self) -> None:
        model = Model(FIRST + SLIP + "끝.", "어서 오십시오. 더.")
        guard = Guard("formal", "keep", Expected("ko"), asks_again=True)
        stream = GuardedReply(guard, model, 400).stream()
        for event in stream:
            if isinstance(event, Shown) and event.text == FIRST + "어서" and len(model.attempts) == 2:
                break
        stream.close()
        guard.finish()
        assert guard.text == FIRST + SLIP
        assert guard.sentences[1].reason == "script"


SENTENCES = st.sampled_from(
    [
        FIRST, SLIP, THIRD, "이제 끝났어. ", "설정을 確認하십시오. ", "You can find it in the settings. ", "OK! ", "- 설치\n", "```\nx = 1.\n```\n",
        "네. ", "3.5 ", "\n\n", "# 제목\n", "안녕~ ", " ",
    ]
)  # fmt: skip


@settings(max_examples=150)
@given(
    st.lists(st.lists(SENTENCES, max_size=5).map("".join), min_size=40, max_size=40),
    st.sampled_from(["formal", "polite", "casual", "plain", None]),
    st.sampled_from(["keep", "mark", "off"]),
    st.integers(1, 60),
)
def test_whatever_the_model_says_the_reply_is_whole(scripts: list[str], level: Level | None, mode: GuardMode, tokens: int) -> None:
    reply, guard, model = replied(*scripts, level=level, mode=mode, tokens=tokens)
    assert "".join(sentence.text for sentence in guard.sentences) == guard.text
    assert reply.reply_tokens <= tokens
    once = tokens if reply.restarted else 0
    assert model.tokens <= once + reply.reply_tokens + FREE_TOKENS + reply.reply_tokens // SHARE + 3 * 20
    for sentence in guard.sentences:
        assert sentence.repaired == (sentence.how is not None) == (sentence.original is not None)
        assert sentence.slipped == (sentence.reason is not None)
    if mode != "keep":
        assert len(model.attempts) == 1
