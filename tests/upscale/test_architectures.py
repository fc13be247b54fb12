"""Every architecture we name: found by structure, stacked, loaded by transformers, generating with its KV cache; identity equals its source."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from solar_chat.errors import InputError
from solar_chat.upscale import Checkpoint, DepthPlan, output_projections, planned, split, verify, write
from tests.upscale.architectures import ARCHITECTURES, LAYERS, Make

IDS = torch.randint(3, 64, (1, 20), generator=torch.Generator().manual_seed(1))
DUS = DepthPlan.solar(LAYERS, 1)


def load(folder: Path, **more: Any) -> Any:
    model, info = transformers.AutoModelForCausalLM.from_pretrained(folder, output_loading_info=True, dtype=torch.float32, **more)
    assert not info["missing_keys"]
    assert not info["unexpected_keys"]
    return model.eval()


def logits(model: Any) -> torch.Tensor:
    with torch.no_grad():
        return torch.as_tensor(model(IDS).logits)


def stacked_in_memory(folder: Path, plan: DepthPlan) -> Any:
    """The same stack by transformers' own objects: each working layer run in the planned order on the parent's weights."""
    model = load(folder)
    body = model.gpt_neox if hasattr(model, "gpt_neox") else model.model
    body.layers = torch.nn.ModuleList([body.layers[old] for old in plan.sources])
    body.config.num_hidden_layers = plan.layers
    kinds = getattr(body.config, "layer_types", None)
    if kinds is not None:
        body.config.layer_types = [kinds[old] for old in plan.sources]
    return model


def greedy(model: Any, use_cache: bool) -> list[int]:
    out = model.generate(IDS, max_new_tokens=8, min_new_tokens=8, do_sample=False, use_cache=use_cache)
    return [int(token) for token in out[0]]


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_transformers_runs_the_stack(name: str, checkpoint_of: Make, tmp_path: Path) -> None:
    source = checkpoint_of(name)
    target = write(Checkpoint.read(source), DUS, tmp_path / "deep")
    verify(Checkpoint.read(source), DUS, Checkpoint.read(target))
    deep = load(target)
    assert type(deep) is type(load(source))
    assert deep.config.num_hidden_layers == 6
    assert greedy(deep, use_cache=True) == greedy(deep, use_cache=False)
    with torch.no_grad():
        by_hand = stacked_in_memory(source, DUS)(IDS, use_cache=False).logits
    assert torch.equal(logits(deep), by_hand)
    assert not torch.allclose(logits(deep), logits(load(source)), atol=1e-3)


@pytest.mark.parametrize("plan", [DepthPlan.identity(LAYERS, 1), DepthPlan.slices(LAYERS, [(0, 3), (1, 4)]).passing()], ids=["spread", "slices"])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_identity_equals_its_source(name: str, plan: DepthPlan, checkpoint_of: Make, tmp_path: Path) -> None:
    source = checkpoint_of(name)
    target = write(Checkpoint.read(source), plan, tmp_path / "deep")
    proof = verify(Checkpoint.read(source), plan, Checkpoint.read(target))
    assert proof.zeroed >= 2 * len(plan.zeroed)
    assert torch.equal(logits(load(target)), logits(load(source)))
    assert greedy(load(target), use_cache=True) == greedy(load(source), use_cache=True)


def test_identity_leaves_the_rest_of_a_zeroed_layer(checkpoint_of: Make, tmp_path: Path) -> None:
    source = checkpoint_of("llama")
    target = write(Checkpoint.read(source), DepthPlan.identity(LAYERS, 1), tmp_path / "deep")
    before, after = load_file(source / "model.safetensors"), load_file(target / "model.safetensors")
    # 0, 1, copy of 1, 2, 3, copy of 3.
    zero = [name for name, tensor in after.items() if not tensor.any()]
    assert zero == [f"model.layers.{new}.{part}.weight" for new in (2, 5) for part in ("mlp.down_proj", "self_attn.o_proj")]
    assert torch.equal(after["model.layers.5.mlp.up_proj.weight"], before["model.layers.3.mlp.up_proj.weight"])


def test_outputs_of_experts_are_found(checkpoint_of: Make) -> None:
    source = Checkpoint.read(checkpoint_of("mixtral"))
    ends = output_projections(source, split(source)[1][0])
    assert {name.split(".")[0] for name in ends} >= {"self_attn"}
    assert len(ends) >= 2
    assert all(source.tensors[f"model.layers.0.{name}"].shape[-2] == 16 for name in ends)


@pytest.mark.parametrize(
    ("name", "shape", "tensor"),
    [
        ("scalar", (1,), "scalar"),
        ("side.projection.weight", (16, 8), "side.projection.weight"),
        ("memory.mix.weight", (8, 16), "memory"),
    ],
)
def test_identity_refuses_what_it_does_not_understand(name: str, shape: tuple[int, ...], tensor: str, checkpoint_of: Make) -> None:
    folder = checkpoint_of("llama")
    weights = load_file(folder / "model.safetensors")
    save_file({**weights, **{f"model.layers.{layer}.{name}": torch.ones(shape) for layer in range(LAYERS)}}, folder / "model.safetensors")
    source = Checkpoint.read(folder)
    assert f"model.layers.5.{name}" in planned(source, DUS)
    with pytest.raises(InputError) as caught:
        planned(source, DepthPlan.identity(LAYERS, 1))
    assert (caught.value.key, caught.value.params["tensor"]) == ("upscale_identity_unknown", tensor)


def test_tensors_outside_the_layers_are_kept(checkpoint_of: Make, tmp_path: Path) -> None:
    folder = checkpoint_of("llama")
    weights = load_file(folder / "model.safetensors")
    save_file({**weights, "value_head.weight": torch.full((1, 16), 3.0)}, folder / "model.safetensors")
    target = write(Checkpoint.read(folder), DUS, tmp_path / "deep")
    assert torch.equal(load_file(target / "model.safetensors")["value_head.weight"], torch.full((1, 16), 3.0))


def test_a_layer_with_a_tensor_missing_is_refused(checkpoint_of: Make) -> None:
    folder = checkpoint_of("llama")
    weights = load_file(folder / "model.safetensors")
    del weights["model.layers.2.mlp.up_proj.weight"]
    save_file(weights, folder / "model.safetensors")
    with pytest.raises(InputError) as caught:
        planned(Checkpoint.read(folder), DUS)
    assert caught.value.key == "upscale_mixed_layers"
    assert caught.value.params == {"layer": 2, "tensor": "mlp.up_proj.weight"}


def test_a_layer_more_than_the_config_says_is_refused(checkpoint_of: Make) -> None:
    folder = checkpoint_of("llama")
    weights = load_file(folder / "model.safetensors")
    save_file({**weights, "model.layers.4.eh_proj.weight": torch.ones(2)}, folder / "model.safetensors")
    with pytest.raises(InputError, match="upscale_no_layers"):
        planned(Checkpoint.read(folder), DUS)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32", "float8_e4m3fn", "float8_e5m2"])
def test_bytes_of_every_type_are_copied(dtype: str, checkpoint_of: Make, tmp_path: Path) -> None:
    folder = checkpoint_of("llama")
    kind = getattr(torch, dtype)
    # Norms stay wide, as fp8 checkpoints have them: two types in one file.
    weights = {name: tensor.to(kind) if tensor.dim() > 1 else tensor for name, tensor in load_file(folder / "model.safetensors").items()}
    save_file(weights, folder / "model.safetensors")
    source = Checkpoint.read(folder)
    target = write(source, DUS, tmp_path / "deep", shard_bytes=3000)
    assert verify(source, DUS, Checkpoint.read(target)).tensors == 6 * 9 + 3
    after: dict[str, torch.Tensor] = {}
    for file in target.glob("*.safetensors"):
        after |= load_file(file)
    assert after["model.layers.5.mlp.up_proj.weight"].dtype is kind
    assert torch.equal(after["model.layers.5.mlp.up_proj.weight"].view(torch.uint8), weights["model.layers.3.mlp.up_proj.weight"].view(torch.uint8))
    for tensor in Checkpoint.read(target).tensors.values():
        assert tensor.start % (tensor.item_bits // 8) == 0


def test_fp8_with_its_scales_as_the_hub_has_it(checkpoint_of: Make, tmp_path: Path) -> None:
    """Blocks of 8-bit floats beside their scales, some modules kept wide: transformers reads the results as it reads the source."""
    folder = checkpoint_of("llama")
    weights = load_file(folder / "model.safetensors")
    spared = [f"model.layers.{layer}.mlp.down_proj" for layer in (0, 3)]
    for name in [name for name in weights if name.endswith("_proj.weight") and name.removesuffix(".weight") not in spared]:
        rows, columns = weights[name].shape
        weights[name] = (weights[name] * 1000).to(torch.float8_e4m3fn)
        weights[f"{name}_scale_inv"] = torch.rand(rows // 8, columns // 8) / 1000
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    path = folder / "config.json"
    settings = {"quant_method": "fp8", "weight_block_size": [8, 8], "modules_to_not_convert": ["lm_head", *spared]}
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | {"quantization_config": settings}), encoding="utf-8")
    source = Checkpoint.read(folder)
    wide: dict[str, Any] = {}
    for plan in (DUS, DepthPlan.identity(LAYERS, 1)):
        verify(source, plan, Checkpoint.read(write(source, plan, tmp_path / plan.method)))
        wide[plan.method] = load(tmp_path / plan.method, quantization_config=transformers.FineGrainedFP8Config(dequantize=True))
    parent = load(folder, quantization_config=transformers.FineGrainedFP8Config(dequantize=True))
    assert torch.equal(logits(wide["identity"]), logits(parent))
    for new, old in enumerate(DUS.sources):
        for ours, theirs in zip(wide["dus"].model.layers[new].parameters(), parent.model.layers[old].parameters(), strict=True):
            assert torch.equal(ours, theirs)


@pytest.mark.parametrize(
    ("config", "name", "dtype", "method"),
    [
        ({"quantization_config": {"quant_method": "gptq", "bits": 4}}, None, None, "gptq"),
        ({"quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": True}}, None, None, "bitsandbytes"),
        ({"quantization_config": {"quant_method": "awq"}}, None, None, "awq"),
        ({}, "model.layers.0.mlp.up_proj.qweight", torch.int32, "model.layers.0.mlp.up_proj.qweight"),
        ({}, "model.layers.0.mlp.up_proj.weight.absmax", torch.float32, "model.layers.0.mlp.up_proj.weight.absmax"),
        ({}, "model.layers.0.mlp.x_proj.weight", torch.uint8, "model.layers.0.mlp.x_proj.weight"),
    ],
)
def test_quantized_is_refused_with_the_reason(config: dict[str, Any], name: str | None, dtype: Any, method: str, checkpoint_of: Make) -> None:
    folder = checkpoint_of("llama")
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | config), encoding="utf-8")
    if name is not None:
        save_file({**load_file(folder / "model.safetensors"), name: torch.ones((2, 2), dtype=dtype)}, folder / "model.safetensors")
    with pytest.raises(InputError) as caught:
        planned(Checkpoint.read(folder), DUS)
    assert (caught.value.key, caught.value.params["method"]) == ("upscale_quantized", method)
