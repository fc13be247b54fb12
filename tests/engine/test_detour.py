"""Leaving a wording: a little pull at every token, and no way round before the ending."""

from __future__ import annotations

import math

import torch

from solar_chat.engine.detour import ENDING_TOKENS, WEAKENED, Detour

LOGITS = torch.zeros(10)


def test_nothing_to_avoid_changes_nothing() -> None:
    assert Detour([]).weaken(LOGITS) is LOGITS
    assert Detour([[]]).weaken(LOGITS) is LOGITS


def test_the_path_is_weakened_as_long_as_it_is_followed() -> None:
    path = [1, 2, 3, 4, 5, 6]
    detour = Detour([path])
    for token in path[: len(path) - ENDING_TOKENS]:
        weakened = detour.weaken(LOGITS)
        assert weakened[token] == -WEAKENED
        assert weakened.count_nonzero() == 1
        detour.take(token)
    assert detour.weaken(LOGITS)[path[-ENDING_TOKENS]] == -math.inf
    assert LOGITS.count_nonzero() == 0


def test_off_the_path_everything_is_as_likely_as_ever() -> None:
    detour = Detour([[1, 2, 3, 4, 5, 6], [1, 7, 8, 9, 5, 6]])
    assert detour.weaken(LOGITS)[1] <= -WEAKENED
    detour.take(1)
    assert (detour.weaken(LOGITS)[[2, 7]] == -WEAKENED).all()
    detour.take(7)
    assert detour.weaken(LOGITS).nonzero().flatten().tolist() == [8]
    detour.take(0)
    assert detour.weaken(LOGITS) is LOGITS


def test_a_short_wording_is_left_at_once() -> None:
    assert Detour([[3, 4]]).weaken(LOGITS)[3] == -math.inf
