"""Tiny real checkpoints, made on the spot: a Llama of two layers that has learnt one Korean answer by heart, with a byte-fallback tokenizer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from solar_chat.engine.llama_cpp import LlamaCppBackend
from solar_chat.engine.loading import load_model
from solar_chat.engine.local import LocalBackend
from solar_chat.hardware import Hardware, Reason
from tests.engine.gguf_files import write_gguf
from tests.engine.remote_run import Start, started

SENTENCES = [
    "안녕하세요, 오늘은 날씨가 좋네요. 무엇을 도와 드릴까요?",
    "설정을 확인하십시오. 그러면 해결됩니다.",
    "Hello there, how are you today? The answer is in the settings.",
    "한국어와 English를 함께 씁니다.",
]
SPECIAL = ["<unk>", "<s>", "</s>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"]
PROMPT = "<|user|>안녕?<|end|><|assistant|>"
# 녕, 늘 and 씨 are byte tokens on SOLAR's vocabulary, 힣 and the emoji here: four bytes, joined by a zero-width joiner, with a skin tone.
ANSWER = "안녕하세요, 오늘은 날씨가 좋네요! 힣 😀 👩‍💻 👍🏽 설정을 확인하십시오. 뷁 done."
CPU = Hardware(
    device="cpu",
    device_name="test",
    dtype="float32",
    quantization="nf4",
    reason=Reason("cpu_only", {}),
    host_total_bytes=16_000_000_000,
    host_free_bytes=8_000_000_000,
    device_total_bytes=16_000_000_000,
    device_free_bytes=8_000_000_000,
    physical_cores=2,
    logical_cores=2,
    cpu_name="test",
    cpu_features=("avx2", "fma3", "f16c", "bmi2"),
    system="Linux x86_64",
    versions={},
)


@dataclass(frozen=True)
class Spec:
    id: str
    path: Path | None
    context_tokens: int = 256


def in_four_bits(backend: LocalBackend) -> bool:
    return any(type(module).__name__ == "Linear4bit" for module in backend._model.modules())


def train_tokenizer(*, joins_bytes: bool = True) -> Tokenizer:
    """Llama's pipeline in small: pieces with ▁ for a space, bytes for what is not in the vocabulary."""
    trained = Tokenizer(models.BPE(unk_token="<unk>"))
    trained.pre_tokenizer = pre_tokenizers.Metaspace()
    trained.train_from_iterator(SENTENCES, trainers.BpeTrainer(vocab_size=300, special_tokens=SPECIAL, limit_alphabet=90, show_progress=False))
    model = json.loads(trained.to_str())["model"]
    vocabulary: dict[str, int] = model["vocab"]
    for byte in range(256):
        vocabulary[f"<0x{byte:02X}>"] = len(vocabulary)
    merges = [tuple(merge) for merge in model["merges"]]
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    join = [decoders.ByteFallback()] if joins_bytes else []
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), *join, decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", tokenizer.token_to_id("<s>"))])
    return tokenizer


def byte_level_tokenizer() -> Tokenizer:
    """The pipeline of Qwen in small: BPE over bytes."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=["<|im_end|>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    return tokenizer


def tiny_config(vocabulary: int, model_type: str = "llama", **changes: Any) -> Any:
    from transformers import AutoConfig

    shape = {
        "vocab_size": vocabulary,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "max_position_embeddings": 256,
        "bos_token_id": SPECIAL.index("<s>"),
        "eos_token_id": [SPECIAL.index("</s>"), SPECIAL.index("<|end|>")],
        "pad_token_id": None,
    }
    return AutoConfig.for_model(model_type, **{**shape, **changes})


def tiny_model(config: Any, seed: int = 0) -> Any:
    import torch
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    return AutoModelForCausalLM.from_config(config).eval()


def learn_by_heart(model: Any, ids: list[int]) -> None:
    """Until greedy decoding says exactly `ids`."""
    import torch

    batch = torch.tensor([ids])
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(400):
        loss = model(input_ids=batch, labels=batch).loss
        if loss.item() < 0.01:
            break
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def save(model: Any, tokenizer: Tokenizer, folder: Path, **options: Any) -> Path:
    from transformers.utils import logging

    logging.disable_progress_bar()
    model.save_pretrained(folder, **options)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture(scope="session")
def prompt() -> str:
    return PROMPT


@pytest.fixture(scope="session")
def answer() -> str:
    return ANSWER


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    return train_tokenizer()


@pytest.fixture(scope="session")
def literal_tokenizer() -> Tokenizer:
    """Saved without the step that joins byte tokens: it decodes 힣 to "<0xED><0x9E><0xA3>"."""
    return train_tokenizer(joins_bytes=False)


@pytest.fixture(scope="session")
def byte_level() -> Tokenizer:
    return byte_level_tokenizer()


@pytest.fixture(scope="session")
def checkpoint(tokenizer: Tokenizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the model that answers `PROMPT` with `ANSWER`."""
    model = tiny_model(tiny_config(tokenizer.get_vocab_size()))
    learn_by_heart(model, [*tokenizer.encode(PROMPT).ids, *tokenizer.encode(f"{ANSWER}<|end|>", add_special_tokens=False).ids])
    return save(model, tokenizer, tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture(scope="session")
def gguf(checkpoint: Path, tokenizer: Tokenizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same model in one GGUF file."""
    from transformers import LlamaForCausalLM

    return write_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf", LlamaForCausalLM.from_pretrained(checkpoint), tokenizer)


@pytest.fixture
def open_gguf(gguf: Path, cpu: Hardware) -> Iterator[Callable[..., LlamaCppBackend]]:
    """Load a GGUF file, the tiny one where none is named: `open_gguf(context_tokens=64)`. Closed behind the test."""
    opened: list[LlamaCppBackend] = []

    def open_(file: Path | None = None, context_tokens: int = 256, hardware: Hardware = cpu) -> LlamaCppBackend:
        backend = load_model(Spec("tiny", file or gguf, context_tokens), hardware)
        assert isinstance(backend, LlamaCppBackend)
        opened.append(backend)
        return backend

    yield open_
    for backend in opened:
        backend.close()


@pytest.fixture
def make_checkpoint(tokenizer: Tokenizer, tmp_path: Path) -> Callable[..., Path]:
    """Save an untrained model: `make_checkpoint(model_type="qwen3", num_hidden_layers=3)`."""

    def make(name: str = "model", *, model_type: str = "llama", shard_size: str = "5GB", **changes: Any) -> Path:
        model = tiny_model(tiny_config(tokenizer.get_vocab_size(), model_type, **changes))
        return save(model, tokenizer, tmp_path / name, max_shard_size=shard_size)

    return make


@pytest.fixture
def open_folder(cpu: Hardware) -> Callable[..., LocalBackend]:
    """Load a folder: `open_folder(path, context_tokens=64)`."""

    def open_(folder: Path | None, context_tokens: int = 256, hardware: Hardware = cpu) -> LocalBackend:
        backend = load_model(Spec("tiny", folder, context_tokens), hardware)
        assert isinstance(backend, LocalBackend)
        return backend

    return open_


@pytest.fixture(scope="session")
def cpu() -> Hardware:
    """A plain CPU with 8 GB free, the same on every machine."""
    return CPU


@pytest.fixture
def backend(checkpoint: Path, open_folder: Callable[..., LocalBackend]) -> LocalBackend:
    return open_folder(checkpoint)


@pytest.fixture
def start() -> Iterator[Start]:
    """A server that answers as the test says, and a backend connected to it."""
    yield from started()
