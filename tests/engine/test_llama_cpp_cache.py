"""Keys and values in 8 bits, where 16 would take too much: the same words, the same prefix, and only there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from solar_chat.engine import llama_server
from solar_chat.engine.gguf_file import read_gguf
from solar_chat.engine.llama_cpp import LlamaCppBackend
from solar_chat.engine.loading import RESERVE_BYTES
from solar_chat.errors import OutOfMemory
from solar_chat.hardware import Hardware, llama_cpp_cache_is_8_bit
from tests.engine.conftest import ANSWER, PROMPT, learn_by_heart, tiny_config, tiny_model
from tests.engine.gguf_files import write_gguf
from tests.engine.test_llama_cpp import reading, run, text_of

Open = Callable[..., LlamaCppBackend]


@pytest.fixture(scope="module")
def file(tokenizer: Tokenizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model that knows the answer, with heads of 32."""
    model = tiny_model(tiny_config(tokenizer.get_vocab_size(), head_dim=32))
    learn_by_heart(model, [*tokenizer.encode(PROMPT).ids, *tokenizer.encode(f"{ANSWER}<|end|>", add_special_tokens=False).ids])
    return write_gguf(tmp_path_factory.mktemp("wide heads") / "model.gguf", model, tokenizer)


@pytest.fixture
def short(cpu: Hardware, file: Path) -> Hardware:
    """Room for the weights and three quarters of the cache."""
    return replace(cpu, host_free_bytes=file.stat().st_size + 3 * read_gguf(file).cache_bytes(256) // 4 + RESERVE_BYTES)


def test_it_is_chosen_where_memory_is_short(file: Path, cpu: Hardware, short: Hardware, open_gguf: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = []
    start = llama_server._unreachable

    def watched(server: object, params: object) -> object:
        kinds.append((params.cache_type_k, params.cache_type_v))  # type: ignore[attr-defined]  # xllamacpp ships no types
        return start(server, params)

    monkeypatch.setattr(llama_server, "_unreachable", watched)
    open_gguf(file, hardware=short)
    open_gguf(file)
    with pytest.raises(OutOfMemory):
        open_gguf(file, hardware=replace(short, host_free_bytes=short.host_free_bytes - 30_000))
    # q8_0 and float16 in ggml's numbers.
    assert kinds == [(8, 8), (1, 1)]


def test_it_says_the_same_and_a_prefix_equals_a_fresh_start(file: Path, short: Hardware, open_gguf: Open) -> None:
    warm = open_gguf(file, hardware=short)
    assert text_of(run(warm, PROMPT)) == text_of(run(open_gguf(file), PROMPT)) == ANSWER
    longer = f"{PROMPT}{ANSWER}<|end|><|user|>Hello<|end|><|assistant|>"
    second = run(warm, longer, 40)
    assert reading(second).reused_tokens >= warm.count_tokens(PROMPT)
    assert text_of(second) == text_of(run(open_gguf(file, hardware=short), longer, 40))


def test_heads_that_are_no_whole_blocks_stay_in_16_bits(gguf: Path, file: Path) -> None:
    for path, width, chosen in ((gguf, 16, False), (file, 32, True)):
        found = read_gguf(path)
        assert found.header.head_widths == (width, width)
        assert found.takes_8_bit_cache(256, found.weight_bytes + 3 * found.cache_bytes(256) // 4) is chosen


@pytest.mark.parametrize(
    ("weights_gb", "free_gb", "chosen"),
    [
        # SOLAR at Q4_K_M with plenty of memory: the bound of 7 GB. At Q4_0 16 bits keep it.
        (6.46, 20, True),
        (6.07, 20, False),
        # At Q5_K_M 8 bits do not keep it, so that only what is free counts.
        (7.6, 20, False),
        (7.6, 8.2, True),
        (7.6, 7.9, False),
        (0.5, 20, False),
    ],
)
def test_the_bound(weights_gb: float, free_gb: float, chosen: bool) -> None:
    assert llama_cpp_cache_is_8_bit(int(weights_gb * 1e9), 196_608 * 4096, int(free_gb * 1e9)) is chosen
