"""The same shape on the disk twice: safetensors in bfloat16, and GGUF in Q4_K_M. Random weights: speed does not look at values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from benchmarks.inference.shapes import Shape
from benchmarks.inference.vocabulary import write_tokenizer
from solar_chat.engine.loading import load_tokenizer

if TYPE_CHECKING:
    from torch import Tensor

# Weights this wide keep activations near one through 48 layers.
_SPREAD: Final = 0.02
# Values of a block of 256 weights in llama.cpp's formats: quants of 4 (0 to 15) and 6 bits (0 to 63), and one scale for all its parts.
_SCALE: Final = 8
_Q4_SPREAD: Final = 4.6
_Q6_SPREAD: Final = 18.5


def write_checkpoint(folder: Path, shape: Shape) -> Path:
    """A folder as the Hub has it, one shard a layer."""
    import torch
    from safetensors.torch import save_file

    folder.mkdir(parents=True)
    block = (torch.randn(max(shape.inner, shape.vocabulary) * shape.hidden, generator=torch.Generator().manual_seed(7)) * _SPREAD).to(torch.bfloat16)

    def weights(rows: int, columns: int) -> Tensor:
        return block[: rows * columns].view(rows, columns)

    norm = torch.ones(shape.hidden, dtype=torch.bfloat16)
    shards: list[dict[str, Any]] = [
        {
            "model.embed_tokens.weight": weights(shape.vocabulary, shape.hidden),
            "model.norm.weight": norm,
            # Rolled by one row: the same matrix as the embedding would say back whatever token it read.
            "lm_head.weight": weights(shape.vocabulary, shape.hidden).roll(1, 0),
        }
    ]
    for number in range(shape.layers):
        prefix = f"model.layers.{number}."
        layer = {f"{prefix}{name}.weight": weights(*size) for name, size in shape.layer_weights.items()}
        shards.append(layer | {f"{prefix}{name}.weight": norm for name in ("input_layernorm", "post_attention_layernorm")})
    files = {f"model-{number:05d}.safetensors": shard for number, shard in enumerate(shards)}
    for name, shard in files.items():
        save_file({key: tensor.clone() for key, tensor in shard.items()}, folder / name, metadata={"format": "pt"})
    weight_map = {key: name for name, shard in files.items() for key in shard}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}), encoding="utf-8")
    (folder / "config.json").write_text(json.dumps(shape.config(), indent=2), encoding="utf-8")
    write_tokenizer(folder, shape.vocabulary)
    return folder


def write_gguf(file: Path, shape: Shape, tokenizer_folder: Path) -> Path:
    """One file, with the mix of 4 and 6 bits that llama.cpp calls Q4_K_M."""
    from gguf import GGMLQuantizationType as Kind
    from gguf import GGUFWriter

    from tests.engine.gguf_files import finish, write_vocabulary

    writer = GGUFWriter(file, "llama")
    writer.add_context_length(shape.context_tokens)
    writer.add_embedding_length(shape.hidden)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.inner)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(shape.head_width)
    write_vocabulary(writer, load_tokenizer(tokenizer_folder).tokenizer)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    norm = np.ones(shape.hidden, dtype=np.float32)
    dice = np.random.default_rng(7)
    matrices = {"token_embd": (shape.vocabulary, shape.hidden, False), "output": (shape.vocabulary, shape.hidden, True)}
    names = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
    for layer in range(shape.layers):
        for name, size in zip(names, shape.layer_weights.values(), strict=True):
            matrices[f"blk.{layer}.{name}"] = (*size, name in ("attn_v", "ffn_down") and _gets_more_bits(layer, shape.layers))
        for name in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{layer}.{name}.weight", norm)
    writer.add_tensor("output_norm.weight", norm)
    for name, (rows, columns, wide) in matrices.items():
        blocks = (_six_bits if wide else _four_bits)(dice, rows, columns // 256)
        writer.add_tensor(f"{name}.weight", blocks, raw_dtype=Kind.Q6_K if wide else Kind.Q4_K)
    return finish(writer, file)


def _gets_more_bits(layer: int, layers: int) -> bool:
    """llama.cpp's `use_more_bits`: the first and last eighth, and every third between."""
    return layer < layers // 8 or layer >= 7 * layers // 8 or (layer - layers // 8) % 3 == 2


def _four_bits(dice: np.random.Generator, rows: int, blocks: int) -> Any:
    """Q4_K: d, dmin (float16), eight scales and minima of 6 bits in 12 bytes, 128 bytes of quants; a weight is d·scale·q - dmin·minimum."""
    found = dice.integers(0, 256, (rows, blocks, 144), dtype=np.uint8)
    d = _SPREAD / (_SCALE * _Q4_SPREAD)
    found[..., 0:4] = np.array([d, 7.5 * d], dtype=np.float16).view(np.uint8)
    found[..., 4:12] = _SCALE
    found[..., 12:16] = _SCALE << 4 | _SCALE
    return found.reshape(rows, -1)


def _six_bits(dice: np.random.Generator, rows: int, blocks: int) -> Any:
    """Q6_K: 192 bytes of quants, 16 scales (int8), d (float16); a weight is d·scale·(q - 32)."""
    found = dice.integers(0, 256, (rows, blocks, 210), dtype=np.uint8)
    found[..., 192:208] = _SCALE
    found[..., 208:210] = np.array([_SPREAD / (_SCALE * _Q6_SPREAD)], dtype=np.float16).view(np.uint8)
    return found.reshape(rows, -1)
