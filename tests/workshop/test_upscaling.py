"""Measuring and building through the door: tiny real models of several architectures, what cannot be compared, and calling off."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from solar_chat.engine import tokenizer_of
from solar_chat.errors import InputError, OutOfMemory
from solar_chat.i18n import Catalogue
from solar_chat.upscale import Checkpoint, DepthPlan, verify
from solar_chat.workshop.measuring import LONGEST_TEXT_BYTES, measure
from solar_chat.workshop.source import Source
from solar_chat.workshop.upscaling import Cancelled, build, cancellable
from tests.engine.conftest import SENTENCES, SPECIAL, train_tokenizer
from tests.export.conftest import CPU
from tests.upscale.architectures import ARCHITECTURES, SIZES

TEXT = "\n".join(SENTENCES) * 2


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue.load()


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "글.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


def checkpoint(folder: Path, name: str = "llama") -> Path:
    """A random model of the named architecture in float32, with a tokenizer that can read."""
    tokenizer = train_tokenizer()
    kind, special = ARCHITECTURES[name]
    torch.manual_seed(0)
    sizes = {**SIZES, "vocab_size": tokenizer.get_vocab_size(), "bos_token_id": SPECIAL.index("<s>"), **special}
    model = transformers.AutoModelForCausalLM.from_config(getattr(transformers, kind)(**sizes, initializer_range=0.3))
    model.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def deeper(folder: Path, plan: DepthPlan, out: Path, catalogue: Catalogue) -> tuple[Source, Path]:
    source = Source(Checkpoint.read(folder), folder.name)
    return source, build(source, plan, out, catalogue, "en")


@pytest.mark.parametrize("name", ["llama", "qwen3", "gemma2", "phi3", "gpt_neox"])
def test_identity_reads_as_its_source(name: str, text: Path, tmp_path: Path, catalogue: Catalogue) -> None:
    source, out = deeper(checkpoint(tmp_path / "source", name), DepthPlan.identity(4, 1), tmp_path / "deep", catalogue)
    found = measure(source, out, CPU, text).comparison
    assert found.verdict == "same"
    assert found.result.nats == found.source.nats
    assert len(found.source.cosines) == 4
    # 0, 1, copy of 1, 2, 3, copy of 3.
    copies = [found.result.cosines[new] for new in (2, 5)]
    assert copies == pytest.approx([1, 1])
    assert [found.result.cosines[new] for new in (0, 1, 3, 4)] == pytest.approx(found.source.cosines)


def test_the_figures_are_those_of_the_library(text: Path, tmp_path: Path, catalogue: Catalogue) -> None:
    source, out = deeper(checkpoint(tmp_path / "source"), DepthPlan.solar(4, 1), tmp_path / "deep", catalogue)
    found = measure(source, out, CPU, text)
    assert (found.weights, found.window_tokens, found.cut) == ("float32", 64, False)
    tokenizer = tokenizer_of(out)
    assert tokenizer.bos_id is not None
    ids = tokenizer.encode(TEXT)
    model = transformers.AutoModelForCausalLM.from_pretrained(out)
    nats, counted = 0.0, 0
    while counted < len(ids):
        stop = min(len(ids), counted + (63 if counted == 0 else 31))
        start = max(0, stop - 63)
        window = torch.tensor([[tokenizer.bos_id, *ids[start:stop]]])
        labels = window.clone()
        labels[0, : 1 + counted - start] = -100
        with torch.no_grad():
            nats += model(window, labels=labels).loss.item() * (stop - counted)
        counted = stop
    assert (found.comparison.result.tokens, found.comparison.result.bytes) == (len(ids), len(TEXT.encode()))
    assert found.comparison.result.nats == pytest.approx(nats, rel=1e-5)
    assert found.comparison.result.perplexity == pytest.approx(math.exp(nats / len(ids)), rel=1e-4)
    assert found.comparison.seams == (3,)


def test_one_model_at_a_time(text: Path, tmp_path: Path, catalogue: Catalogue) -> None:
    import gc

    source, out = deeper(checkpoint(tmp_path / "source"), DepthPlan.solar(4, 1), tmp_path / "deep", catalogue)
    told: list[tuple[str, str]] = []
    alive: list[int] = []

    def progress(stage: str, name: str, _share: float) -> None:
        if (stage, name) not in told:
            told.append((stage, name))
            gc.collect()
            alive.append(sum(type(thing).__name__ == "LlamaForCausalLM" for thing in gc.get_objects()))

    measure(source, out, CPU, text, progress)
    assert told == [("open", "source"), ("read", "source"), ("open", "deep"), ("read", "deep")]
    assert alive == [alive[0], alive[0] + 1, alive[0], alive[0] + 1]


def test_a_result_without_a_recipe_is_measured_all_the_same(text: Path, tmp_path: Path, catalogue: Catalogue) -> None:
    source, out = deeper(checkpoint(tmp_path / "source"), DepthPlan.solar(4, 1), tmp_path / "deep", catalogue)
    (out / "upscale.json").unlink()
    found = measure(source, out, CPU, text).comparison
    assert (found.plan, found.seams) == (None, ())


def test_what_cannot_be_compared(text: Path, tmp_path: Path, catalogue: Catalogue) -> None:
    source, out = deeper(checkpoint(tmp_path / "source"), DepthPlan.solar(4, 1), tmp_path / "deep", catalogue)

    def refused(key: str, **changes: Any) -> None:
        given = {"source": source, "out": out, "hardware": CPU, "text": text, **changes}
        with pytest.raises(Exception, match=key):
            measure(**given)

    (tmp_path / "empty.txt").write_bytes(b"")
    (tmp_path / "cp949.txt").write_bytes("안녕하세요".encode("cp949") * 50)
    refused("measure_too_short", text=tmp_path / "empty.txt")
    refused("measure_no_text", text=tmp_path / "cp949.txt")
    refused("measure_no_text", text=tmp_path / "none.txt")
    refused("measure_no_text", text=tmp_path)
    refused("upscale_no_config", out=tmp_path / "nothing")
    refused("measure_needs_folder", source=replace(source, files=("a.safetensors",)))
    refused("memory_too_small", hardware=replace(CPU, device_free_bytes=1000))
    other = Path(shutil.copytree(out, tmp_path / "other"))
    state = json.loads((other / "tokenizer.json").read_text(encoding="utf-8"))
    state["model"]["merges"] = []
    (other / "tokenizer.json").write_text(json.dumps(state), encoding="utf-8")
    refused("measure_other_vocabulary", out=other)
    (other / "tokenizer.json").unlink()
    refused("model_file_missing", out=other)
    refused("upscale_other_depth", source=Source(Checkpoint.read(out), "deep"))


def test_both_are_opened_in_the_format_that_suits_the_bigger_one(tmp_path: Path, text: Path, catalogue: Catalogue) -> None:
    source, out = deeper(checkpoint(tmp_path / "source"), DepthPlan.solar(4, 1), tmp_path / "deep", catalogue)
    sizes = [sum(tensor.parameters for tensor in one.tensors.values()) for one in (source.checkpoint, Checkpoint.read(out))]
    logits = 64 * 4 * int(source.checkpoint.config["vocab_size"])
    between = 300_000_000 + logits + 2 * (sizes[0] + sizes[1])
    tight = replace(CPU, device_free_bytes=between, dtype="bfloat16")
    assert measure(source, out, tight, text).weights == "bfloat16"
    with pytest.raises(OutOfMemory):
        measure(source, out, replace(tight, dtype="float32"), text)


def test_a_long_text_is_read_in_part(tmp_path: Path, catalogue: Catalogue) -> None:
    source, out = deeper(checkpoint(tmp_path / "source"), DepthPlan.solar(4, 1), tmp_path / "deep", catalogue)
    (tmp_path / "long.txt").write_bytes(b"a" + "가".encode() * (LONGEST_TEXT_BYTES // 3 + 1))

    def stop(stage: str, _name: str, share: float) -> None:
        if stage == "read" and share > 0:
            raise Cancelled

    with pytest.raises(Cancelled):
        measure(source, out, CPU, tmp_path / "long.txt", stop)


def test_a_build_can_be_called_off(tmp_path: Path, catalogue: Catalogue) -> None:
    folder = checkpoint(tmp_path / "source")
    source, plan = Source(Checkpoint.read(folder), "source"), DepthPlan.solar(4, 1)
    steps: list[int] = []

    with pytest.raises(Cancelled):
        build(source, plan, tmp_path / "deep", catalogue, "en", progress=cancellable(lambda done, _: steps.append(done), lambda: len(steps) > 1))
    assert len(steps) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["source"]
    out = build(source, plan, tmp_path / "deep", catalogue, "en", progress=cancellable(None, lambda: False))
    with pytest.raises(Cancelled):
        verify(source.checkpoint, plan, Checkpoint.read(out), progress=cancellable(None, lambda: True))


def test_text_without_bom_and_with(tmp_path: Path, catalogue: Catalogue) -> None:
    source, out = deeper(checkpoint(tmp_path / "source"), DepthPlan.solar(4, 1), tmp_path / "deep", catalogue)
    for name, raw in (("plain", TEXT.encode()), ("bom", TEXT.encode("utf-8-sig"))):
        (tmp_path / name).write_bytes(raw)
    nats = [measure(source, out, CPU, tmp_path / name).comparison.source.nats for name in ("plain", "bom")]
    assert nats[0] == nats[1]


def test_half_a_character_is_read_as_any_other(tmp_path: Path, catalogue: Catalogue) -> None:
    source, out = deeper(checkpoint(tmp_path / "source"), DepthPlan.solar(4, 1), tmp_path / "deep", catalogue)
    assert measure(source, out, CPU, TEXT + "\ud83d").comparison.source.nats > 0


def test_an_error_of_input_names_the_least(tmp_path: Path, catalogue: Catalogue) -> None:
    source, out = deeper(checkpoint(tmp_path / "source"), DepthPlan.solar(4, 1), tmp_path / "deep", catalogue)
    (tmp_path / "short.txt").write_text("안녕", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        measure(source, out, CPU, tmp_path / "short.txt")
    assert caught.value.params["least"] == 32
