"""Switching models: the old one's memory is back before the new one is loaded, on either engine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]  # ships no types
import pytest

from solar_chat.engine import Backend, Engine, GenerationRequest, Sampling, load_model
from solar_chat.engine.memory import free_memory
from solar_chat.hardware import Hardware
from tests.engine.conftest import Spec, tiny_config, tiny_model
from tests.engine.gguf_files import write_gguf

MB = 1_000_000
# 75 million weights: 300 MB in float32.
SHAPE: dict[str, Any] = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 5, "head_dim": 64}
SHAPE |= {"num_attention_heads": 16, "num_key_value_heads": 4}


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.close()


def resident_bytes() -> int:
    return int(psutil.Process().memory_info().rss)


def say_something(engine: Engine) -> None:
    """Every weight is used, and the cache is there."""
    list(engine.stream(GenerationRequest("안녕하세요", 2, sampling=Sampling(temperature=0))))


@pytest.fixture(params=["transformers", "llama.cpp"])
def large(request: pytest.FixtureRequest, make_checkpoint: Callable[..., Path], tokenizer: Any, tmp_path: Path) -> Path:
    if request.param == "transformers":
        return make_checkpoint("large", dtype="bfloat16", **SHAPE)
    model = tiny_model(tiny_config(tokenizer.get_vocab_size(), **SHAPE))
    return write_gguf(tmp_path / "large.gguf", model, tokenizer)


def test_the_memory_of_the_old_model_is_back_before_the_new_one_comes(
    engine: Engine, large: Path, checkpoint: Path, gguf: Path, cpu: Hardware
) -> None:
    small = gguf if large.suffix == ".gguf" else checkpoint
    # The libraries stay.
    engine.load(lambda: load_model(Spec("small", small), cpu))
    say_something(engine)
    # What making the files took.
    free_memory()
    before = resident_bytes()
    between: list[int] = []

    def load_small() -> Backend:
        between.append(resident_bytes() - before)
        return load_model(Spec("small", small), cpu)

    for _ in range(2):
        engine.load(lambda: load_model(Spec("large", large), cpu))
        say_something(engine)
        assert resident_bytes() - before > 250 * MB
        engine.load(load_small)
        say_something(engine)
        assert resident_bytes() - before < 60 * MB
    assert max(between) < 60 * MB


def test_a_failed_load_gives_its_memory_back(engine: Engine, make_checkpoint: Callable[..., Path], checkpoint: Path, cpu: Hardware) -> None:
    from tests.engine.test_loading import edit_config

    large = make_checkpoint("large", dtype="bfloat16", **SHAPE)
    edit_config(large, num_hidden_layers=6)
    engine.load(lambda: load_model(Spec("small", checkpoint), cpu))
    say_something(engine)
    # What making the files took.
    free_memory()
    before, threads = resident_bytes(), threading.active_count()
    failed = engine.load_soon(lambda: load_model(Spec("large", large), cpu))
    assert failed.exception() is not None
    assert resident_bytes() - before < 60 * MB
    assert threading.active_count() <= threads
