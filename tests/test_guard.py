"""The guard over replies that arrive in pieces: what it settles, repairs, marks and leaves alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solar_chat.guard import Guard
from solar_chat.language import Level
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
        ("formal", "설정을 확인해요. 그러면 해결돼요.", "설정을 확인합니다. 그러면 해결됩니다."),
        ("polite", "설정을 확인합니다. 그러면 해결됩니다.", "설정을 확인해요. 그러면 해결돼요."),
        ("formal", "설정을 확인해 보세요. 그러면 해결됩니다.", "설정을 확인해 보세요. 그러면 해결됩니다."),
        ("casual", "그만 가자. 재미있었습니다.", "그만 가자. 재미있었어."),
        ("polite", "설정을 확인해. 그러면 해결될 거야.", "설정을 확인해요. 그러면 해결될 거예요."),
        ("casual", "저는 작은 모델입니다. 도와드릴 수 있습니다.", "나는 작은 모델이야. 도와줄 수 있어."),
        ("plain", "메모리는 8 GB가 필요해요.", "메모리는 8 GB가 필요하다."),
    ],
)
def test_a_slip_is_repaired_and_what_complies_is_left(level: Level, reply: str, expected: str) -> None:
    assert guarded(reply, level).text == expected


def test_a_repaired_sentence_remembers_what_the_model_wrote() -> None:
    first, second = guarded("파일을 저장합니다. 이제 끝났어.", "formal").sentences
    assert (first.repaired, first.original, first.slipped) == (False, None, False)
    assert (second.text, second.repaired, second.original, second.level) == ("이제 끝났습니다.", True, "이제 끝났어.", "formal")


def test_mark_says_so_and_changes_nothing() -> None:
    guard = guarded("이제 끝났어. 저장했습니다.", "formal", "mark")
    assert guard.text == "이제 끝났어. 저장했습니다."
    assert [sentence.slipped for sentence in guard.sentences] == [True, False]


def test_off_neither_changes_nor_marks() -> None:
    guard = guarded("이제 끝났어.", "formal", "off")
    assert guard.text == "이제 끝났어."
    assert not any(sentence.slipped or sentence.repaired for sentence in guard.sentences)


@pytest.mark.parametrize(
    "neutral",
    ["- 설치\n- 실행\n", "```python\nprint('끝났어.')\n```\n", "# 사용 방법\n", "Press Enter to send. That is all.\n", "`python app.py` 😀\n"],
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


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=80), st.integers(1, 7))
def test_any_text_survives_unchanged_where_nothing_is_to_be_kept(text: str, size: int) -> None:
    assert guarded(text, None, size=size).text == text
