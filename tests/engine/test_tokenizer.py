"""Whole characters out of tokens, and one BOS in front of a prompt."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tokenizers import Tokenizer, pre_tokenizers

from solar_chat.engine.loading import load_tokenizer
from solar_chat.engine.tokenizer import Detokenizer, TextTokenizer, byte_level_alphabet
from solar_chat.errors import ModelError

MIXED = "안녕하세요! 녕 늘 씨 힣 뷁 😀 👩‍💻 🇰🇷 👍🏽 English café ½ \t끝\n\n새 줄"
ALL = ["tokenizer", "literal_tokenizer", "byte_level"]


def decode(tokenizer: Tokenizer, ids: list[int]) -> list[str]:
    detokenizer = Detokenizer(TextTokenizer(tokenizer, bos_id=None))
    return [detokenizer.push(token) for token in ids]


def encode(tokenizer: Tokenizer, text: str) -> list[int]:
    return list(tokenizer.encode(text, add_special_tokens=False).ids)


@pytest.mark.parametrize("which", ALL)
def test_korean_and_emoji_come_out_byte_exact(which: str, request: pytest.FixtureRequest) -> None:
    tokenizer = request.getfixturevalue(which)
    pieces = decode(tokenizer, encode(tokenizer, MIXED))
    assert "".join(pieces).encode() == MIXED.encode()
    assert not any("\ufffd" in piece or "<0x" in piece for piece in pieces)


@pytest.mark.parametrize("which", ALL)
def test_any_text_comes_out_as_it_went_in(which: str, request: pytest.FixtureRequest) -> None:
    tokenizer = request.getfixturevalue(which)

    @given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="▁\ufffd"), max_size=30))
    def check(text: str) -> None:
        # Special tokens are no text: typed out, they are still parsed.
        assume(not any(token.special and token.content in text for token in tokenizer.get_added_tokens_decoder().values()))
        ids = encode(tokenizer, text)
        if tokenizer.token_to_id("<unk>") not in ids or which == "byte_level":
            assert "".join(decode(tokenizer, ids)) == text

    check()


def test_the_literal_tokenizer_really_decodes_to_literals(literal_tokenizer: Tokenizer) -> None:
    assert literal_tokenizer.decode(encode(literal_tokenizer, "힣")) == "<0xED><0x9E><0xA3>"


@pytest.mark.parametrize("which", ["tokenizer", "literal_tokenizer"])
def test_a_space_behind_leading_bytes_is_kept(which: str, request: pytest.FixtureRequest) -> None:
    tokenizer = request.getfixturevalue(which)
    assert "".join(decode(tokenizer, encode(tokenizer, "😀 done"))) == "😀 done"


def test_a_written_byte_token_is_text_where_the_model_spelled_it(literal_tokenizer: Tokenizer) -> None:
    ids = encode(literal_tokenizer, "<0x") + encode(literal_tokenizer, "E3>")
    assert "".join(decode(literal_tokenizer, ids)).replace(" ", "") == "<0xE3>"


@pytest.mark.parametrize("which", ALL)
@pytest.mark.parametrize("bad_bytes", [1, 2, 3, 4, 5, 40])
def test_bad_bytes_drain_and_spoil_nothing_behind_them(which: str, bad_bytes: int, request: pytest.FixtureRequest) -> None:
    tokenizer = request.getfixturevalue(which)
    bad = tokenizer.token_to_id("<0xFF>") if which != "byte_level" else encode(tokenizer, "힣")[-1]
    pieces = decode(tokenizer, [bad] * bad_bytes + encode(tokenizer, "힣 좋네요")[0 if which == "byte_level" else 1 :])
    assert "".join(pieces) == "\ufffd" * bad_bytes + "힣 좋네요"
    assert all(pieces[:bad_bytes])


@pytest.mark.parametrize("which", ALL)
def test_a_character_cut_by_the_end_of_the_reply_is_dropped(which: str, request: pytest.FixtureRequest) -> None:
    tokenizer = request.getfixturevalue(which)
    ids = encode(tokenizer, "좋네요 😀")
    assert len(encode(tokenizer, "😀")) >= 3
    assert "".join(decode(tokenizer, ids[:-1])).rstrip() == "좋네요"


def test_a_real_replacement_character_does_not_freeze_the_stream(byte_level: Tokenizer) -> None:
    assert "".join(decode(byte_level, encode(byte_level, "a\ufffdb \ufffd\ufffd 끝"))) == "a\ufffdb \ufffd\ufffd 끝"


def test_the_byte_level_alphabet_is_that_of_the_library() -> None:
    assert sorted(byte_level_alphabet()) == sorted(pre_tokenizers.ByteLevel.alphabet())
    assert sorted(byte_level_alphabet().values()) == list(range(256))


def test_special_tokens_have_no_text(tokenizer: Tokenizer) -> None:
    ids = encode(tokenizer, "네.<|end|>")
    assert ids[-1] == tokenizer.token_to_id("<|end|>")
    assert "".join(decode(tokenizer, ids)) == "네."


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (None, 1),
        ({"add_bos_token": True, "bos_token": "<s>"}, 1),
        ({"add_bos_token": False, "bos_token": "<s>"}, 0),
        ({"add_bos_token": True, "bos_token": {"content": "<s>"}}, 1),
    ],
)
@pytest.mark.parametrize("written", ["", "<s>"])
def test_there_is_exactly_one_bos(tokenizer: Tokenizer, tmp_path: Path, config: dict[str, object] | None, expected: int, written: str) -> None:
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    if config is not None:
        (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
    ids = load_tokenizer(tmp_path).encode_prompt(f"{written}<|user|>안녕")
    assert ids.count(1) == max(expected, len(written) // 3)
    assert ids[expected or len(written) // 3] == tokenizer.token_to_id("<|user|>")


def test_a_tokenizer_without_post_processor_gets_no_bos(byte_level: Tokenizer, tmp_path: Path) -> None:
    byte_level.save(str(tmp_path / "tokenizer.json"))
    assert load_tokenizer(tmp_path).bos_id is None


def test_a_sentencepiece_model_alone_is_enough(tmp_path: Path) -> None:
    pytest.importorskip("google.protobuf")
    sentencepiece = pytest.importorskip("sentencepiece")

    corpus = tmp_path / "corpus.txt"
    corpus.write_text("안녕하세요 오늘은 날씨가 좋네요\nhello there\n" * 20, encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(corpus), model_prefix=str(tmp_path / "tokenizer"), model_type="bpe", vocab_size=320, byte_fallback=True, minloglevel=2
    )
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama"}))
    tokenizer = load_tokenizer(tmp_path)
    ids = tokenizer.encode_prompt("안녕하세요 😀")
    assert ids[0] == 1
    assert tokenizer.tokenizer.decode(ids) == "안녕하세요 😀"


@pytest.mark.parametrize(("content", "key"), [(None, "model_file_missing"), ("{", "model_file_broken")])
def test_a_missing_or_broken_tokenizer_is_named(tmp_path: Path, content: str | None, key: str) -> None:
    if content is not None:
        (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(ModelError) as caught:
        load_tokenizer(tmp_path)
    assert caught.value.key == key
    assert caught.value.params["file"] == "tokenizer.json"
