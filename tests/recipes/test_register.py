"""The recipe of the character model: what it trains on, what it holds out, and that the file in the box is what it makes."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from recipes.register.data import Line, is_held_out, load, noun_phrases, own, respelled
from recipes.register.train import accuracy, fit, save
from solar_chat.language.register.character_model import BUCKETS, CLASSES, CharacterModel, character_model, grams
from solar_chat.language.types import Family
from solar_chat.paths import REGISTER_MODEL

VERBS: tuple[tuple[str, Family, str], ...] = (
    ("먹어요", "jondaemal", "polite"),
    ("먹습니다", "jondaemal", "formal"),
    ("먹어", "banmal", "casual"),
    ("먹는다", "banmal", "plain"),
)
GRAMS = [64714, 68444, 107004]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pairs = [(f"나는 {number}번 갔어", f"저는 {number}번 갔어요") for number in range(40)]
    kht, chatbot = tmp_path / "korean-honorific-translation", tmp_path / "chatbot-data"
    kht.mkdir()
    chatbot.mkdir()
    for part, rows in (("train", pairs), ("valid", pairs[:1])):
        (kht / f"src-{part}.txt").write_text("\n".join(row[0] for row in rows), encoding="utf-8")
        (kht / f"tgt-{part}.txt").write_text("\n".join(row[1] for row in rows), encoding="utf-8")
    (chatbot / "ChatbotData.csv").write_text("Q,A,label\n파란 하늘이 좋아,하늘이 예쁘네요.,0\n", encoding="utf-8")
    return tmp_path


def test_lines_carry_what_is_known_about_them(folder: Path) -> None:
    data = load(folder, seed=1)
    assert Line("파란 하늘이 좋아", "banmal", "casual") in data.train
    assert Line("하늘이 예쁘네요.", "jondaemal", "polite") in data.train
    assert Line("파란 하늘", "none", "none") in data.train
    assert Line("확인함", "none", "none") in data.train
    held = {line.text for line in data.dev}
    assert held == {line for number in range(1, 40) if is_held_out(number) for line in (f"나는 {number}번 갔어", f"저는 {number}번 갔어요")}
    trained = {line.text for line in data.train}
    assert not trained & held
    assert "나는 0번 갔어" not in trained


def test_noun_phrases_end_before_the_particle() -> None:
    assert {"새로운 기능", "기능"} <= set(noun_phrases("새로운 기능을 써 봐요"))


def test_respelling_keeps_the_family() -> None:
    lines = [found for seed in range(40) for found in respelled(Line("알겠습니다.", "jondaemal", "formal"), random.Random(seed))]
    assert 5 < len(lines) < 25
    assert {line.level for line in lines} == {"formal"}
    assert all(line.text.startswith("알겠") and line.text != "알겠습니다." for line in lines)


def test_own_lines_name_a_class_each() -> None:
    assert {line.level for line in own()} == set(CLASSES)


def test_a_small_fit_separates_what_it_saw(tmp_path: Path) -> None:
    lines = [Line(f"{noun} {verb}", family, level) for noun in ("밥", "물", "책") for verb, family, level in VERBS]
    lines += [Line(noun, "none", "none") for noun in ("밥 목록", "물 목록", "책 목록")]
    model = fit(lines * 20, epochs=40)
    assert accuracy(model, [line for line in lines if line.level != "none"]) == {"lines": 12, "family": 1.0, "level": 1.0}
    assert model.guess("밥 목록").none > 0.5
    file = save(model, tmp_path)
    with np.load(file, allow_pickle=False) as arrays:
        assert arrays["weights"].dtype == np.int8
        again = CharacterModel(arrays["weights"], arrays["scale"], arrays["bias"])
    assert again.guess("밥 먹어요") == model.guess("밥 먹어요")
    assert [found.name for found in tmp_path.iterdir()] == ["model.npz"]


def test_grams_are_the_same_on_every_machine() -> None:
    assert grams("가요.") == grams("가요")
    assert len(grams("가요")) == 6  # 가 요 $ 가요 요$ 가요$
    assert grams("가") == GRAMS
    assert grams("?!") == []


def test_the_file_in_the_box() -> None:
    assert REGISTER_MODEL.stat().st_size < 2_000_000
    model = character_model()
    assert model.weights.shape == (BUCKETS, len(CLASSES))
    assert model.guess("어케 하죠").level == "polite"
    assert model.guess("이거 머냐").jondaemal < 0.1
    assert model.guess("오늘의 날씨").none > 0.5
    assert model.guess("").none == 1.0
    assert model.guess("\ud800").none <= 1.0
