"""Stop strings in a stream, without a model."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solar_chat.engine.stops import StopScanner

STOPS = ("### User:", "### System:", "</s>")


def scan(pieces: list[str], stops: tuple[str, ...]) -> tuple[list[str], bool]:
    scanner = StopScanner(stops)
    shown = [scanner.push(piece) for piece in pieces]
    return [*shown, scanner.flush()], scanner.stopped


@pytest.mark.parametrize(
    ("pieces", "shown", "stopped"),
    [
        (["네.\n\n##", "# Us", "er: 다음"], "네.\n\n", True),
        (["a", "<", "/", "s", ">", "b"], "a", True),
        (["1 < 2", " </b>"], "1 < 2 </b>", False),
        (["### Use"], "### Use", False),
        (["끝</s>### User:"], "끝", True),
    ],
)
def test_stop_strings_split_over_pieces(pieces: list[str], shown: str, stopped: bool) -> None:
    texts, hit = scan(pieces, STOPS)
    assert "".join(texts) == shown
    assert hit is stopped


def test_only_what_may_become_a_stop_string_waits() -> None:
    scanner = StopScanner(STOPS)
    assert scanner.push("네, 알겠습니다. #") == "네, 알겠습니다. "
    assert scanner.push("1 항목") == "#1 항목"


def test_a_false_start_that_begins_another_one_is_held() -> None:
    scanner = StopScanner(("aab",))
    assert [scanner.push(letter) for letter in "aaab"] == ["", "", "a", ""]
    assert scanner.stopped


def test_nothing_is_held_without_stop_strings() -> None:
    assert StopScanner(()).push("### User:") == "### User:"
    assert StopScanner(("",)).push("a") == "a"


@given(st.lists(st.text("ab#", max_size=4), max_size=12), st.lists(st.text("ab#", min_size=1, max_size=3), max_size=3))
def test_the_cuts_do_not_matter(pieces: list[str], stops: list[str]) -> None:
    text = "".join(pieces)
    found = [at for stop in stops if (at := text.find(stop)) >= 0]
    texts, stopped = scan(pieces, tuple(stops))
    # A stop string found late may reach back only to what was held: the earliest one that is complete wins.
    assert stopped is bool(found)
    if found:
        assert not any(stop in "".join(texts) for stop in stops)
        assert text.startswith("".join(texts))
    else:
        assert "".join(texts) == text
