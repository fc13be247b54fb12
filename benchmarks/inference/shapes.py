"""The shapes of the models that are measured: SOLAR's, and one that only tries the command."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True, slots=True)
class Shape:
    """A Llama; widths in elements."""

    layers: int
    hidden: int
    inner: int
    heads: int
    kv_heads: int
    vocabulary: int
    context_tokens: int

    @property
    def head_width(self) -> int:
        return self.hidden // self.heads

    @property
    def layer_weights(self) -> dict[str, tuple[int, int]]:
        """Name within a layer → rows and columns of each matrix."""
        kv = self.kv_heads * self.head_width
        return {
            "self_attn.q_proj": (self.hidden, self.hidden),
            "self_attn.k_proj": (kv, self.hidden),
            "self_attn.v_proj": (kv, self.hidden),
            "self_attn.o_proj": (self.hidden, self.hidden),
            "mlp.gate_proj": (self.inner, self.hidden),
            "mlp.up_proj": (self.inner, self.hidden),
            "mlp.down_proj": (self.hidden, self.inner),
        }

    @property
    def parameters(self) -> int:
        per_layer = sum(rows * columns for rows, columns in self.layer_weights.values()) + 2 * self.hidden
        return self.layers * per_layer + 2 * self.vocabulary * self.hidden + self.hidden

    def with_layers(self, layers: int) -> Shape:
        return replace(self, layers=layers)

    def config(self) -> dict[str, object]:
        """What `config.json` says."""
        return {
            "architectures": ["LlamaForCausalLM"],
            "model_type": "llama",
            "dtype": "bfloat16",
            "hidden_size": self.hidden,
            "intermediate_size": self.inner,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads,
            "num_key_value_heads": self.kv_heads,
            "vocab_size": self.vocabulary,
            "max_position_embeddings": self.context_tokens,
            "rms_norm_eps": 1e-5,
            "rope_theta": 10000.0,
            "tie_word_embeddings": False,
            "bos_token_id": 1,
            "eos_token_id": 2,
        }


SOLAR: Final = Shape(48, 4096, 14336, 32, 8, 32000, 4096)
# The narrowest that 4-bit blocks of llama.cpp (256) and bitsandbytes (64) fill.
TOY: Final = Shape(2, 256, 512, 4, 2, 640, 1024)
