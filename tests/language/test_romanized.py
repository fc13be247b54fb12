"""Korean in Latin letters: found in free spelling, never seen in English, names or other languages."""

from __future__ import annotations

import pytest

from recipes.romanized.romaniser import romanised
from solar_chat.language import identify
from solar_chat.language.identification.romanized import score


@pytest.mark.parametrize(
    "text",
    [
        "annyeonghaseyo", "annyeonghaseyo, jal jinaeseyo?", "gamsahamnida", "mwohae", "jinjja", "bap meogeosseo", "Bap meogeosseoyo?",
        "oneul nalssi eottae", "saranghae", "jigeum mwohago isseo?", "mianhae oppa", "oppa jinjja daebak", "anyonghaseyo", "ottoke jinaeyo",
        "chincha yeppeuda",
        "naeil hakgyo-e gayo", "yeoboseyo", "neomu bogo sipeo", "Jeoneun Minsu imnida", "eodi gaseyo?",
    ],
)  # fmt: skip
def test_romanized_korean(text: str) -> None:
    found = identify(text)
    assert (found.language, found.matrix, found.romanized) == ("ko", "ko", True)


@pytest.mark.parametrize(
    "text",
    [
        "haha omg go dude", "samsung galaxy in seoul", "I love kimchi", "my oppa is cool", "noona and hyung", "what does annyeong mean in English?",
        "uri", "hello", "mayo and tomato", "banana", "piano video", "no way bro", "Kim Minji, Lee Junho, Park Jisung",
        "Yoon Suk-yeol", "Gyeongbokgung Palace",
        "where is gyeongbokgung", "how do you say saranghae", "seoul", "hyundai sonata", "konnichiwa genki desu ka", "watashi wa gakusei desu",
        "arigatou gozaimasu", "saya mau makan nasi goreng", "apa kabar teman", "ciao come stai", "ni hao ma", "hakuna matata", "asdfghjkl", "qwerty",
        "git commit push", "numpy pandas", "la la land", "gangnam style", "bulgogi recipe", "i like you a lot",
    ],
)  # fmt: skip
def test_not_romanized(text: str) -> None:
    assert not identify(text).romanized


def test_the_table_tells_the_two_apart() -> None:
    assert min(score(word) for word in ("yeoboseyo", "haengbok", "gomawoyo", "jeongmal", "eobseo")) > 2
    assert max(score(word) for word in ("weather", "banana", "tomorrow", "strawberry", "question", "kitchen")) < 0


def test_with_hangul_beside_it() -> None:
    assert (identify("daebak 진짜").language, identify("daebak 진짜").romanized) == ("ko", True)
    assert (identify("party 진짜").language, identify("party 진짜").romanized) == ("mixed", False)


@pytest.mark.parametrize(
    ("hangul", "latin"),
    [
        ("안녕하세요", "annyeonghaseyo"), ("먹었어", "meogeosseo"), ("독립", "dongnip"), ("좋아", "joa"), ("신라", "silla"), ("합니다", "hamnida"),
        ("읽어", "ilgeo"),
    ],
)  # fmt: skip
def test_the_recipe_spells_by_sound(hangul: str, latin: str) -> None:
    assert romanised(hangul) == latin
