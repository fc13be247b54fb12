"""A tiny real Llama on disk, deepened: the bytes, the config, the files, and nothing left after a failure."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import LlamaConfig, LlamaForCausalLM

from solar_chat.errors import InputError
from solar_chat.upscale import Checkpoint, DepthPlan, deepened_config, layer_prefix, planned, verify, write

PLAN = DepthPlan.solar(layers=4, drop=1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four layers, untied, with the files a downloaded model has around it."""
    folder = tmp_path_factory.mktemp("source")
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=64,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        tie_word_embeddings=False,
    )
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
    (folder / "tokenizer.json").write_text('{"version": "1.0"}', encoding="utf-8")
    (folder / "pytorch_model.bin").write_bytes(b"the same weights once more")
    (folder / ".gitattributes").write_text("*.safetensors filter=lfs", encoding="utf-8")
    return folder


@pytest.fixture
def source(made: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(made, tmp_path / "source"))


def _edit_config(folder: Path, **changes: Any) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | changes), encoding="utf-8")


def test_every_tensor_is_where_the_plan_says(source: Path, tmp_path: Path) -> None:
    before = load_file(source / "model.safetensors")
    target = write(Checkpoint.read(source), PLAN, tmp_path / "deep")
    after = load_file(target / "model.safetensors")
    assert len(after) == len(before) + 2 * 9
    for new, old in enumerate((0, 1, 2, 1, 2, 3)):
        for part in ("self_attn.q_proj", "self_attn.o_proj", "mlp.down_proj", "input_layernorm"):
            assert torch.equal(after[f"model.layers.{new}.{part}.weight"], before[f"model.layers.{old}.{part}.weight"])
    for name in ("model.embed_tokens.weight", "model.norm.weight", "lm_head.weight"):
        assert torch.equal(after[name], before[name])


def test_transformers_loads_and_runs_it(source: Path, tmp_path: Path) -> None:
    target = write(Checkpoint.read(source), PLAN, tmp_path / "deep")
    model, info = LlamaForCausalLM.from_pretrained(target, output_loading_info=True)
    assert not info["missing_keys"]
    assert not info["unexpected_keys"]
    assert model.config.num_hidden_layers == 6
    assert [layer.self_attn.layer_idx for layer in model.model.layers] == list(range(6))
    assert model.num_parameters() == PLAN.parameters(model.config.to_dict())
    out = model.generate(torch.tensor([[1, 2, 3]]), max_new_tokens=3, do_sample=False, eos_token_id=None, pad_token_id=0)
    assert out.shape == (1, 6)


def test_files_around_the_weights(source: Path, tmp_path: Path) -> None:
    target = write(Checkpoint.read(source), PLAN, tmp_path / "deep")
    names = {path.name for path in target.iterdir()}
    assert names == {"config.json", "generation_config.json", "tokenizer.json", "model.safetensors"}
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_shards_in_and_out(source: Path, tmp_path: Path) -> None:
    sharded = write(Checkpoint.read(source), DepthPlan.slices(4, [(0, 4)]), tmp_path / "sharded", shard_bytes=4000)
    index = json.loads((sharded / "model.safetensors.index.json").read_text(encoding="utf-8"))
    files = sorted(set(index["weight_map"].values()))
    assert len(files) > 2
    assert files[0] == f"model-00001-of-{len(files):05d}.safetensors"
    assert index["metadata"]["total_size"] == sum(tensor.length for tensor in Checkpoint.read(source).tensors.values())
    deep = write(Checkpoint.read(sharded), PLAN, tmp_path / "deep", shard_bytes=4000)
    assert LlamaForCausalLM.from_pretrained(deep).config.num_hidden_layers == 6
    proof = verify(Checkpoint.read(source), PLAN, Checkpoint.read(deep))
    assert proof.tensors == 6 * 9 + 3


def test_tensors_lie_aligned(source: Path, tmp_path: Path) -> None:
    target = write(Checkpoint.read(source), PLAN, tmp_path / "deep")
    header_bytes = int.from_bytes((target / "model.safetensors").read_bytes()[:8], "little")
    assert header_bytes % 8 == 0


def test_lists_with_an_entry_per_layer_follow(source: Path) -> None:
    _edit_config(source, layer_types=["full", "slide", "full", "slide"], max_window_layers=4, eos_token_id=[2, 3, 4, 5])
    config = deepened_config(Checkpoint.read(source), PLAN)
    assert config["layer_types"] == ["full", "slide", "full", "slide", "full", "slide"]
    assert (config["num_hidden_layers"], config["max_window_layers"]) == (6, 6)
    # A list of four that is not about layers stays.
    assert config["eos_token_id"] == [2, 3, 4, 5]


