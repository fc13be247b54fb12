"""The guard over replies that arrive in pieces: what it settles, repairs, marks and leaves alone."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solar_chat.guard import Guard
from solar_chat.language import LEVELS, Level
from solar_chat.language.identification.strays import Expected
from solar_chat.settings import GuardMode


def guarded(reply: str, level: Level | None, mode: GuardMode = "keep", size: int = 3) -> Guard:
    guard = Guard(level, mode)
    for start in range(0, len(reply), size):
        guard.feed(reply[start : start + size])
    guard.close()
    return guard


@pytest.mark.parametrize(
    ("level", "reply", "expected"),
    [
        ("formal", "오늘은 비가 와요. 그러면 해결돼요.", "오늘은 비가 옵니다. 그러면 해결됩니다."),
        ("polite", "오늘은 비가 옵니다. 그러면 해결됩니다.", "오늘은 비가 와요. 그러면 해결돼요."),
        ("formal", "설정을 확인해 보세요. 그러면 해결됩니다.", "설정을 확인해 보세요. 그러면 해결됩니다."),
        ("casual", "그만 가자. 재미있었습니다.", "그만 가자. 재미있었어."),
        ("polite", "오늘은 비가 와. 그러면 해결될 거야.", "오늘은 비가 와요. 그러면 해결될 거예요."),
        ("casual", "저는 작은 모델입니다. 도와드릴 수 있습니다.", "나는 작은 모델이야. 도와줄 수 있어."),
        ("plain", "메모리는 8 GB가 필요해요.", "메모리는 8 GB가 필요하다."),
    ],
)
def test_a_slip_is_repaired_and_what_complies_is_left(level: Level, reply: str, expected: str) -> None:
    assert guarded(reply, level).text == expected


def test_a_repaired_sentence_remembers_what_the_model_wrote() -> None:
    first, second = guarded("파일을 저장합니다. 이제 끝났어.", "formal").sentences
    assert (first.repaired, first.original, first.slipped, first.how) == (False, None, False, None)
    assert (second.text, second.repaired, second.original, second.level) == ("이제 끝났습니다.", True, "이제 끝났어.", "formal")
    assert second.how == "inflected"


def test_a_sentence_without_an_honest_form_stays_and_is_marked(unmendable: str) -> None:
    first, second = guarded(unmendable + "문은 열려 있습니다.", "formal").sentences
    assert (first.text, first.slipped, first.reason, first.repaired) == (unmendable, True, "level", False)
    assert not second.slipped


def test_mark_says_so_and_changes_nothing() -> None:
    guard = guarded("이제 끝났어. 저장했습니다.", "formal", "mark")
    assert guard.text == "이제 끝났어. 저장했습니다."
    assert [(sentence.slipped, sentence.reason) for sentence in guard.sentences] == [(True, "level"), (False, None)]


@pytest.mark.parametrize("words", ["하나. 둘. 셋. 넷.", "서울. 부산. 대구.", "- 하나.\n- 둘.\n"])
def test_words_without_an_ending_are_no_slips(words: str) -> None:
    assert not any(sentence.slipped for level in LEVELS for sentence in guarded(words, level).sentences)


def test_off_neither_changes_nor_marks() -> None:
    guard = guarded("이제 끝났어.", "formal", "off")
    assert guard.text == "이제 끝났어."
    assert not any(sentence.slipped or sentence.repaired for sentence in guard.sentences)


@pytest.mark.parametrize(
    "neutral",
    [
        "- 설치\n- 실행\n",
        "```python\nprint('끝났어.')\n```\n",
        "```python\nrun()  # 이제 끝났어. 다 했어!\n```\n",
        "# 사용 방법\n",
        "Press Enter to send. That is all.\n",
        "`python app.py` 😀\n",
    ],
)
def test_what_has_no_level_is_left_alone(neutral: str) -> None:
    guard = guarded(neutral, "formal")
    assert guard.text == neutral
    assert not any(sentence.repaired or sentence.slipped for sentence in guard.sentences)


def test_settled_text_never_changes_and_only_grows() -> None:
    guard = Guard("formal", "keep")
    settled = ""
    for character in "안녕. 파일 3.5개를 저장했어! 다음은 https://example.com/a.b 를 열어. 끝이야":
        guard.feed(character)
        assert guard.settled.startswith(settled)
        settled = guard.settled
    guard.close()
    assert guard.settled.startswith(settled)
    assert "https://example.com/a.b" in guard.text
    assert "3.5" in guard.text


@settings(max_examples=50)
@given(st.text(max_size=80), st.integers(1, 7))
def test_any_text_survives_unchanged_where_nothing_is_to_be_kept(text: str, size: int) -> None:
    assert guarded(text, None, size=size).text == text


def settled_after(guard: Guard, piece: str) -> str:
    guard.feed(piece)
    return guard.settled


@pytest.mark.parametrize("neutral", ["- GPU\n", "```sh\nls\n```\n", "`run()`\n", "3.5\n"])
def test_what_is_neutral_is_not_held_back_at_the_start_of_a_reply(neutral: str) -> None:
    for language, level in (("ko", "formal"), ("en", None)):
        guard = Guard(level, "keep", Expected(language), asks_again=True)  # type: ignore[arg-type]  # the two written out above
        assert settled_after(guard, neutral + "x") == neutral


def test_a_beginning_that_may_be_wrong_is_held_until_it_is_known() -> None:
    guard = Guard("formal", "keep", Expected("ko"))
    assert settled_after(guard, "OK! ") == ""
    assert settled_after(guard, "네, 확인했습니다. 다") == "OK! 네, 확인했습니다. "
    assert [sentence.slipped for sentence in guard.sentences] == [False, False]


def test_of_several_sentences_at_once_the_first_decides() -> None:
    guard = Guard("formal", "keep", Expected("ko"), asks_again=True)
    guard.feed("확인했습니다. 설정을 確認하십시오. 끝")
    assert guard.settled == "확인했습니다. "
    assert (guard.slips_at_start, guard.slip is not None) == (False, True)
    guard = Guard("formal", "mark", Expected("ko"))
    guard.feed("You can find it in the settings. 확인했습니다. OK! 끝")
    assert [sentence.reason for sentence in guard.sentences] == ["language", None, None]


def test_a_beginning_is_not_held_for_ever() -> None:
    guard = Guard("formal", "keep", Expected("ko"))
    names = "Kim, Lee, Park! " * 12
    assert settled_after(guard, names + "x").startswith("Kim, Lee, Park! ")
    guard.close()
    assert guard.text == names + "x"


@pytest.mark.parametrize(
    ("language", "level", "reply", "reason"),
    [
        ("ko", "formal", "You can find it in the settings. 확인하십시오.", "language"),
        ("en", None, "설정에서 찾을 수 있습니다. Thanks.", "language"),
        ("ko", "formal", "这个问题很简单. 확인하십시오.", "script"),
    ],
)
def test_the_wrong_language_at_the_start_is_marked_where_nobody_asks_again(language: str, level: Level | None, reply: str, reason: str) -> None:
    guard = Guard(level, "mark", Expected(language))  # type: ignore[arg-type]  # the two written out above
    guard.feed(reply)
    guard.close()
    assert guard.text == reply
    assert [(sentence.slipped, sentence.reason) for sentence in guard.sentences] == [(True, reason), (False, None)]


def test_english_later_in_a_korean_reply_is_left() -> None:
    guard = Guard("formal", "keep", Expected("ko"))
    guard.feed("다음과 같이 씁니다. You can find it in the settings. 확인하십시오.")
    guard.close()
    assert not any(sentence.slipped for sentence in guard.sentences)


def test_feeding_costs_the_sentence_and_not_the_reply() -> None:
    # A reply of 20,000 characters without an end of a sentence, a token at a time: quadratic work would take minutes.
    guard = Guard("formal", "keep")
    started = time.process_time()
    for _ in range(10_000):
        guard.feed("가 ")
    assert time.process_time() - started < 2
    assert len(guard.text) == 20_000
