"""GGUF files made of the tiny checkpoints, as llama.cpp's own conversion would write them: real ones, of a few hundred kilobytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gguf import GGUFWriter, TokenType
from tokenizers import Tokenizer

# Name in transformers → name in GGUF; the layer's number goes where # is.
_LAYER = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
_OUTSIDE = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}


def write_gguf(file: Path, model: Any, tokenizer: Tokenizer, *, add_bos: bool | None = True, pre: str = "qwen2", tensors_a_file: int = 0) -> Path:
    """Write `model` (Llama, Mistral, Qwen 2 or 3 of transformers) with `tokenizer` (byte-fallback pieces, or byte-level BPE) in float32; with
    `tensors_a_file` in several files, `NAME-00001-of-0000N.gguf`."""
    config = model.config
    # Mistral is a Llama to llama.cpp.
    architecture = {"mistral": "llama"}.get(config.model_type, config.model_type)
    writer = GGUFWriter(file, architecture, split_max_tensors=tensors_a_file)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    write_vocabulary(writer, tokenizer, pre=pre)
    if add_bos is not None:
        writer.add_add_bos_token(add_bos)
    ends = config.eos_token_id
    writer.add_eos_token_id(ends[-1] if isinstance(ends, list) else ends)
    if config.bos_token_id is not None:
        writer.add_bos_token_id(config.bos_token_id)
    for name, tensor in model.state_dict().items():
        stem, kind = name.rsplit(".", 1)
        array = tensor.detach().float().numpy()
        if architecture == "llama" and stem.endswith(("q_proj", "k_proj")):
            array = _interleaved(array, config.num_attention_heads if stem.endswith("q_proj") else config.num_key_value_heads)
        if stem in _OUTSIDE:
            writer.add_tensor(f"{_OUTSIDE[stem]}.{kind}", array)
        else:
            _, _, layer, rest = stem.split(".", 3)
            writer.add_tensor(f"blk.{layer}.{_LAYER[rest]}.{kind}", array)
    return finish(writer, file)


def write_vocabulary(writer: GGUFWriter, tokenizer: Tokenizer, *, pre: str = "qwen2") -> None:
    """The tokenizer's pieces as SentencePiece has them, or its byte-level BPE with its merges."""
    state = json.loads(tokenizer.to_str())
    size = tokenizer.get_vocab_size()
    pieces = [tokenizer.id_to_token(index) or "" for index in range(size)]
    special = {token["id"] for token in state["added_tokens"] if token["special"]}
    merges = [tuple(merge) for merge in state["model"]["merges"]]
    byte_fallback = bool(state["model"].get("byte_fallback"))
    unknown = state["model"].get("unk_token")
    types = []
    for index, piece in enumerate(pieces):
        if byte_fallback and piece.startswith("<0x"):
            types.append(TokenType.BYTE)
        elif piece == unknown:
            types.append(TokenType.UNKNOWN)
        else:
            types.append(TokenType.CONTROL if index in special else TokenType.NORMAL)
    writer.add_token_list(pieces)
    writer.add_token_types(types)
    if byte_fallback:
        rank = {left + right: number for number, (left, right) in reversed(list(enumerate(merges)))}
        writer.add_tokenizer_model("llama")
        writer.add_tokenizer_pre("default")
        writer.add_token_scores([-float(rank.get(piece, len(merges))) for piece in pieces])
    else:
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre(pre)
        writer.add_token_merges([" ".join(merge) for merge in merges])


def finish(writer: GGUFWriter, file: Path) -> Path:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def _interleaved(weights: Any, heads: int) -> Any:
    """Rows of a rotary projection in the order of Meta's original code, which llama.cpp keeps for Llama."""
    return weights.reshape(heads, 2, weights.shape[0] // heads // 2, *weights.shape[1:]).swapaxes(1, 2).reshape(weights.shape)
