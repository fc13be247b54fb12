"""The attention of one token gives what transformers' own gives, for every sharing of key heads, with a mask and without."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from solar_chat.engine.attention import attend

HEADS, WIDTH, ROWS = 8, 16, 37


@pytest.fixture(params=[1, 2, 8], ids=["multi-query", "grouped", "multi-head"])
def states(request: pytest.FixtureRequest) -> tuple[Any, Any, Any]:
    """Queries of one token, keys and values for each of `key_heads`, as a view into a longer cache."""
    import torch

    torch.manual_seed(5)
    key_heads: int = request.param
    cache = torch.randn(2, 1, key_heads, ROWS + 11, WIDTH)
    return torch.randn(1, HEADS, 1, WIDTH), cache[0, :, :, :ROWS], cache[1, :, :, :ROWS]


@pytest.mark.parametrize("masked", [False, True])
def test_the_numbers_are_those_of_transformers(states: tuple[Any, Any, Any], masked: bool) -> None:
    import torch
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    query, key, value = states
    mask = (torch.arange(ROWS) < 20)[None, None, None] if masked else None
    module = SimpleNamespace(num_key_value_groups=HEADS // key.shape[1], is_causal=True)
    theirs, _ = sdpa_attention_forward(module, query, key, value, mask, scaling=0.2)
    ours, weights = attend(module, query, key, value, mask, scaling=0.2)
    assert weights is None
    assert ours.shape == theirs.shape == (1, 1, HEADS, WIDTH)
    torch.testing.assert_close(ours, theirs)


def test_keys_and_values_are_not_copied_for_each_head() -> None:
    import torch
    from torch.profiler import ProfilerActivity, profile

    module = SimpleNamespace(num_key_value_groups=8, is_causal=True)
    key = torch.randn(1, 1, 4096, WIDTH)
    query = torch.randn(1, HEADS, 1, WIDTH)
    with torch.inference_mode(), profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        attend(module, query, key, key, None)
    most = max(event.self_cpu_memory_usage for event in seen.key_averages())
    assert most < key.nbytes
