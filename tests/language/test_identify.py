"""Languages of a message: a labelled table of messages, other languages, and that the same text always gets the same answer."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solar_chat.language import identify, is_reflex

MESSAGES = [json.loads(line) for line in (Path(__file__).parent / "messages.jsonl").read_text(encoding="utf-8").splitlines()]
"""Written for this project: Korean, English, mixed in both directions, alternating, romanised, neutral and other languages."""


@pytest.mark.parametrize("row", MESSAGES, ids=lambda row: row["text"][:30])
def test_labelled_messages(row: dict[str, object]) -> None:
    found = identify(str(row["text"]))
    assert (found.language, found.matrix, found.other, found.romanized) == (row["language"], row["matrix"], row["other"], row["romanized"])


def test_the_table_covers_every_kind() -> None:
    kinds = {(row["language"], row["matrix"], row["romanized"]) for row in MESSAGES}
    assert len(MESSAGES) >= 400
    assert kinds == {
        ("ko", "ko", False), ("ko", "ko", True), ("en", "en", False), ("mixed", "ko", False), ("mixed", "en", False), ("mixed", "both", False),
        ("none", None, False), ("other", None, False),
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "Bonjour", "hola amigo", "gg", "ok", "Obrigado", "John Smith, Kim Minji, Lee Junho", "SELECT name FROM users WHERE id",
        "pip install torch numpy pandas", "La La Land", "El Niño", "São Paulo", "Beyoncé and Zoë", "die hard",
        "jalapeño pizza", "déjà vu", "crème brûlée recipe",
    ],
)  # fmt: skip
def test_short_text_and_names_stay_english(text: str) -> None:
    assert identify(text).language == "en"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Je voudrais apprendre le coréen avec vous", "fr"),
        ("¿Cómo estás? Quiero aprender coreano este año", "es"),
        ("Ich möchte heute Abend ein Bier trinken, bitte", "de"),
        ("Vorrei imparare la lingua coreana perché mi piace molto", "it"),
        ("Suomi on kaunis maa ja haluaisin matkustaa sinne ensi kesänä", "fi"),
    ],
)
def test_other_latin_languages(text: str, code: str) -> None:
    found = identify(text)
    assert (found.language, found.other, found.matrix) == ("other", code, None)


@pytest.mark.parametrize(
    "text",
    [
        "ok", "OK!", "lol", "ㅋㅋㅋㅋ", "ㅇㅇ", "네", "넵!", "응", "네네", "ok ㅋㅋ", "hahaha", "thank you", "감사합니다", "yesss", "굿 👍", "네ㅎㅎ",
        "ㅇㅋ",
    ],
)  # fmt: skip
def test_reflexes(text: str) -> None:
    assert is_reflex(text)


@pytest.mark.parametrize(
    "text",
    ["", "안녕하세요", "why", "ok then tell me more", "네 그렇게 해 주세요", "123", "😀", "좋아요", "no?", "뭐", "네?", "okay so what is 눈치"],
)
def test_no_reflexes(text: str) -> None:
    assert not is_reflex(text)


ALPHABET = st.one_of(
    st.sampled_from(list("가나다ㅋㅠaAzZé`\"'“”‘’.:;/@#1$%-_()<>^ \n\t😀🇰👍\ufe0f\u200d\u20e3あ漢я\ud800\x00")),
    st.characters(exclude_categories=[]),
)


@settings(max_examples=400)
@given(st.text(ALPHABET, max_size=80))
def test_any_text_has_an_answer_and_keeps_it(text: str) -> None:
    found = identify(text)
    assert identify(text) == found
    assert (found.matrix is None) == (found.language in ("other", "none"))
    assert not found.romanized or found.language == "ko"
    assert found.other is None or found.language == "other"


def test_the_same_answer_from_every_thread() -> None:
    texts = ["Suomi on kaunis maa ja haluaisin matkustaa sinne ensi kesänä", "What does 눈치 mean?", "Я хочу выучить корейский язык", "API가 뭐야?"]
    expected = [identify(text) for text in texts]
    answers: list[list[object]] = []
    threads = [threading.Thread(target=lambda: answers.append([identify(text) for text in texts])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [expected] * 4


@pytest.mark.parametrize(
    "text",
    [
        "a" * 100_000, "1" * 100_000, "가" * 100_000, "1-" * 50_000, "a.b" * 33_000, "I am 가다 " * 12_000, "😀" * 50_000,
        "ก" * 100_000, "a'" * 50_000, "(" * 100_000,
    ],
    ids=["latin", "digits", "hangul", "dashes", "dots", "mixed", "emoji", "thai", "apostrophes", "brackets"],
)  # fmt: skip
def test_long_texts_take_moments(text: str) -> None:
    assert identify(text).spans[-1].end == len(text)
