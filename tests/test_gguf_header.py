"""Headers of GGUF files, whole, cut, broken and from their first bytes: against the library that writes them."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from gguf import GGUFReader, GGUFWriter

from solar_chat.errors import ModelError
from solar_chat.gguf_header import header_of_beginning, is_later_shard, quantization, read_header, shards


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "모델.Q4_K_M.gguf"
    writer = GGUFWriter(path, "llama")
    writer.add_name("작은 모델")
    writer.add_context_length(4096)
    writer.add_embedding_length(64)
    writer.add_block_count(3)
    writer.add_head_count(4)
    writer.add_head_count_kv([2, 2, 1])
    writer.add_rope_freq_base(10000.0)
    writer.add_token_list(["<s>", "안녕", "\u00ff", *(f"piece {number}" for number in range(20_000))])
    writer.add_token_scores([0.5] * 20_003)
    writer.add_chat_template("{{ messages }}")
    writer.add_tensor("blk.0.attn_q.weight", np.zeros((64, 64), np.float32))
    writer.add_tensor("output_norm.weight", np.zeros(64, np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_it_reads_what_the_library_reads(file: Path) -> None:
    header, theirs = read_header(file), GGUFReader(file)
    assert header.metadata == {name: entry.contents() for name, entry in theirs.fields.items() if not name.startswith("GGUF.")}
    assert [(tensor.elements, tensor.kind) for tensor in header.tensors] == [(tensor.n_elements, tensor.tensor_type) for tensor in theirs.tensors]
    assert [header.data_start + tensor.offset for tensor in header.tensors] == [tensor.data_offset for tensor in theirs.tensors]
    assert (header.architecture, header.parameters, header.number("block_count")) == ("llama", 64 * 64 + 64, 3)
    assert (header.head_widths, header.cached_heads) == ((16, 16), 5)


def test_without_the_vocabulary(file: Path) -> None:
    header = read_header(file, vocabulary=False)
    assert "tokenizer.ggml.tokens" not in header.metadata
    assert header.metadata["tokenizer.chat_template"] == "{{ messages }}"
    assert header.tensors == read_header(file).tensors


def test_the_first_kilobytes_are_enough_for_the_numbers(file: Path) -> None:
    data = file.read_bytes()
    header = header_of_beginning(data[:4096])
    assert header is not None
    assert (header.metadata["general.name"], header.number("context_length"), header.cached_heads) == ("작은 모델", 4096, 5)
    assert (header.tensors, header.data_start) == ((), 0)
    assert header_of_beginning(data[:2]) is None
    assert header_of_beginning(b"<!doctype html>" * 100) is None


def test_a_file_cut_anywhere_or_broken_is_refused_and_takes_no_memory(file: Path) -> None:
    data = file.read_bytes()
    end = read_header(file).data_start
    chance = random.Random(0)
    for length in (0, 3, 4, 10, 24, *(chance.randrange(end - 32) for _ in range(20))):
        file.write_bytes(data[:length])
        with pytest.raises(ModelError, match="model_file_broken"):
            read_header(file)
    # Lengths of 2^63: of the first key, and of the number of entries.
    for at in (16, 24):
        file.write_bytes(data[:at] + (1 << 63).to_bytes(8, "little") + data[at + 8 :])
        with pytest.raises(ModelError, match="model_file_broken"):
            read_header(file)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("solar-10.7b-instruct-v1.0.Q4_K_M.gguf", "Q4_K_M"),
        ("Qwen3-8B-q5_k_m.gguf", "Q5_K_M"),
        ("Q8_0/model-Q8_0-00001-of-00003.gguf", "Q8_0"),
        ("model-UD-Q4_K_XL.gguf", "UD-Q4_K_XL"),
        ("model.IQ2_XXS.gguf", "IQ2_XXS"),
        ("ggml-model-f16.gguf", "F16"),
        ("Q4_0.gguf", "Q4_0"),
        ("model.gguf", None),
        ("FAQ4.gguf", None),
    ],
)
def test_what_a_name_says(name: str, kind: str | None) -> None:
    assert quantization(name) == kind


def test_shards() -> None:
    assert shards("a/x-00002-of-00003.gguf") == tuple(f"a/x-0000{number}-of-00003.gguf" for number in (1, 2, 3))
    assert shards("x.gguf") == ("x.gguf",)
    assert [is_later_shard(name) for name in ("x-00001-of-00003.gguf", "x-00003-of-00003.gguf", "x.gguf")] == [False, True, False]
