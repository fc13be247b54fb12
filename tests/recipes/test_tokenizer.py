"""The tokenizer: text survives it, markers are single tokens, and it streams."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream

from recipes.starter.tokenizer import END_ID, SPECIAL_TOKENS, encode_loosely, save_tokenizer, train_tokenizer

TEXTS = ["말투는 입력창 바로 위의 단추에서 바꿉니다.", "안녕하십니까? 만나서 반갑습니다.", "Open Settings and load a full model.", "2024년 12월"] * 20


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer(TEXTS, 500)


@pytest.mark.parametrize("text", ["말투는 어디서 바꿉니까?", "쀍뛟 훑고", "emoji 😀 and 漢字", "a  b", "line\nbreak\ttab", "`python app.py --share`"])
def test_round_trip(tokenizer: Tokenizer, text: str) -> None:
    assert tokenizer.decode(tokenizer.encode(text).ids) == text


def test_decomposed_hangul_is_composed(tokenizer: Tokenizer) -> None:
    assert tokenizer.encode("\u1112\u1161\u11ab\u1100\u1173\u11af").ids == tokenizer.encode("한글").ids


def test_markers_are_single_and_digits_stand_alone(tokenizer: Tokenizer) -> None:
    assert [tokenizer.encode(marker).ids for marker in SPECIAL_TOKENS] == [[0], [1], [2], [3]]
    assert END_ID == 0
    assert [token.lstrip("▁") for token in tokenizer.encode("2024").tokens if token != "▁"] == ["2", "0", "2", "4"]


def test_unknown_characters_fall_back_to_bytes(tokenizer: Tokenizer) -> None:
    assert tokenizer.encode("쀍").tokens[-3:] == ["<0xEC>", "<0x80>", "<0x8D>"]


def test_stream_gives_whole_characters(tokenizer: Tokenizer) -> None:
    text = "쀍 반갑습니다 😀."
    stream = DecodeStream()
    pieces = [piece for token in tokenizer.encode(text).ids if (piece := stream.step(tokenizer, token))]
    assert "".join(pieces) == text
    assert not any("�" in piece or "<0x" in piece for piece in pieces)


def test_no_bos_is_added_after_saving(tokenizer: Tokenizer, tmp_path: Path) -> None:
    save_tokenizer(tokenizer, tmp_path)
    again = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    assert again.encode("안녕하십니까?", add_special_tokens=True).ids == tokenizer.encode("안녕하십니까?", add_special_tokens=False).ids
    assert again.get_vocab_size() <= 500


def test_loose_encoding_says_the_same_in_other_tokens(tokenizer: Tokenizer) -> None:
    text = "말투는 입력창 바로 위의 단추에서 바꿉니다."
    drawn = [encode_loosely(tokenizer, text, random.Random(seed), share=0.9) for seed in range(10)]
    assert all(tokenizer.decode(ids) == text for ids in drawn)
    assert len({tuple(ids) for ids in drawn}) > 5
    assert encode_loosely(tokenizer, text, random.Random(1), share=0.9) == drawn[1]
    assert encode_loosely(tokenizer, text, random.Random(0), share=0.0) == tokenizer.encode(text).ids
