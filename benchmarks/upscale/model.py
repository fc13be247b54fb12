"""A Llama of any size on the disk: real shapes and a real config, random bytes for weights, written without building a tensor."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

LAYERS = 32
DROP = 8
VOCABULARY = 2048
# Random once, repeated: a copy does not look at the bytes, and a file system without holes cannot skip them.
_BLOCK_BYTES = 32 * 1024 * 1024


def make(folder: Path, result_bytes: int, shard_bytes: int = 5_000_000_000) -> Path:
    """A bfloat16 model whose stack of 48 layers is about `result_bytes` long."""
    folder.mkdir(parents=True)
    per_layer = result_bytes // 2 // (2 * (LAYERS - DROP))
    hidden = 256 if per_layer < 5e6 else 1024 if per_layer < 30e6 else 2048 if per_layer < 100e6 else 4096
    heads = hidden // 128
    key_value = 128 * max(1, heads // 4)
    inner = round((per_layer - 2 * hidden * (hidden + key_value)) / (3 * hidden))
    layer = {
        "input_layernorm.weight": [hidden],
        "mlp.down_proj.weight": [hidden, inner],
        "mlp.gate_proj.weight": [inner, hidden],
        "mlp.up_proj.weight": [inner, hidden],
        "post_attention_layernorm.weight": [hidden],
        "self_attn.k_proj.weight": [key_value, hidden],
        "self_attn.o_proj.weight": [hidden, hidden],
        "self_attn.q_proj.weight": [hidden, hidden],
        "self_attn.v_proj.weight": [key_value, hidden],
    }
    shapes = {f"model.layers.{number}.{name}": shape for number in range(LAYERS) for name, shape in layer.items()}
    shapes |= {"model.embed_tokens.weight": [VOCABULARY, hidden], "model.norm.weight": [hidden], "lm_head.weight": [VOCABULARY, hidden]}
    _write(folder, shapes, shard_bytes)
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "dtype": "bfloat16",
        "hidden_size": hidden,
        "intermediate_size": inner,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": heads,
        "num_key_value_heads": key_value // 128,
        "head_dim": 128,
        "vocab_size": VOCABULARY,
        "tie_word_embeddings": False,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "rms_norm_eps": 1e-5,
        "max_position_embeddings": 4096,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
    return folder


def _write(folder: Path, shapes: dict[str, list[int]], shard_bytes: int) -> None:
    parts: list[dict[str, list[int]]] = [{}]
    filled = 0
    for name, shape in shapes.items():
        size = 2 * math.prod(shape)
        if parts[-1] and filled + size > shard_bytes:
            parts.append({})
            filled = 0
        parts[-1][name] = shape
        filled += size
    block = os.urandom(_BLOCK_BYTES)
    weight_map: dict[str, str] = {}
    total = 0
    for number, part in enumerate(parts, start=1):
        file = f"model-{number:05d}-of-{len(parts):05d}.safetensors"
        header: dict[str, object] = {"__metadata__": {"format": "pt"}}
        at = 0
        for name, shape in part.items():
            header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [at, at + 2 * math.prod(shape)]}
            at += 2 * math.prod(shape)
            weight_map[name] = file
        encoded = json.dumps(header).encode()
        encoded += b" " * (-len(encoded) % 8)
        with (folder / file).open("wb") as opened:
            opened.write(len(encoded).to_bytes(8, "little") + encoded)
            for start in range(0, at, _BLOCK_BYTES):
                opened.write(block[: min(_BLOCK_BYTES, at - start)])
        total += at
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
