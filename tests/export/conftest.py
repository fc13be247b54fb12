"""Tiny real checkpoints and both engines: what a folder answers, what its exported file answers."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from solar_chat.engine import GenerationRequest, Sampling, TextPiece, load_model
from solar_chat.export import Exported
from tests.engine.conftest import CPU as BARE_CPU
from tests.engine.conftest import SENTENCES, Spec, save, tiny_config, tiny_model, train_tokenizer

QWEN_CUT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
# Exported files are opened as they are, by one thread.
CPU = replace(BARE_CPU, quantization="none", physical_cores=1, logical_cores=1)
Answer = Callable[..., str]
Make = Callable[..., Path]


def answer(path: Path, prompt: str, tokens: int = 10, stop: tuple[str, ...] = (), context_tokens: int = 256) -> str:
    """What the model at `path` says, greedily."""
    backend = load_model(Spec("tiny", path, context_tokens), CPU)
    try:
        request = GenerationRequest(prompt, tokens, stop, Sampling(temperature=0))
        return "".join(event.text for event in backend.stream(request, threading.Event()) if isinstance(event, TextPiece))
    finally:
        backend.close()


def alike(one: str, other: str) -> bool:
    """Whether two answers of a random model are the same, up to a character that the limit cut off.

    Its words are close calls, and llama.cpp rounds what it multiplies with float16 weights: few of them are compared.
    """
    shorter, longer = sorted((re.sub("\ufffd+.{0,2}$", "", text, flags=re.DOTALL) for text in (one, other)), key=len)
    return shorter == longer != "" or (len(shorter) >= 5 and longer.startswith(shorter))


def qwen_tokenizer() -> Tokenizer:
    """Qwen's own pipeline in small."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    cut = pre_tokenizers.Split(Regex(QWEN_CUT), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([cut, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator(SENTENCES, trainer)
    return tokenizer


@pytest.fixture(scope="session")
def pieces() -> Tokenizer:
    """Llama's pipeline in small."""
    return train_tokenizer()


@pytest.fixture(scope="session")
def qwen() -> Tokenizer:
    return qwen_tokenizer()


@pytest.fixture
def make(tmp_path: Path, pieces: Tokenizer) -> Make:
    """Save an untrained model in float16: `make(model_type="qwen3", tokenizer=...)`."""

    def make_(name: str = "model", *, tokenizer: Tokenizer | None = None, shard_size: str = "5GB", seed: int = 0, **changes: Any) -> Path:
        used = tokenizer or pieces
        config = tiny_config(changes.pop("vocab_size", used.get_vocab_size()), changes.pop("model_type", "llama"), initializer_range=0.3, **changes)
        model = tiny_model(config, seed)
        for parameter in model.parameters():
            # Norms and biases start as ones and zeros, which would hide that they count.
            if parameter.dim() == 1:
                parameter.data.normal_(0.8, 0.2)
        return save(model.half(), used, tmp_path / name, max_shard_size=shard_size)

    return make_


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., Exported]:
    """Export through the door that people use: `made(folder, weights="q8_0")`."""
    from solar_chat.paths import Home
    from solar_chat.workshop.exporting import export_model

    def made_(folder: Path | str, name: str = "out.gguf", weights: Any = "f16", **options: Any) -> Exported:
        return export_model(str(folder), tmp_path / "exported" / name, weights, Home.find(tmp_path / "home"), **options)[0]

    return made_
