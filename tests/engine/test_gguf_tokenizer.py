"""The tokenizer made of a GGUF file against llama.cpp's own, which only its HTTP server offers, and SOLAR's against SentencePiece."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from gguf import GGUFWriter
from tokenizers import Tokenizer

from solar_chat.engine.gguf_file import read_gguf
from solar_chat.engine.gguf_tokenizer import gguf_tokenizer
from tests.engine.conftest import tiny_config, tiny_model
from tests.engine.gguf_files import finish, write_gguf

TEXTS = [
    "안녕하세요, 오늘은 날씨가 좋네요.",
    "설정을 확인하십시오. 뷁 힣 😀 👩‍💻",
    "Hello there,  how are\n\n you 1234567 today?",
    "<|user|>안녕?<|end|><|assistant|>",
    "don't\tdo it'll 12,345.67원   끝 ",
    "",
]


def ids_of_llama_cpp(file: Path, texts: list[str]) -> list[list[int]]:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path, params.n_ctx, params.verbosity, params.warmup, params.fit_params = str(file), 256, -1, False, False
    server = xllamacpp.Server(params)
    found = []
    for text in texts:
        body = json.dumps({"content": text, "add_special": True, "parse_special": True}).encode()
        request = urllib.request.Request(f"{server.listening_address}/tokenize", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            found.append(json.load(answer)["tokens"])
    return found


def test_pieces(gguf: Path) -> None:
    ours = gguf_tokenizer(read_gguf(gguf))
    assert [ours.encode_prompt(text) for text in TEXTS] == ids_of_llama_cpp(gguf, TEXTS)


@pytest.mark.parametrize("pre", ["gpt-2", "llama-bpe", "qwen2"])
def test_byte_level(tmp_path: Path, byte_level: Tokenizer, pre: str) -> None:
    model = tiny_model(tiny_config(byte_level.get_vocab_size(), bos_token_id=0, eos_token_id=0))
    file = write_gguf(tmp_path / "model.gguf", model, byte_level, add_bos=None, pre=pre)
    ours = gguf_tokenizer(read_gguf(file))
    assert [ours.encode_prompt(text) for text in TEXTS] == ids_of_llama_cpp(file, TEXTS)


def test_solar(tmp_path: Path) -> None:
    """SOLAR's vocabulary is Mistral 7B's; in a model that is tiny but for it."""
    sentencepiece = pytest.importorskip("sentencepiece")
    data = pytest.importorskip("mistral_common").__path__[0]
    pieces = sentencepiece.SentencePieceProcessor(str(Path(data) / "data" / "tokenizer.model.v1"))
    file = solar_vocabulary(tmp_path / "solar.gguf", pieces)
    ours = gguf_tokenizer(read_gguf(file))
    text = "안녕하세요, 오늘은 날씨가 좋네요."
    assert ours.encode(text) == pieces.encode(text)
    assert len(ours.encode(text)) == 26
    texts = [*TEXTS, f"### User:\n{text}\n\n### Assistant:\n", "<s>hi</s>"]
    assert [ours.encode_prompt(text) for text in texts[:-1]] == ids_of_llama_cpp(file, texts)[:-1]
    assert ours.encode_prompt("<s>hi").count(1) == 1


def solar_vocabulary(file: Path, pieces: Any) -> Path:
    import numpy as np
    from gguf import TokenType

    writer = GGUFWriter(file, "llama")
    size, width = pieces.vocab_size(), 32
    for add, value in (("context_length", 256), ("embedding_length", width), ("block_count", 1), ("feed_forward_length", 32), ("head_count", 2)):
        getattr(writer, f"add_{add}")(value)
    writer.add_layer_norm_rms_eps(1e-5)
    kinds = {"is_unknown": TokenType.UNKNOWN, "is_control": TokenType.CONTROL, "is_byte": TokenType.BYTE}
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([pieces.id_to_piece(index) for index in range(size)])
    writer.add_token_scores([pieces.get_score(index) for index in range(size)])
    writer.add_token_types([next((kind for name, kind in kinds.items() if getattr(pieces, name)(index)), TokenType.NORMAL) for index in range(size)])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    shapes = {"token_embd": (size, width), "output": (size, width), "output_norm": (width,), "blk.0.attn_norm": (width,), "blk.0.ffn_norm": (width,)}
    shapes |= {f"blk.0.{name}": (width, width) for name in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")}
    for name, shape in shapes.items():
        writer.add_tensor(f"{name}.weight", np.zeros(shape, np.float32))
    return finish(writer, file)
