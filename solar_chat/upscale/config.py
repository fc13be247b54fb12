"""The config of the result: its depth, and whatever it says about single layers, follow the plan.

Three ways a config speaks of layers: a list with an entry for each, a list of numbers or names, a rule over the number (each sixth, the first three).
Lists follow the plan; a rule that the new order breaks is written out as a list where there is one for it, else refused by name. The rest stays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from solar_chat.checkpoint import Checkpoint
from solar_chat.errors import InputError
from solar_chat.upscale.plan import DepthPlan

# "Every p-th layer is different", and the list that overrules it.
_PERIODS = {
    "full_attention_interval": "layer_types",
    "sliding_window_pattern": "layer_types",
    "_sliding_window_pattern": "layer_types",
    "global_attn_every_n_layers": "layer_types",
    "dense_attention_every_n_layers": None,
    "no_rope_layer_interval": "no_rope_layers",
    "interleave_moe_layer_step": "moe_layers",
    "decoder_sparse_step": None,
    "moe_layer_freq": None,
    "attn_layer_period": None,
    "expert_layer_period": None,
}
# "The first k layers are different."
_FIRST = ("first_k_dense_replace", "num_dense_layers", "n_dense_layers")
# Layers that lean on others by their place; no stack of copies keeps that.
_LEANING = ("num_kv_shared_layers", "num_nextn_predict_layers")
# transformers' rule where the config is silent: of this many layers the last sees everything, the others a window.
_WINDOW_PATTERNS = {"gemma2": 2, "gemma3_text": 6, "cohere2": 4}

# Modules that a checkpoint in 8-bit floats keeps in 16 bits, by their names.
_SPARED = ("modules_to_not_convert", "ignored_layers")
_NUMBER = re.compile(r"(?<=\blayers\.)(\d+)(?![^.])")


def deepened_config(source: Checkpoint, plan: DepthPlan) -> dict[str, Any]:
    """The config of the result. Raises InputError `upscale_unknown_config` (field) for a rule over layers that the plan breaks."""
    config = dict(source.config)
    if (section := source.text_section) is not None:
        config[section] = _deepened(source.text_config, source.depth_key, plan)
        if config.get(source.depth_key) == source.layers:
            config[source.depth_key] = plan.layers
    else:
        config = _deepened(config, source.depth_key, plan)
    if isinstance(settings := config.get("quantization_config"), dict):
        config["quantization_config"] = {key: _names(value, plan) if key in _SPARED else value for key, value in settings.items()}
    return config


def layers_differ(source: Checkpoint) -> bool:
    """Whether the config says that not all layers are alike."""
    config = source.text_config
    lists = (value for key, value in config.items() if _per_layer(key, value, source.layers))
    return (
        any(any(entry != value[0] for entry in value) for value in lists)
        or any(value for key, value in config.items() if _numbers(key, value, source.layers))
        or any(config.get(key) for key in _FIRST)
        or any(config.get(key) not in (None, 0, 1) for key in _PERIODS)
        or len(set(_layer_types(config, source.layers) or ())) > 1
        or any(_NUMBER.search(str(name)) for name in _spared(source.config))
    )


def _deepened(config: Mapping[str, Any], depth_key: str, plan: DepthPlan) -> dict[str, Any]:
    layers = plan.source_layers
    new = dict(config)
    if isinstance(config.get("layer_types"), list) and len(config["layer_types"]) != layers:
        raise InputError("upscale_unknown_config", field="layer_types")
    if (types := _layer_types(config, layers)) is not None:
        new["layer_types"] = [types[old] for old in plan.sources]
    for key, value in config.items():
        if _numbers(key, value, layers):
            new[key] = [place for place, old in enumerate(plan.sources) if old in value]
        elif _per_layer(key, value, layers):
            new[key] = [value[old] for old in plan.sources]
    _follow_window(new, plan)
    _follow_rules(new, plan)
    new[depth_key] = plan.layers
    return new


def _spared(config: Mapping[str, Any]) -> list[object]:
    settings = config.get("quantization_config")
    lists = [settings.get(key) for key in _SPARED] if isinstance(settings, dict) else []
    return [name for names in lists if isinstance(names, list) for name in names]


def _names(value: object, plan: DepthPlan) -> object:
    """A list of modules, "model.layers.3.mlp.gate" for one, with those of each layer named anew."""
    if not isinstance(value, list):
        return value
    named: list[str] = []
    for name in map(str, value):
        before, number, after = _NUMBER.split(name, maxsplit=1) if _NUMBER.search(name) else (name, "", "")
        named += [f"{before}{new}{after}" for new, old in enumerate(plan.sources) if old == int(number)] if number else [name]
    return named


def _per_layer(key: str, value: object, layers: int) -> bool:
    # Token ids come in lists of any length.
    return isinstance(value, list) and len(value) == layers and "token" not in key and key != "architectures"


def _numbers(key: str, value: object, layers: int) -> bool:
    """Whether `value` lists layers by their number: `mlp_only_layers: [0, 3]`."""
    if not isinstance(value, list) or not value or not ("layer" in key or key.endswith(("idx", "idxs", "indices"))):
        return False
    if any(type(entry) is not int or not 0 <= entry < layers for entry in value):
        return False
    rising = all(one < other for one, other in pairwise(value))
    return rising and (len(value) != layers or value == list(range(layers)))


def _layer_types(config: Mapping[str, Any], layers: int) -> list[str] | None:
    """One attention type per layer, as written or as transformers derives it; None where all are the model's only one."""
    written = config.get("layer_types")
    if isinstance(written, list) and len(written) == layers:
        return written
    model = str(config.get("model_type"))
    if model in _WINDOW_PATTERNS:
        period = config.get("sliding_window_pattern") or config.get("_sliding_window_pattern") or _WINDOW_PATTERNS[model]
        return ["full_attention" if (layer + 1) % int(period) == 0 else "sliding_attention" for layer in range(layers)]
    first = config.get("max_window_layers")
    if model.startswith("qwen") and config.get("use_sliding_window") and config.get("sliding_window") is not None and type(first) is int:
        return ["sliding_attention" if layer >= first else "full_attention" for layer in range(layers)]
    return None


def _follow_window(new: dict[str, Any], plan: DepthPlan) -> None:
    """Qwen-style configs say from which layer on the window counts."""
    first = new.get("max_window_layers")
    if type(first) is int:
        beyond = max(0, first - plan.source_layers)
        new["max_window_layers"] = next((place for place, old in enumerate(plan.sources) if old >= first), plan.layers) + beyond


def _follow_rules(new: dict[str, Any], plan: DepthPlan) -> None:
    for key, overruled_by in _PERIODS.items():
        period = new.get(key)
        if type(period) is int and period > 1 and any((place - old) % period for place, old in enumerate(plan.sources)):
            if overruled_by is None or not isinstance(new.get(overruled_by), list):
                raise InputError("upscale_unknown_config", field=key)
            # The list says it now; a rule that says otherwise would mislead the readers that know only the rule.
            del new[key]
    for key in _FIRST:
        if first := new.get(key):
            kind = [old < first for old in plan.sources]
            if kind != sorted(kind, reverse=True):
                raise InputError("upscale_unknown_config", field=key)
            new[key] = sum(kind)
    for key in _LEANING:
        if new.get(key):
            raise InputError("upscale_unknown_config", field=key)
