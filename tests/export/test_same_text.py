"""The file answers as the folder does: greedily, in both of our engines, for every architecture and setting that is exported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer

from solar_chat.engine import tokenizer_of
from solar_chat.export import Exported
from solar_chat.messages import Message
from solar_chat.models import describe_gguf
from solar_chat.paths import STARTER_MODEL
from solar_chat.prompts import TEMPLATES, system_prompt
from tests.export.conftest import Make, alike, answer

PROMPT = "설정을 확인하십시오. Hello there,"
LLAMA_3 = {"rope_type": "llama3", "rope_theta": 10000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
Export = Callable[..., Exported]


@pytest.mark.parametrize("question", ["안녕하세요!", "배고파", "Hello, who are you?"])
def test_the_model_in_the_box(question: str, made: Export) -> None:
    template = TEMPLATES["starter"]
    turns = [Message("system", system_prompt("ko", "formal")), Message("user", question)]
    prompt = template.render(turns)
    file = made(STARTER_MODEL).gguf
    texts = [answer(path, prompt, 120, template.stop, 768) for path in (STARTER_MODEL, file)]
    assert texts[0] == texts[1] != ""


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"tie_word_embeddings": True},
        {"attention_bias": True, "mlp_bias": True},
        {"num_key_value_heads": 4, "head_dim": 32},
        {"rope_parameters": {"rope_type": "default", "rope_theta": 500.0}},
        {"rope_parameters": {"rope_type": "linear", "rope_theta": 10000.0, "factor": 4.0}},
        {"rope_parameters": {**LLAMA_3, "original_max_position_embeddings": 16}},
        {"rope_parameters": {"rope_type": "yarn", "rope_theta": 10000.0, "factor": 4.0, "original_max_position_embeddings": 16}},
        {"model_type": "mistral", "sliding_window": None},
        {"model_type": "qwen2"},
        {"model_type": "qwen3", "tie_word_embeddings": True},
    ],
    ids=str,
)
def test_every_setting(settings: dict[str, Any], make: Make, made: Export) -> None:
    folder = make(**settings)
    file = made(folder).gguf
    assert alike(answer(folder, PROMPT), answer(file, PROMPT))


@pytest.mark.parametrize("kind", ["qwen2", "qwen3"])
def test_byte_level_vocabularies(kind: str, make: Make, made: Export, qwen: Tokenizer) -> None:
    folder = make(model_type=kind, tokenizer=qwen, bos_token_id=None, eos_token_id=2, vocab_size=448)
    file = made(folder).gguf
    assert alike(answer(folder, PROMPT), answer(file, PROMPT))
    assert tokenizer_of(file).bos_id is None


@pytest.mark.parametrize("with_json", [True, False])
def test_solars_own_tokenizer(with_json: bool, make: Make, made: Export, tmp_path: Path) -> None:
    mistral = pytest.importorskip("mistral_common")
    pytest.importorskip("sentencepiece")
    from transformers import AutoTokenizer

    given = tmp_path / "given"
    given.mkdir()
    (given / "tokenizer.model").write_bytes((Path(mistral.__file__).parent / "data" / "tokenizer.model.v1").read_bytes())
    (given / "config.json").write_text('{"model_type": "llama"}', encoding="utf-8")
    tokenizer = AutoTokenizer.from_pretrained(given).backend_tokenizer
    assert tokenizer.get_vocab_size() == 32000
    folder = make(tokenizer=tokenizer, bos_token_id=1, eos_token_id=2)
    if not with_json:
        (folder / "tokenizer.json").unlink()
        (folder / "tokenizer.model").write_bytes((given / "tokenizer.model").read_bytes())
    prompt = TEMPLATES["solar"].render([Message("user", "안녕하세요, 오늘은 날씨가 좋네요.")])
    file = made(folder).gguf
    assert alike(answer(folder, prompt), answer(file, prompt))
    assert tokenizer_of(file).encode_prompt(prompt) == tokenizer_of(folder).encode_prompt(prompt)


def test_shards_are_one_file(make: Make, made: Export) -> None:
    whole, cut = make("whole"), make("cut", shard_size="40KB")
    assert len(list(cut.glob("*.safetensors"))) > 2
    for folder in (whole, cut):
        # The folder's name is in the file.
        (folder / "solar_chat.json").write_text('{"name": "same"}', encoding="utf-8")
    assert made(whole, "whole.gguf").gguf.read_bytes() == made(cut, "cut.gguf").gguf.read_bytes()


@pytest.mark.parametrize(("weights", "share"), [("f16", 1.0), ("q8_0", 0.55), ("q4_0", 0.35)])
def test_the_model_in_the_box_in_every_type(weights: str, share: float, made: Export) -> None:
    file = made(STARTER_MODEL, f"{weights}.gguf", weights)
    prompt = TEMPLATES["starter"].render([Message("system", system_prompt("ko", "formal")), Message("user", "안녕하세요!")])
    assert answer(file.gguf, prompt, 60, TEMPLATES["starter"].stop, 768).endswith((".", "?", "!"))
    assert file.bytes < 22_400_000 * share


def test_what_the_file_says_of_itself(made: Export) -> None:
    found = describe_gguf(made("starter").gguf)
    assert (found.template, found.licence, found.commercial, found.context_tokens) == ("starter", "Apache-2.0", True, 768)
    assert found.shape is not None
    assert (found.shape.layers, found.shape.kv_heads, found.shape.head_dim) == (12, 2, 64)
