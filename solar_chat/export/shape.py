"""The numbers of a configuration, as GGUF calls them.

Llama, Mistral, Qwen 2 and Qwen 3, which the engine loads and the tests compare. The rule: a setting that changes what the model computes and has no
place in GGUF is refused by its name in config.json.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from solar_chat.errors import InputError

if TYPE_CHECKING:
    from gguf import GGUFWriter

# Mistral is a Llama to llama.cpp.
ARCHITECTURES = {"llama": "llama", "mistral": "llama", "qwen2": "qwen2", "qwen3": "qwen3"}
_ROPE_KEYS = {
    "default": set[str](),
    "linear": {"factor"},
    "yarn": {"factor", "original_max_position_embeddings", "beta_fast", "beta_slow"},
    "llama3": {"factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"},
}


def architecture(config: Mapping[str, Any]) -> str:
    """llama.cpp's name for it. Raises InputError `export_architecture`, `export_config`."""
    kind = str(config.get("model_type"))
    if kind not in ARCHITECTURES:
        raise InputError("export_architecture", type=kind, known=", ".join(ARCHITECTURES))
    if config.get("quantization_config"):
        raise InputError("export_config", field="quantization_config")
    if config.get("hidden_act", "silu") != "silu":
        raise InputError("export_config", field="hidden_act")
    if config.get("partial_rotary_factor") not in (None, 1, 1.0):
        raise InputError("export_config", field="partial_rotary_factor")
    return ARCHITECTURES[kind]


def write_shape(writer: GGUFWriter, config: Mapping[str, Any]) -> None:
    """The hyperparameters. Raises InputError `export_config` (field) for what is missing or cannot be said."""
    heads = number(config, "num_attention_heads")
    writer.add_context_length(context_tokens(config))
    writer.add_embedding_length(number(config, "hidden_size"))
    writer.add_block_count(number(config, "num_hidden_layers"))
    writer.add_feed_forward_length(number(config, "intermediate_size"))
    writer.add_head_count(heads)
    writer.add_head_count_kv(number(config, "num_key_value_heads", heads))
    writer.add_layer_norm_rms_eps(float(config.get("rms_norm_eps", 1e-6)))
    width = head_width(config)
    writer.add_key_length(width)
    writer.add_value_length(width)
    writer.add_rope_dimension_count(width)
    writer.add_vocab_size(number(config, "vocab_size"))
    _write_rope(writer, config)


def number(config: Mapping[str, Any], key: str, default: int | None = None) -> int:
    """A positive number of the configuration. Raises InputError `export_config`."""
    value = config.get(key)
    value = default if value is None else value
    if type(value) is not int or value < 1:
        raise InputError("export_config", field=key)
    return value


def head_width(config: Mapping[str, Any]) -> int:
    return number(config, "head_dim", number(config, "hidden_size") // number(config, "num_attention_heads"))


def context_tokens(config: Mapping[str, Any]) -> int:
    """As far as the file computes the same: llama.cpp knows no window in these architectures, so beyond the window it would look back too far."""
    longest = number(config, "max_position_embeddings")
    window = config.get("sliding_window")
    slides = "sliding_attention" in (config.get("layer_types") or ()) or config.get("model_type") == "mistral" or config.get("use_sliding_window")
    return min(longest, window) if slides and type(window) is int and window > 0 else longest


def rope_factors(config: Mapping[str, Any]) -> list[float] | None:
    """Llama 3's divisor of each rotary frequency, which GGUF has as a tensor; None for other kinds. Formula: transformers `modeling_rope_utils`."""
    rope = _rope(config)
    if rope["rope_type"] != "llama3":
        return None
    factor, low, high = (float(rope[key]) for key in ("factor", "low_freq_factor", "high_freq_factor"))
    before, base, width = float(rope["original_max_position_embeddings"]), float(rope["rope_theta"]), head_width(config)
    factors = []
    for pair in range(width // 2):
        wave = 2 * math.pi * base ** (2 * pair / width)
        if wave < before / high:
            factors.append(1.0)
        elif wave > before / low:
            factors.append(factor)
        else:
            smooth = (before / wave - low) / (high - low)
            factors.append(1 / ((1 - smooth) / factor + smooth))
    return factors


def _rope(config: Mapping[str, Any]) -> dict[str, Any]:
    """The rotary settings in one form: newer configurations have one object, older ones a base and, where it is stretched, a second object."""
    written = config.get("rope_parameters")
    rope = dict(written) if isinstance(written, dict) else {"rope_theta": config.get("rope_theta"), **(config.get("rope_scaling") or {})}
    rope["rope_theta"] = rope.get("rope_theta") or config.get("rope_theta") or 10_000.0
    kind = rope.setdefault("rope_type", rope.pop("type", None) or "default")
    if kind not in _ROPE_KEYS:
        raise InputError("export_config", field=f"rope_type {kind}")
    rope = {key: value for key, value in rope.items() if value is not None}
    if kind != "default":
        rope.setdefault("original_max_position_embeddings", config.get("max_position_embeddings"))
        # A linear stretch needs no original length and some configurations name one.
        known = _ROPE_KEYS[kind] | {"rope_type", "rope_theta", "type", "original_max_position_embeddings"}
        strange = sorted(rope.keys() - known) + sorted(_ROPE_KEYS[kind] - {"beta_fast", "beta_slow"} - rope.keys())
        if strange:
            raise InputError("export_config", field=f"rope {strange[0]}")
    return rope


def _write_rope(writer: GGUFWriter, config: Mapping[str, Any]) -> None:
    from gguf import RopeScalingType

    rope = _rope(config)
    writer.add_rope_freq_base(float(rope["rope_theta"]))
    if rope["rope_type"] == "linear":
        writer.add_rope_scaling_type(RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(float(rope["factor"]))
    elif rope["rope_type"] == "yarn":
        writer.add_rope_scaling_type(RopeScalingType.YARN)
        writer.add_rope_scaling_factor(float(rope["factor"]))
        writer.add_rope_scaling_orig_ctx_len(int(rope["original_max_position_embeddings"]))
        writer.add_rope_scaling_yarn_beta_fast(float(rope.get("beta_fast", 32)))
        writer.add_rope_scaling_yarn_beta_slow(float(rope.get("beta_slow", 1)))
