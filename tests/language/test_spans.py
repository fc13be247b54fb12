"""Spans: what each stretch is called, and that together they are the text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solar_chat.language import identify


def named(text: str) -> list[tuple[str, str, str]]:
    """The spans that are no filler, as (text, language, kind)."""
    found = ((text[span.start : span.end], span.language, span.kind) for span in identify(text).spans)
    return [span for span in found if (span[1], span[2]) != ("none", "text")]


def test_kinds_of_spans() -> None:
    assert named('API는 `f()` 3개, "hello" a@b.co https://a.com/x ./run.sh 😀 good') == [
        ("API", "en", "term"), ("는", "ko", "text"), ("`f()`", "none", "code"), ("3", "none", "number"), ("개", "ko", "text"),
        ('"hello"', "en", "quote"), ("a@b.co", "none", "url"), ("https://a.com/x", "none", "url"), ("./run.sh", "none", "url"),
        ("😀", "none", "emoji"), ("good", "en", "text"),
    ]  # fmt: skip


def test_gaps_are_filled() -> None:
    spans = identify("좋아요, ok!").spans
    assert [(span.start, span.end, span.language, span.kind) for span in spans] == [
        (0, 3, "ko", "text"), (3, 5, "none", "text"), (5, 7, "en", "text"), (7, 8, "none", "text"),
    ]  # fmt: skip
    assert identify("").spans == ()


@pytest.mark.parametrize(
    ("text", "run"),
    [("오늘은 정말 좋은 날", "오늘은 정말 좋은 날"), ("how are you today", "how are you today"), ("네, 맞아요", "네, 맞아요")],
)
def test_words_of_one_language_are_one_run(text: str, run: str) -> None:
    assert named(text)[0][0] == run


@pytest.mark.parametrize(
    "term",
    [
        "API", "PDF", "AI", "K-pop", "iPhone", "GPT-4o", "C++", "C#", "Node.js", "COVID-19", "5G", "U.S.", "i7-13700K", "v2.1", "CI/CD", "R&D",
        "YouTube",
        "useState", "snake_case", "RTX4090", "Wi-Fi", "Next.js", "H100s", "3D", "ChatGPT", "JavaScript",
    ],
)  # fmt: skip
def test_terms(term: str) -> None:
    text = f"{term} 써 봤어?"
    assert named(text)[0] == (term, "en", "term")
    assert (identify(text).language, identify(text).matrix) == ("mixed", "ko")


@pytest.mark.parametrize("word", ["meeting", "okay", "hello", "lol", "OMG", "deadline", "and", "I"])
def test_ordinary_words_are_no_terms(word: str) -> None:
    assert named(f"{word} 그거")[0] == (word, "en", "text")


@pytest.mark.parametrize(
    "number",
    ["42", "1,000", "3.14", "50%", "10km", "16GB", "010-1234-5678", "2026-11-23", "10:30", "$20", "₩5,000", "-3", "1st", "25 km", "36.5℃", "3.10.2"],
)
def test_numbers(number: str) -> None:
    text = f"값은 {number} 정도"
    assert named(text)[1] == (number, "none", "number")
    assert identify(text).language == "ko"


@pytest.mark.parametrize("emoji", ["😀", "👨‍👩‍👧‍👦", "👍🏽", "🇰🇷", "1️⃣", "❤️", "⏰", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "✨", ":)", "T_T", "^^", "XD", "<3"])
def test_emoji_are_one_span(emoji: str) -> None:
    assert named(f"좋아 {emoji}")[1:] == [(emoji, "none", "emoji")]


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ('"How are you?"를 한국어로 번역해 줘', ('"How are you?"', "en", "quote")),
        ("Translate '안녕하세요' into English", ("'안녕하세요'", "ko", "quote")),
        ('"나는 학교에 간다."\ntranslate please', ('"나는 학교에 간다."', "ko", "quote")),
    ],
)
def test_quotations_are_mentions(text: str, quote: tuple[str, str, str]) -> None:
    assert quote in named(text)
    assert identify(text).language == "mixed"


def test_a_quotation_alone_is_the_message() -> None:
    assert (identify('"안녕하세요"').language, identify('"Hello there"').language) == ("ko", "en")


def test_account_names_and_hashtags() -> None:
    assert ("@minsu", "none", "url") in named("@minsu 이거 봐")
    assert identify("@minsu 이거 봐").language == "ko"


@settings(max_examples=400)
@given(st.text(st.one_of(st.sampled_from(list("가a`\"'“”.:/@#1 \n😀é\ufe0f\u20e3")), st.characters(exclude_categories=[])), max_size=80))
def test_spans_tile_the_text(text: str) -> None:
    position = 0
    for span in identify(text).spans:
        assert span.start == position
        assert span.end > span.start
        position = span.end
    assert position == len(text)
