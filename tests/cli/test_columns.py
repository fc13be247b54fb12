"""Text on a terminal, by columns."""

from __future__ import annotations

from solar_chat.cli.columns import fitted, width, wrapped


def test_a_syllable_is_two_columns_wide() -> None:
    assert width("한글 ab") == 7
    assert width("ㅋ１・") == 6
    assert width("") == 0


def test_a_line_is_cut_between_letters_and_covers_what_stood_there() -> None:
    assert fitted("한글", 3) == "한 "
    assert fitted("한글", 4) == "한글"
    assert fitted("ab", 5) == "ab   "
    assert fitted("", 2) == "  "


def test_lines_break_between_words() -> None:
    assert list(wrapped("새 모델을  내려받습니다", 10)) == ["새 모델을", "내려받습니다"]
    assert list(wrapped("a https://example.com/very/long b", 10)) == ["a", "https://example.com/very/long", "b"]
    assert list(wrapped(" \n", 10)) == []
