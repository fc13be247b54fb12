"""SOLAR's shape in NF4, made on the device itself: one layer at a time is there in 16 bits, so that no more memory is needed than to run it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from benchmarks.inference.shapes import Shape
from solar_chat.engine.attention import attention_name


def build(shape: Shape, device: str) -> Any:
    """A `LlamaForCausalLM` with random weights as `solar_chat.engine.loading` would load it from a checkpoint."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM
    from transformers.models.llama.modeling_llama import LlamaDecoderLayer

    config = LlamaConfig(**{key: value for key, value in shape.config().items() if key not in ("architectures", "model_type")})
    config._attn_implementation = attention_name()
    torch.manual_seed(7)
    with _sixteen_bits(), torch.device(device), torch.no_grad():
        config.num_hidden_layers = 0
        model = LlamaForCausalLM(config)
        config.num_hidden_layers = shape.layers
        for number in range(shape.layers):
            layer = LlamaDecoderLayer(config, number)
            for parent in (layer.self_attn, layer.mlp):
                for name, module in list(parent.named_children()):
                    if isinstance(module, torch.nn.Linear):
                        setattr(parent, name, _quantized(module, device))
            model.model.layers.append(layer)
    model.requires_grad_(False)
    return model.eval()


def _quantized(linear: Any, device: str) -> Any:
    import torch
    from bitsandbytes.nn import Linear4bit, Params4bit

    four_bits = Linear4bit(
        linear.in_features, linear.out_features, bias=False, compute_dtype=torch.bfloat16, quant_type="nf4", compress_statistics=True, device="meta"
    )
    four_bits.weight = Params4bit(linear.weight.data, requires_grad=False, quant_type="nf4", compress_statistics=True, module=four_bits).to(device)
    return four_bits


@contextlib.contextmanager
def _sixteen_bits() -> Iterator[None]:
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def read_bytes_per_token(model: Any, history_tokens: int) -> int:
    """What one step has to read at least: every weight once, one row of the embedding, and the keys and values of `history_tokens`."""
    import torch

    read: int = sum(tensor.numel() * tensor.element_size() for name, tensor in model.named_parameters() if "embed_tokens" not in name)
    for module in model.modules():
        state = getattr(getattr(module, "weight", None), "quant_state", None)
        if state is not None:
            read += state.absmax.numel() * state.absmax.element_size()
            read += state.state2.absmax.numel() * 4 if state.nested else 0
    config = model.config
    row: int = 2 * config.num_hidden_layers * config.num_key_value_heads * config.head_dim * torch.finfo(model.dtype).bits // 8
    return read + row * history_tokens
