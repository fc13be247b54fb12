"""Sampling against the logits processors of transformers, on random rows."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers.generation import logits_process as theirs

from solar_chat.engine import sampling as ours
from solar_chat.engine.protocol import Sampling

ROWS = [torch.randn(500, generator=torch.Generator().manual_seed(seed)) * 4 for seed in range(5)]


def by_transformers(processor: Any, row: torch.Tensor, ids: list[int] | None = None) -> torch.Tensor:
    result: torch.Tensor = processor(torch.tensor([ids or [0]]), row[None].clone())[0]
    return result


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("k", [1, 7, 500, 9999])
def test_top_k(row: torch.Tensor, k: int) -> None:
    assert torch.equal(ours.keep_top_k(row, k), by_transformers(theirs.TopKLogitsWarper(k), row))


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("p", [0.01, 0.5, 0.9, 0.999])
def test_top_p(row: torch.Tensor, p: float) -> None:
    assert torch.equal(ours.keep_top_p(row, p), by_transformers(theirs.TopPLogitsWarper(p), row))


@pytest.mark.parametrize("spread", [0.01, 1.0, 4.0])
@pytest.mark.parametrize("p", [0.01, 0.5, 0.9, 0.999])
def test_top_p_of_a_large_vocabulary(spread: float, p: float) -> None:
    # Nearly even, so that most tokens are kept; and so uneven that the first few are enough.
    row = torch.randn(5000, generator=torch.Generator().manual_seed(3)) * spread
    kept, expected = ours.keep_top_p(row, p), by_transformers(theirs.TopPLogitsWarper(p), row)
    # A sum from the other end rounds differently: one token on the edge may fall to the other side.
    assert (kept != expected).sum() <= 1
    assert kept.isfinite().sum() > 0


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("share", [0.01, 0.1, 1.0])
def test_min_p(row: torch.Tensor, share: float) -> None:
    assert torch.equal(ours.keep_min_p(row, share), by_transformers(theirs.MinPLogitsWarper(share), row))


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("penalty", [0.8, 1.15, 2.0])
def test_repetition_penalty(row: torch.Tensor, penalty: float) -> None:
    ids = [3, 3, 499, 12]
    seen = torch.zeros(500, dtype=torch.bool)
    seen[ids] = True
    assert torch.equal(ours.penalize_repetition(row, seen, penalty), by_transformers(theirs.RepetitionPenaltyLogitsProcessor(penalty), row, ids))


@pytest.mark.parametrize("row", ROWS)
def test_all_together_in_the_order_of_transformers(row: torch.Tensor) -> None:
    chain = [
        theirs.RepetitionPenaltyLogitsProcessor(1.2),
        theirs.TemperatureLogitsWarper(0.6),
        theirs.TopKLogitsWarper(40),
        theirs.TopPLogitsWarper(0.95),
        theirs.MinPLogitsWarper(0.02),
    ]
    expected = row
    for processor in chain:
        expected = by_transformers(processor, expected, [5, 77])
    seen = torch.zeros(500, dtype=torch.bool)
    seen[[5, 77]] = True
    setting = Sampling(temperature=0.6, top_p=0.95, top_k=40, min_p=0.02, repetition_penalty=1.2)
    assert torch.equal(ours.shape_logits(row, setting, seen), expected)


def test_temperature_zero_takes_the_likeliest() -> None:
    generator = torch.Generator().manual_seed(1)
    for row in ROWS:
        assert ours.choose(row, Sampling(temperature=0), generator).tolist() == [int(row.argmax())]


def test_the_same_seed_draws_the_same_tokens() -> None:
    def draw(seed: int) -> list[int]:
        generator = torch.Generator().manual_seed(seed)
        return [int(ours.choose(ROWS[0], Sampling(temperature=2.0, top_p=1.0), generator)) for _ in range(20)]

    assert draw(1) == draw(1)
    assert draw(1) != draw(2)


def test_draws_follow_the_probabilities() -> None:
    generator = torch.Generator().manual_seed(0)
    row = torch.tensor([0.6, 0.3, 0.1]).log()
    drawn = [int(ours.choose(row, Sampling(temperature=1.0, top_p=1.0), generator)) for _ in range(3000)]
    assert drawn.count(0) / 3000 == pytest.approx(0.6, abs=0.03)
    assert drawn.count(2) / 3000 == pytest.approx(0.1, abs=0.03)