def test_layers_are_found_by_structure(tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    # Two experts inside three blocks: numbers inside a layer are not layers.
    names = [f"transformer.h.{block}.experts.{expert}.w" for block in range(3) for expert in range(2)]
    save_file({name: torch.full((2,), float(number)) for number, name in enumerate(names)}, folder / "model.safetensors")
    (folder / "config.json").write_text('{"num_hidden_layers": 3}', encoding="utf-8")
    checkpoint = Checkpoint.read(folder)
    assert layer_prefix(checkpoint) == "transformer.h"
    mapped = planned(checkpoint, DepthPlan.slices(3, [(0, 3), (2, 3)]))
    assert mapped["transformer.h.3.experts.1.w"].source.name == "transformer.h.2.experts.1.w"


def test_plan_for_another_depth_is_refused(source: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="upscale_other_depth"):
        write(Checkpoint.read(source), DepthPlan.solar(32, 8), tmp_path / "deep")


def test_config_that_lies_about_depth_is_refused(source: Path) -> None:
    _edit_config(source, num_hidden_layers=5)
    with pytest.raises(InputError, match="upscale_no_layers"):
        layer_prefix(Checkpoint.read(source))


def test_existing_target_is_not_touched(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "deep"
    target.mkdir()
    (target / "mine.txt").write_text("keep", encoding="utf-8")
    with pytest.raises(InputError, match="upscale_target_exists"):
        write(Checkpoint.read(source), PLAN, target)
    assert [path.name for path in target.iterdir()] == ["mine.txt"]


def test_nothing_is_left_after_a_failure(source: Path, tmp_path: Path) -> None:
    checkpoint = Checkpoint.read(source)
    weights = source / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    before = sorted(tmp_path.iterdir())
    with pytest.raises(InputError, match="upscale_cut_off"):
        write(checkpoint, PLAN, tmp_path / "deep")
    assert sorted(tmp_path.iterdir()) == before


def test_full_disk_is_refused_before_writing(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr("shutil.disk_usage", lambda _path: usage)
    with pytest.raises(InputError) as caught:
        write(Checkpoint.read(source), PLAN, tmp_path / "deep")
    assert (caught.value.key, list(tmp_path.iterdir())) == ("upscale_no_room", [source])
    assert caught.value.params["free_gb"] == "0.00"
    assert not (tmp_path / "deep").exists()


@pytest.mark.parametrize(
    ("damage", "key"),
    [
        (lambda folder: (folder / "config.json").unlink(), "upscale_no_config"),
        (lambda folder: (folder / "config.json").write_text("{", encoding="utf-8"), "upscale_no_config"),
        (lambda folder: (folder / "model.safetensors").unlink(), "upscale_no_weights"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"\xff" * 64), "upscale_broken_file"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b""), "upscale_broken_file"),
        (lambda folder: (folder / "model.safetensors.index.json").write_text("[]", encoding="utf-8"), "upscale_broken_file"),
    ],
)
def test_broken_sources_are_named(source: Path, damage: Any, key: str) -> None:
    damage(source)
    with pytest.raises(InputError) as caught:
        Checkpoint.read(source)
    assert caught.value.key == key


def test_verify_passes_and_counts(source: Path, tmp_path: Path) -> None:
    checkpoint = Checkpoint.read(source)
    result = Checkpoint.read(write(checkpoint, PLAN, tmp_path / "deep"))
    proof = verify(checkpoint, PLAN, result)
    assert proof.parameters == PLAN.parameters(checkpoint.config)
    assert proof.compared_bytes == 2 * proof.parameters


def test_verify_sees_one_changed_byte(source: Path, tmp_path: Path) -> None:
    checkpoint = Checkpoint.read(source)
    target = write(checkpoint, PLAN, tmp_path / "deep")
    tensor = Checkpoint.read(target).tensors["model.layers.4.mlp.up_proj.weight"]
    with tensor.file.open("r+b") as file:
        file.seek(tensor.start + tensor.length - 1)
        last = file.read(1)[0]
        file.seek(-1, 1)
        file.write(bytes([last ^ 1]))
    with pytest.raises(InputError) as caught:
        verify(checkpoint, PLAN, Checkpoint.read(target))
    assert caught.value.key == "upscale_differs_bytes"
    assert caught.value.params == {"tensor": "model.layers.4.mlp.up_proj.weight", "offset": tensor.length - 1}


def test_verify_sees_another_stack_of_the_same_depth(source: Path, tmp_path: Path) -> None:
    checkpoint = Checkpoint.read(source)
    other = DepthPlan.slices(4, [(0, 2), (0, 4)])
    target = write(checkpoint, other, tmp_path / "deep")
    with pytest.raises(InputError, match="upscale_differs_bytes"):
        verify(checkpoint, PLAN, Checkpoint.read(target))


def test_verify_sees_a_wrong_depth_in_the_config(source: Path, tmp_path: Path) -> None:
    target = write(Checkpoint.read(source), PLAN, tmp_path / "deep")
    _edit_config(target, num_hidden_layers=4)
    with pytest.raises(InputError, match="num_hidden_layers"):
        verify(Checkpoint.read(source), PLAN, Checkpoint.read(target))
