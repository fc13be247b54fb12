"""Settled pieces of a stream: they join back, they end where a sentence ends, and code is never cut."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solar_chat.language import split_settled


@pytest.mark.parametrize(
    ("buffer", "pieces", "rest"),
    [
        ("", [], ""),
        ("안녕하세요", [], "안녕하세요"),
        ("안녕하세요.", [], "안녕하세요."),
        ("안녕하세요. ", ["안녕하세요. "], ""),
        ("안녕하세요. 반", ["안녕하세요. "], "반"),
        ("좋아요! 정말요? 네", ["좋아요! ", "정말요? "], "네"),
        ("값은 3.", [], "값은 3."),
        ("값은 3.5입니다. 다음", ["값은 3.5입니다. "], "다음"),
        ("글쎄...", [], "글쎄..."),
        ("글쎄... 음", ["글쎄... "], "음"),
        ("v1.2를 씁니다. 네", ["v1.2를 씁니다. "], "네"),
        ("제목\n본문", ["제목\n"], "본문"),
        ("제목\n\n본문", ["제목\n\n"], "본문"),
        ("1. 첫째\n2. 둘째", ["1. 첫째\n"], "2. 둘째"),
        ("1. ", [], "1. "),
        ("안녕~하세요", [], "안녕~하세요"),
        ("안녕~ 반가워", ["안녕~ "], "반가워"),
        ("좋습니다.그리고", ["좋습니다."], "그리고"),
        ("`a. b`를 보세요. 끝", ["`a. b`를 보세요. "], "끝"),
        ("`a. b", [], "`a. b"),
        ("https://a.com/x. 보세요", ["https://a.com/x. "], "보세요"),
        ("보세요.\n```py\nx = 1. \ny\n", ["보세요.\n"], "```py\nx = 1. \ny\n"),
        ("```py\nx = 1. \n```", [], "```py\nx = 1. \n```"),
        ("```py\nx = 1. \n```\n끝", ["```py\nx = 1. \n```\n"], "끝"),
        ("좋아요. ```py\nx = 1. \n", ["좋아요. "], "```py\nx = 1. \n"),
        ("```x```는 이름이다. 끝", ["```x```는 이름이다. "], "끝"),
        ("`열린 코드. 그래요\n다음", ["`열린 코드. 그래요\n"], "다음"),
        ("e.g. this one. Next", ["e.g. this one. "], "Next"),
        ('"가자." 라고 했다. 끝', ['"가자." ', "라고 했다. "], "끝"),
    ],
)
def test_cuts(buffer: str, pieces: list[str], rest: str) -> None:
    assert split_settled(buffer) == (pieces, rest)


PARTS = ["가요", ".", "?", " ", "\n", "```", "`", "3", "a", "…", "~", "**", "- ", "https://a.b", "\t", "~~~", '"', "  ```py\n"]
MARKDOWN = st.lists(st.sampled_from(PARTS), max_size=40).map("".join)


@given(MARKDOWN)
def test_pieces_join_to_the_input(text: str) -> None:
    pieces, rest = split_settled(text)
    assert "".join(pieces) + rest == text
    assert all(piece.strip() for piece in pieces)


@given(MARKDOWN)
def test_a_stream_loses_nothing(text: str) -> None:
    settled: list[str] = []
    rest = ""
    for character in text:
        complete, rest = split_settled(rest + character)
        settled += complete
    assert "".join(settled) + rest == text


def test_linear_time() -> None:
    started = time.process_time()
    for text in ("좋아요. " * 20_000, "`" * 100_000, "```\n" * 25_000, "가.`" * 30_000, "." * 100_000):
        pieces, rest = split_settled(text)
        assert "".join(pieces) + rest == text
    assert time.process_time() - started < 3
