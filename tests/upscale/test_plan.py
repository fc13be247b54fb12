"""Plans are numbers: SOLAR's own, the smallest, and the ones that must be refused."""

from __future__ import annotations

import pytest

from solar_chat.errors import InputError
from solar_chat.upscale import DepthPlan

# config.json of upstage/SOLAR-10.7B-v1.0, the fields that count.
SOLAR_CONFIG = {
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 32000,
    "tie_word_embeddings": False,
}


def test_solar_is_the_paper() -> None:
    plan = DepthPlan.solar(layers=32, drop=8)
    assert plan.layers == 48
    assert plan.sources == (*range(24), *range(8, 32))
    assert plan.seams == ((23, 8),)
    assert plan.repeated == tuple(range(8, 24))
    assert plan.parameters(SOLAR_CONFIG) == 10_731_524_096


def test_starter_is_eight_to_twelve() -> None:
    assert DepthPlan.solar(8, 2).sources == (0, 1, 2, 3, 4, 5, 2, 3, 4, 5, 6, 7)


def test_parent_by_slices_counts_as_mistral_7b() -> None:
    assert DepthPlan.slices(32, [(0, 32)]).parameters(SOLAR_CONFIG) == 7_241_732_096


def test_biases_tied_embeddings_and_head_width_count() -> None:
    config = {
        "hidden_size": 8,
        "intermediate_size": 10,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 6,
        "vocab_size": 20,
        "tie_word_embeddings": True,
        "attention_bias": True,
        "mlp_bias": True,
    }
    attention = 8 * 12 * 2 + 8 * 6 * 2 + 12 + 6 + 6 + 8
    mlp = 3 * 8 * 10 + 10 + 10 + 8
    assert DepthPlan.slices(1, [(0, 1)]).parameters(config) == attention + mlp + 16 + 20 * 8 + 8


@pytest.mark.parametrize(("layers", "drop"), [(32, 0), (32, -1), (32, 16), (32, 40), (3, 2)])
def test_bad_drop_is_refused(layers: int, drop: int) -> None:
    with pytest.raises(InputError) as caught:
        DepthPlan.solar(layers, drop)
    assert caught.value.key == "upscale_bad_drop"
    assert caught.value.params["most"] == (layers - 1) // 2


def test_most_drop_that_the_error_names_is_accepted() -> None:
    assert DepthPlan.solar(32, 15).layers == 34
    assert DepthPlan.solar(3, 1).layers == 4


def test_two_layers_cannot_be_stacked() -> None:
    with pytest.raises(InputError, match="upscale_too_shallow"):
        DepthPlan.solar(2, 1)


@pytest.mark.parametrize("bad", [(0, 33), (-1, 4), (5, 5), (6, 5)])
def test_bad_slice_is_refused(bad: tuple[int, int]) -> None:
    with pytest.raises(InputError, match="upscale_bad_slice"):
        DepthPlan.slices(32, [(0, 4), bad])


def test_no_slices_is_refused() -> None:
    with pytest.raises(InputError, match="upscale_no_slices"):
        DepthPlan.slices(32, [])


@pytest.mark.parametrize("field", ["hidden_size", "intermediate_size", "num_attention_heads", "vocab_size"])
def test_missing_size_is_named(field: str) -> None:
    config = {key: value for key, value in SOLAR_CONFIG.items() if key != field}
    with pytest.raises(InputError) as caught:
        DepthPlan.solar(32, 8).parameters(config)
    assert (caught.value.key, caught.value.params["field"]) == ("upscale_unknown_config", field)


def test_seam_distance() -> None:
    assert DepthPlan.solar(32, 8).seam_distance == 15
    # Two whole copies: what the paper's dropping avoids.
    assert DepthPlan.slices(32, [(0, 32), (0, 32)]).seam_distance == 31
    assert DepthPlan.slices(32, [(0, 32)]).seam_distance == 0


def test_identity_is_llama_pro() -> None:
    plan = DepthPlan.identity(32, drop=12)
    assert plan.layers == 40
    assert plan.zeroed == (4, 9, 14, 19, 24, 29, 34, 39)
    assert [plan.sources[new] for new in plan.zeroed] == [3, 7, 11, 15, 19, 23, 27, 31]
    assert [plan.sources[new] for new in plan.working] == list(range(32))
    assert (plan.seams, plan.seam_distance, plan.method) == ((), 0, "identity")


@pytest.mark.parametrize("layers", [3, 4, 7, 32, 33])
def test_identity_is_as_deep_as_dus(layers: int) -> None:
    for drop in range(1, (layers - 1) // 2 + 1):
        plan = DepthPlan.identity(layers, drop)
        assert plan.layers == DepthPlan.solar(layers, drop).layers
        assert len(plan.zeroed) == layers - 2 * drop
        assert all(plan.sources[new - 1] == plan.sources[new] for new in plan.zeroed)


def test_slices_as_identity() -> None:
    plan = DepthPlan.slices(4, [(0, 3), (1, 4)]).passing()
    assert (plan.sources, plan.zeroed) == ((0, 1, 2, 1, 2, 3), (3, 4))
    with pytest.raises(InputError) as caught:
        DepthPlan.slices(4, [(0, 2), (3, 4), (2, 3), (0, 2)]).passing()
    assert (caught.value.key, caught.value.params["layer"]) == ("upscale_not_identity", 3)


def test_left_out() -> None:
    assert DepthPlan.slices(6, [(0, 2), (1, 4)]).left_out == (4, 5)
