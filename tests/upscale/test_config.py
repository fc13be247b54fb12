"""What a config says about single layers, before and after: lists, numbers, rules. The rules are transformers' own, asked of transformers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import transformers

from solar_chat.errors import InputError
from solar_chat.upscale import Checkpoint, DepthPlan, deepened_config

PLAN = DepthPlan.solar(6, 2)
SOURCES = (0, 1, 2, 3, 2, 3, 4, 5)


def deepened(plan: DepthPlan = PLAN, /, **config: Any) -> dict[str, Any]:
    return deepened_config(Checkpoint(Path("nowhere"), {"num_hidden_layers": plan.source_layers, **config}, {}), plan)


def test_lists_with_an_entry_per_layer() -> None:
    config = deepened(layer_types=list("abcdef"), head_counts=[1, 2, 3, 4, 5, 6], eos_token_id=[1, 2, 3, 4, 5, 6], architectures=["A"])
    assert config["layer_types"] == list("abcdcdef")
    assert config["head_counts"] == [1, 2, 3, 4, 3, 4, 5, 6]
    assert (config["eos_token_id"], config["architectures"], config["num_hidden_layers"]) == ([1, 2, 3, 4, 5, 6], ["A"], 8)


def test_lists_of_layer_numbers() -> None:
    assert deepened(mlp_only_layers=[2, 5])["mlp_only_layers"] == [2, 4, 7]
    assert deepened(mlp_only_layers=[])["mlp_only_layers"] == []
    assert deepened(full_attn_idxs=[0, 1, 2, 3, 4, 5])["full_attn_idxs"] == list(range(8))
    assert deepened(no_rope_layers=[1, 1, 1, 0, 1, 1])["no_rope_layers"] == [1, 1, 1, 0, 1, 0, 1, 1]


@pytest.mark.parametrize(("key", "words"), [("n_layer", "n_layer"), ("n_layers", "n_layers"), ("num_layers", "num_layers")])
def test_other_words_for_depth(key: str, words: str) -> None:
    checkpoint = Checkpoint(Path("nowhere"), {key: 6}, {})
    assert (checkpoint.layers, deepened_config(checkpoint, PLAN)[words]) == (6, 8)


def test_the_language_part_of_a_model_that_sees() -> None:
    seeing = {"text_config": {"num_hidden_layers": 6, "layer_types": list("abcdef")}, "vision_config": {"num_hidden_layers": 6}}
    config = deepened_config(Checkpoint(Path("nowhere"), seeing, {}), PLAN)
    assert config["text_config"] == {"num_hidden_layers": 8, "layer_types": list("abcdcdef")}
    assert config["vision_config"] == {"num_hidden_layers": 6}


@pytest.mark.parametrize(("before", "after"), [(6, 8), (4, 6), (3, 3), (0, 0), (28, 30)])
def test_max_window_layers_without_a_window(before: int, after: int) -> None:
    assert deepened(model_type="qwen2", use_sliding_window=False, max_window_layers=before) == {
        "num_hidden_layers": 8,
        "model_type": "qwen2",
        "use_sliding_window": False,
        "max_window_layers": after,
    }


@pytest.mark.parametrize(
    ("kind", "special"),
    [
        ("Gemma2Config", {"sliding_window": 4}),
        ("Gemma3TextConfig", {"sliding_window": 4}),
        ("Gemma3TextConfig", {"sliding_window": 4, "sliding_window_pattern": 4}),
        ("Cohere2Config", {"sliding_window": 4}),
        ("Qwen2Config", {"sliding_window": 4, "use_sliding_window": True, "max_window_layers": 3}),
        ("Qwen3Config", {"sliding_window": 4, "use_sliding_window": True, "max_window_layers": 3}),
        ("Qwen2Config", {"sliding_window": 4, "use_sliding_window": False, "max_window_layers": 3}),
    ],
)
@pytest.mark.parametrize("sources", [SOURCES, (0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5)])
def test_rules_follow_as_transformers_reads_them(kind: str, special: dict[str, Any], sources: tuple[int, ...], tmp_path: Path) -> None:
    """A config from before transformers wrote `layer_types`: the kind of each new layer is the kind of the layer it copies."""
    maker = getattr(transformers, kind)
    old = {"model_type": maker.model_type, "num_hidden_layers": 6, **special}
    before = maker(**{key: value for key, value in old.items() if key != "model_type"}).layer_types
    new = deepened_config(Checkpoint(tmp_path, old, {}), DepthPlan(6, sources))
    (tmp_path / "config.json").write_text(json.dumps(new), encoding="utf-8")
    assert transformers.AutoConfig.from_pretrained(tmp_path).layer_types == [before[source] for source in sources]


def test_a_rule_that_the_list_overrules_goes() -> None:
    config = deepened(model_type="gemma3_text", sliding_window_pattern=3)
    assert "sliding_window_pattern" not in config
    assert [types[0] for types in config["layer_types"]] == list("ssfsfssf")
    # Shifted by whole periods the rule still holds, and stays.
    assert deepened(DepthPlan(6, (0, 1, 2, 0, 1, 2, 3, 4, 5)), model_type="gemma3_text", sliding_window_pattern=3)["sliding_window_pattern"] == 3


@pytest.mark.parametrize("field", ["decoder_sparse_step", "attn_layer_period", "full_attention_interval"])
def test_a_rule_that_cannot_be_written_is_refused(field: str) -> None:
    with pytest.raises(InputError) as caught:
        deepened(DepthPlan(6, (0, 1, 2, 3, 4, 2, 3, 4, 5)), **{field: 2})
    assert (caught.value.key, caught.value.params["field"]) == ("upscale_unknown_config", field)
    assert deepened(**{field: 2})[field] == 2
    assert deepened(DepthPlan(6, (0, 1, 2, 3, 4, 2, 3, 4, 5)), **{field: 1})[field] == 1


def test_the_first_layers_that_differ() -> None:
    assert deepened(first_k_dense_replace=1)["first_k_dense_replace"] == 1
    assert deepened(DepthPlan(6, (0, 1, 0, 1, 2, 3, 4, 5)), first_k_dense_replace=2)["first_k_dense_replace"] == 4
    with pytest.raises(InputError, match="first_k_dense_replace"):
        deepened(DepthPlan.solar(6, 1), first_k_dense_replace=3)


@pytest.mark.parametrize("field", ["num_kv_shared_layers", "num_nextn_predict_layers"])
def test_layers_that_lean_on_others_are_refused(field: str) -> None:
    assert deepened(**{field: 0})[field] == 0
    with pytest.raises(InputError, match=field):
        deepened(**{field: 2})


def test_modules_are_named_anew_with_their_layers() -> None:
    """As checkpoints in 8-bit floats name what they keep in 16 bits."""
    spared = ["lm_head", "model.layers.2.mlp.gate", "model.layers.5.mlp.gate", "visual.blocks.3"]
    settings = {"quant_method": "fp8", "weight_block_size": [128, 128], "modules_to_not_convert": spared}
    new = deepened(DepthPlan(6, (0, 1, 2, 3, 2, 3, 4, 5)), quantization_config=settings)["quantization_config"]
    assert new == {**settings, "modules_to_not_convert": ["lm_head", *(f"model.layers.{layer}.mlp.gate" for layer in (2, 4, 7)), "visual.blocks.3"]}


def test_layer_types_of_another_length_are_refused() -> None:
    with pytest.raises(InputError, match="layer_types"):
        deepened(layer_types=["a"])
