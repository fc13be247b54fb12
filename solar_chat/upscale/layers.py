"""What the tensors of a checkpoint are: which belong to a layer, which stand outside, which end a block.

Found by structure, never by model name: layers are `<prefix>.<number>.<rest>` under the one prefix whose numbers are exactly 0 to n - 1. What is not
understood is refused by name, because a copy that loads and is wrong costs more than one that was not made.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from solar_chat.checkpoint import Checkpoint, StoredTensor
from solar_chat.errors import InputError
from solar_chat.upscale.config import layers_differ
from solar_chat.upscale.plan import DepthPlan

_NUMBERED = re.compile(r"(?<![^.])(\d+)\.")
# What quantizers leave beside or instead of weights: GPTQ and AWQ, bitsandbytes, compressed-tensors.
_QUANTIZED = re.compile(r"\.(qweight|qzeros|g_idx|SCB|absmax|quant_map|nested_\w+|weight_packed|weight_format)$|\.quant_state\.")
# Weights in 8-bit floats, each beside its scales: tensors like any others, and zeros times whatever scale are zeros.
_WHOLE = "fp8"
_PACKED = {"U8", "I8", "I32", "U32", "F4"}
# Where a block of attention or MLP gives its result back to the stream, in the words of Llama and its kin, Phi, Mixtral, GPT-2, Falcon and OPT.
_OUTPUTS = {"o_proj", "out_proj", "wo", "dense", "c_proj", "down_proj", "w2", "fc2", "dense_4h_to_h", "fc_out"}


@dataclass(frozen=True, slots=True)
class PlannedTensor:
    """What one tensor of the result is."""

    source: StoredTensor
    zeroed: bool = False
    """Zeros in the source's shape instead of its bytes."""


def layer_prefix(source: Checkpoint) -> str:
    """What stands before the layer number, "model.layers" for Llama. Raises InputError `upscale_no_layers` unless exactly one prefix fits."""
    numbers: dict[str, set[int]] = defaultdict(set)
    for name in source.tensors:
        for found in _NUMBERED.finditer(name):
            numbers[name[: found.start()].removesuffix(".")].add(int(found[1]))
    wanted = set(range(source.layers))
    # Numbers inside a layer (experts) are not layers, even if there are as many.
    fitting = [prefix for prefix, found in numbers.items() if found == wanted and not re.search(r"\.\d+(\.|$)", prefix)]
    if len(fitting) != 1:
        raise InputError("upscale_no_layers", layers=source.layers, found=", ".join(sorted(fitting)) or "-")
    return fitting[0]


def split(source: Checkpoint) -> tuple[str, list[dict[str, StoredTensor]], dict[str, StoredTensor]]:
    """(prefix, one mapping `rest → tensor` per layer, the tensors outside the layers).

    Raises InputError `upscale_quantized`, `upscale_no_layers`, and `upscale_mixed_layers` where a layer has other tensors than the first and the
    config does not say why.
    """
    _refuse_quantized(source)
    prefix = layer_prefix(source)
    start = f"{prefix}." if prefix else ""
    inside: list[dict[str, StoredTensor]] = [{} for _ in range(source.layers)]
    outside: dict[str, StoredTensor] = {}
    for name, tensor in source.tensors.items():
        number, dot, rest = name.removeprefix(start).partition(".")
        if name.startswith(start) and dot and number.isdigit():
            inside[int(number)][rest] = tensor
        else:
            outside[name] = tensor
    if not layers_differ(source):
        _refuse_mixed(inside)
    return prefix, inside, outside


def planned(source: Checkpoint, plan: DepthPlan) -> dict[str, PlannedTensor]:
    """Each tensor name of the result → what it is, layers in their order.

    Raises InputError `upscale_other_depth` where the plan is for another model, `upscale_identity_unknown`, and those of `split`.
    """
    if plan.source_layers != source.layers:
        raise InputError("upscale_other_depth", planned=plan.source_layers, layers=source.layers)
    prefix, inside, outside = split(source)
    ends = {old: output_projections(source, inside[old]) for old in {plan.sources[new] for new in plan.zeroed}}
    result = {name: PlannedTensor(tensor) for name, tensor in outside.items()}
    for new, old in enumerate(plan.sources):
        for rest, tensor in inside[old].items():
            zeroed = new in plan.zeroed and rest in ends[old]
            result[f"{prefix}.{new}.{rest}" if prefix else f"{new}.{rest}"] = PlannedTensor(tensor, zeroed)
    return result


def output_projections(source: Checkpoint, layer: Mapping[str, StoredTensor]) -> frozenset[str]:
    """The tensors of one layer that must be zero for it to change nothing: weights and biases of its blocks' last projections.

    Raises InputError `upscale_identity_unknown` for a block without one, for another matrix that writes into the stream, and for what scales it.
    """
    hidden = source.text_config.get("hidden_size", source.text_config.get("n_embd"))
    blocks: dict[str, set[str]] = defaultdict(set)
    found = {rest for rest in layer if _OUTPUTS & set(rest.split("."))}
    for rest, tensor in layer.items():
        block = rest.split(".")[0]
        if len(tensor.shape) > 1:
            blocks[block].add(rest)
            writes = tensor.shape[-2] == hidden != tensor.shape[-1]
            if writes and rest not in found:
                raise InputError("upscale_identity_unknown", tensor=rest)
    for rest, tensor in layer.items():
        if rest.split(".")[0] not in blocks and tensor.shape != (hidden,):
            raise InputError("upscale_identity_unknown", tensor=rest)
    for block, matrices in blocks.items():
        if not matrices & found:
            raise InputError("upscale_identity_unknown", tensor=block)
    if not found:
        raise InputError("upscale_identity_unknown", tensor="-")
    return frozenset(found)


def _refuse_quantized(source: Checkpoint) -> None:
    for section in (source.config, source.text_config):
        settings = section.get("quantization_config")
        if settings:
            method = settings.get("quant_method") if isinstance(settings, dict) else None
            if method == _WHOLE:
                continue
            raise InputError("upscale_quantized", method=method or "quantization_config")
    for name, tensor in source.tensors.items():
        if _QUANTIZED.search(name) or (tensor.dtype in _PACKED and len(tensor.shape) > 1 and name.endswith("weight")):
            raise InputError("upscale_quantized", method=name)


def _refuse_mixed(inside: list[dict[str, StoredTensor]]) -> None:
    def form(layer: Mapping[str, StoredTensor]) -> set[tuple[str, tuple[int, ...]]]:
        return {(rest, tensor.shape) for rest, tensor in layer.items()}

    for number, layer in enumerate(inside):
        if other := sorted(form(layer) ^ form(inside[0])):
            raise InputError("upscale_mixed_layers", layer=number, tensor=other[0][0])
