"""Models opened for measuring: what cannot be opened is refused before memory is taken."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from solar_chat.checkpoint import Checkpoint
from solar_chat.engine import opened, weight_format
from solar_chat.engine.loading import weight_bytes
from solar_chat.errors import ModelError, OutOfMemory
from solar_chat.hardware import Hardware

Make = Callable[..., Path]


@pytest.mark.parametrize("more", [{}, {"auto_map": {"AutoModelForCausalLM": "evil.M"}}])
def test_an_architecture_that_transformers_does_not_know(make_checkpoint: Make, cpu: Hardware, more: dict[str, object]) -> None:
    folder = make_checkpoint()
    config = folder / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "model_type": "unheard_of", **more}))
    with pytest.raises(ModelError) as caught, opened(Checkpoint.read(folder), cpu, "float32", "tiny"):
        pass
    assert (caught.value.key, caught.value.params) == ("measure_architecture", {"path": folder, "type": "unheard_of"})


def test_a_head_that_is_the_embedding_takes_nothing_more(make_checkpoint: Make) -> None:
    tied, apart = (Checkpoint.read(make_checkpoint(name, tie_word_embeddings=name == "tied")) for name in ("tied", "apart"))
    head = apart.parameters - tied.parameters
    assert head > 0
    assert weight_bytes(apart, 2, quantized=True) - weight_bytes(tied, 2, quantized=True) == 2 * head


def test_nothing_is_printed(checkpoint: Path, cpu: Hardware, capfd: pytest.CaptureFixture[str]) -> None:
    with opened(Checkpoint.read(checkpoint), cpu, "float32", "tiny") as model:
        assert model.look([1, 2, 3], 1).tokens == 2
    assert capfd.readouterr() == ("", "")


def test_what_fits_nowhere_is_said_with_its_size(checkpoint: Path, cpu: Hardware) -> None:
    with pytest.raises(OutOfMemory) as caught:
        weight_format([Checkpoint.read(checkpoint)], replace(cpu, device_free_bytes=300_000_000), 64, "tiny")
    assert (caught.value.key, caught.value.params["free_gb"]) == ("memory_too_small", "0.3")
