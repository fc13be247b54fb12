"""The architectures of the tests: transformers' config classes in sizes that take milliseconds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

LAYERS = 4
SIZES = {
    "vocab_size": 64,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 4,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
# Windows shorter than the tests' prompts, so that a layer of the wrong kind shows in the logits.
ARCHITECTURES: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("LlamaConfig", {"tie_word_embeddings": False}),
    "llama_tied_with_biases": ("LlamaConfig", {"tie_word_embeddings": True, "attention_bias": True, "mlp_bias": True}),
    "mistral": ("MistralConfig", {"sliding_window": 6}),
    "qwen2": ("Qwen2Config", {"use_sliding_window": True, "max_window_layers": 2, "sliding_window": 4}),
    "qwen3": ("Qwen3Config", {}),
    "gemma": ("GemmaConfig", {}),
    "gemma2": ("Gemma2Config", {"sliding_window": 4}),
    "gemma3": ("Gemma3TextConfig", {"sliding_window": 4, "sliding_window_pattern": 3}),
    "phi3": ("Phi3Config", {"sliding_window": 6}),
    "mixtral": ("MixtralConfig", {"num_local_experts": 4}),
    "qwen3_moe": ("Qwen3MoeConfig", {"num_experts": 4, "moe_intermediate_size": 8, "num_experts_per_tok": 2, "mlp_only_layers": [1]}),
    "gpt_neox": ("GPTNeoXConfig", {}),
}

Make = Callable[[str], Path]
"""Architecture → a folder with a random model of it."""
