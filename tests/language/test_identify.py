"""Languages of a message: what decides, what does not, and that spans fit the text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solar_chat.language import identify

CASES = [
    # Korean
    ("안녕하세요", "ko", "ko"),
    ("컴퓨터 땡큐 오케이", "ko", "ko"),
    ("ㅋㅋㅋ", "ko", "ko"),
    ("ㅇㅇ 좋아 123", "ko", "ko"),
    ("`x = 1` 이게 뭐야?", "ko", "ko"),
    ("https://example.com 에서 봤어", "ko", "ko"),
    ("3시에 만나요 😀", "ko", "ko"),
    ("大韓民國은 나라다", "ko", "ko"),
    # English
    ("Hello", "en", "en"),
    ("ok", "en", "en"),
    ("How do I sort a list in Python?", "en", "en"),
    ("API", "en", "en"),
    ('What does "사랑" mean in English?', "en", "en"),
    ("Please fix `print('한글')` for me", "en", "en"),
    ("Read https://example.com/한글 please", "en", "en"),
    # both in one message
    ("AI가 뭐야?", "mixed", "ko"),
    ("K-pop 좋아해?", "mixed", "ko"),
    ("deploy 했어?", "mixed", "ko"),
    ("React에서 useState를 써서 state를 관리하는 방법 알려줘", "mixed", "ko"),
    ("이 REST API endpoint는 정말 좋아요", "mixed", "ko"),
    ("PM이랑 meeting 잡아줘", "mixed", "ko"),
    ("What does 눈치 mean?", "mixed", "en"),
    ("Can you explain 정 in English?", "mixed", "en"),
    ("this is 진짜 amazing", "mixed", "en"),
    ("I like it. 나는 좋아.", "mixed", "both"),
    ("How are you? 오늘 뭐 했어?", "mixed", "both"),
    # nothing to go by
    ("", "none", None),
    ("123 + 456", "none", None),
    ("😀🎉", "none", None),
    ("```\nprint('안녕')\n```", "none", None),
    ("`안녕`", "none", None),
    ("https://example.com/한글", "none", None),
    ("?!...", "none", None),
]


@pytest.mark.parametrize(("text", "language", "matrix"), CASES)
def test_language_and_matrix(text: str, language: str, matrix: str | None) -> None:
    found = identify(text)
    assert (found.language, found.matrix) == (language, matrix)
    assert not found.romanized


@pytest.mark.parametrize(
    "text",
    [
        "annyeonghaseyo", "gamsahamnida", "mwohae", "jinjja", "bap meogeosseo", "Bap meogeosseoyo?", "oneul nalssi eottae", "saranghae",
        "jigeum mwohago isseo?", "mianhae oppa",
    ],
)  # fmt: skip
def test_romanized_korean(text: str) -> None:
    found = identify(text)
    assert (found.language, found.matrix, found.romanized) == ("ko", "ko", True)


@pytest.mark.parametrize(
    "text",
    [
        "haha omg go dude", "samsung galaxy in seoul", "I love kimchi", "my oppa is cool", "what does annyeong mean in English?", "uri",
        "hello", "mayo and tomato", "banana", "piano video", "no way bro",
    ],
)  # fmt: skip
def test_english_is_not_romanized_korean(text: str) -> None:
    assert not identify(text).romanized


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Je voudrais apprendre le coréen avec vous", "fr"),
        ("¿Cómo estás? Quiero aprender coreano este año", "es"),
        ("Ich möchte heute Abend ein Bier trinken, bitte", "de"),
        ("Vorrei imparare la lingua coreana perché mi piace molto", "it"),
    ],
)
def test_other_latin_languages(text: str, code: str) -> None:
    found = identify(text)
    assert (found.language, found.other, found.matrix) == ("other", code, None)


@pytest.mark.parametrize(
    "text",
    [
        "Bonjour", "hola amigo", "John Smith, Kim Minji, Lee Junho", "SELECT name FROM users WHERE id", "pip install torch numpy pandas",
    ],
)  # fmt: skip
def test_short_text_and_names_stay_english(text: str) -> None:
    assert identify(text).language == "en"


def test_kinds_of_spans() -> None:
    text = 'API는 `f()` 3개, "hello" a@b.co https://a.com/x ./run.sh 😀 good'
    found = [(text[span.start : span.end], span.language, span.kind) for span in identify(text).spans]
    assert found == [
        ("API", "en", "term"), ("는", "ko", "text"), ("`f()`", "none", "code"), ("3", "none", "number"), ("개", "ko", "text"),
        ('"hello"', "en", "quote"),
        ("a@b.co", "none", "url"), ("https://a.com/x", "none", "url"), ("./run.sh", "none", "url"), ("😀", "none", "emoji"), ("good", "en", "text"),
    ]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.text(st.one_of(st.sampled_from(list("가a`\"'“”.:/@#1 \n😀é")), st.characters()), max_size=80))
def test_spans_are_ordered_and_inside(text: str) -> None:
    edges = [edge for span in identify(text).spans for edge in (span.start, span.end)]
    assert edges == sorted(edges)
    assert not edges or (edges[0] >= 0 and edges[-1] <= len(text))
