"""Tokenizers: those that llama.cpp knows are written as it knows them, every other step is refused by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer

from solar_chat.engine import tokenizer_of
from solar_chat.engine.gguf_file import read_gguf
from solar_chat.errors import InputError
from solar_chat.export import Exported
from solar_chat.export.vocabulary import _CUTS
from solar_chat.gguf_words import WORDS
from tests.engine.test_gguf_tokenizer import TEXTS
from tests.export.conftest import Make

Export = Callable[..., Exported]
METASPACE = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
DIGITS = {"type": "Digits", "individual_digits": True}


def change(folder: Path, edit: Callable[[dict[str, Any]], None]) -> Path:
    path = folder / "tokenizer.json"
    state = json.loads(path.read_text(encoding="utf-8"))
    edit(state)
    path.write_text(json.dumps(state, ensure_ascii=False), encoding="utf-8")
    return folder


def set_(part: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda state: state.__setitem__(part, value)


def set_model(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda state: state["model"].update(changes)


def set_token(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda state: state["added_tokens"][-1].update(changes)


@pytest.mark.parametrize("steps", [METASPACE, {"type": "Sequence", "pretokenizers": [METASPACE, DIGITS]}], ids=["metaspace", "digits"])
def test_newer_ways_to_say_the_same(steps: dict[str, Any], make: Make, made: Export) -> None:
    folder = change(change(make(), set_("normalizer", {"type": "NFC"})), set_("pre_tokenizer", steps))
    ours, theirs = tokenizer_of(folder), tokenizer_of(made(folder).gguf)
    texts = [text for text in TEXTS if not text.startswith(" ")]
    assert [ours.encode(text) for text in texts] == [theirs.encode(text) for text in texts]
    assert len(texts) > 5


DOUBLED = [{"type": "Replace", "pattern": {"String": " "}, "content": "▁"}, {"type": "Replace", "pattern": {"Regex": "\\A▁"}, "content": "▁▁"}]


def test_a_space_in_front_of_one_that_is_there(make: Make, made: Export) -> None:
    """As transformers converts SentencePiece models from 5.24 on: with the same ids for texts that begin with a space, too."""
    steps = {"type": "Sequence", "normalizers": DOUBLED}
    folder = change(change(make(), set_("normalizer", steps)), set_("pre_tokenizer", {**METASPACE, "split": False}))
    ours, theirs = tokenizer_of(folder), tokenizer_of(made(folder).gguf)
    texts = [*TEXTS, *(f" {text}" for text in TEXTS), "  두 칸"]
    assert [ours.encode(text) for text in texts] == [theirs.encode(text) for text in texts]


def test_ids_of_pieces_and_bytes(make: Make, made: Export, qwen: Tokenizer) -> None:
    for name, options in (("pieces", {}), ("bytes", {"tokenizer": qwen, "model_type": "qwen2", "bos_token_id": None, "eos_token_id": 2})):
        folder = make(name, **options)
        ours, theirs = tokenizer_of(folder), tokenizer_of(made(folder, f"{name}.gguf").gguf)
        assert [ours.encode_prompt(text) for text in TEXTS] == [theirs.encode_prompt(text) for text in TEXTS]
        assert ours.special_ids == theirs.special_ids


def test_ends_and_beginning(make: Make, made: Export, pieces: Tokenizer) -> None:
    written = read_gguf(made(make()).gguf).metadata
    token = pieces.token_to_id
    assert written["tokenizer.ggml.bos_token_id"] == token("<s>")
    assert (written["tokenizer.ggml.eos_token_id"], written["tokenizer.ggml.eot_token_id"]) == (token("</s>"), token("<|end|>"))
    assert (written["tokenizer.ggml.add_bos_token"], written["tokenizer.ggml.add_eos_token"]) == (True, False)
    assert written["tokenizer.ggml.unknown_token_id"] == token("<unk>")


def test_rows_without_a_token_are_filled(make: Make, made: Export, pieces: Tokenizer) -> None:
    size = pieces.get_vocab_size()
    written = read_gguf(made(make(vocab_size=size + 3)).gguf).metadata
    assert written["tokenizer.ggml.tokens"][size:] == [f"[PAD{size + index}]" for index in range(3)]
    assert written["tokenizer.ggml.token_type"][size:] == [5, 5, 5]


def test_a_space_only_in_front_of_the_text_is_told(make: Make, made: Export) -> None:
    folder = change(change(make(), set_("normalizer", None)), set_("pre_tokenizer", {**METASPACE, "prepend_scheme": "first", "split": False}))
    assert made(folder).notes == ("space",)


@pytest.mark.parametrize(
    ("edit", "what"),
    [
        (set_("normalizer", {"type": "NFKC"}), "normalizer NFKC"),
        (set_("normalizer", {"type": "Lowercase"}), "normalizer Lowercase"),
        (set_("normalizer", None), "no step for spaces"),
        (set_("normalizer", {"type": "Sequence", "normalizers": DOUBLED}), "normalizer Replace"),
        (set_("pre_tokenizer", {"type": "Whitespace"}), "pre_tokenizer Whitespace"),
        (set_("pre_tokenizer", {"type": "Digits", "individual_digits": False}), "pre_tokenizer Digits"),
        (set_model(byte_fallback=False), "normalizer Sequence"),
        (set_token(lstrip=True), "added token <|end|>"),
    ],
)
def test_other_steps_are_refused(edit: Callable[[dict[str, Any]], None], what: str, make: Make, made: Export, tmp_path: Path) -> None:
    folder = change(make(), edit)
    with pytest.raises(InputError) as caught:
        made(folder)
    assert caught.value.key == "export_tokenizer"
    assert caught.value.params["what"] in (what, "normalizer Prepend")
    assert not (tmp_path / "exported").exists() or list((tmp_path / "exported").iterdir()) == []


@pytest.mark.parametrize(
    ("edit", "what"),
    [
        (lambda state: state["pre_tokenizer"]["pretokenizers"][0]["pattern"].update(Regex=r"\p{N}{1,2}"), "Split"),
        (lambda state: state["pre_tokenizer"]["pretokenizers"][1].update(add_prefix_space=True), "ByteLevel"),
        (set_model(ignore_merges=True), "ignore_merges with qwen2"),
        (set_("pre_tokenizer", None), "none"),
    ],
)
def test_other_cuts_are_refused(edit: Callable[[dict[str, Any]], None], what: str, make: Make, made: Export, qwen: Tokenizer) -> None:
    folder = change(make(model_type="qwen2", tokenizer=qwen, bos_token_id=None, eos_token_id=2), edit)
    with pytest.raises(InputError) as caught:
        made(folder)
    assert caught.value.key == "export_tokenizer"
    assert what in str(caught.value.params["what"])


def test_what_is_written_is_read_by_the_same_table() -> None:
    assert all(WORDS[name] == pattern for pattern, name in _CUTS.items())


def test_merges_that_llama_cpp_would_do_otherwise_are_refused(make: Make, made: Export) -> None:
    """A piece without a merge of its own: our pipeline never makes it, llama.cpp would, and the comparison after writing sees it."""
    folder = change(make(), lambda state: state["model"].update(merges=state["model"]["merges"][: len(state["model"]["merges"]) // 2]))
    with pytest.raises(InputError, match="export_tokenizer"):
        made(folder)


def test_more_tokens_than_rows(make: Make, made: Export, pieces: Tokenizer) -> None:
    with pytest.raises(InputError, match="export_vocabulary"):
        made(make(vocab_size=pieces.get_vocab_size() - 1, eos_token_id=2))
