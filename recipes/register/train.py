"""Train the character model, print its figures and write the file: about two minutes on one CPU core.

    python -m recipes.register.train --data DIR --out assets/register

A line of known level teaches that level; a line of which only the family is known teaches the sum of the family's levels. Randomness comes from the
seed below and from nowhere else. The file holds three plain arrays, no pickle.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from recipes.register.data import Data, Line, load
from solar_chat.language.register.character_model import BUCKETS, CLASSES, CharacterModel, grams

log = logging.getLogger("register")

SEED: Final = 20261123
EPOCHS: Final = 8
BATCH: Final = 512
RATE: Final = 0.02
DECAY: Final = 2e-7
_ALLOWED: Final = {"jondaemal": ("formal", "polite"), "banmal": ("casual", "plain"), "none": ("none",)}


def fit(lines: Sequence[Line], *, epochs: int = EPOCHS, seed: int = SEED) -> CharacterModel:
    """One linear layer over the n-grams' buckets, trained to put its probability on the classes that each line allows."""
    generator = torch.Generator().manual_seed(seed)
    rows = [(np.asarray(found, dtype=np.int64), _mask(line)) for line in lines if (found := grams(line.text))]
    layer = torch.nn.EmbeddingBag(BUCKETS, len(CLASSES), mode="sum")
    torch.nn.init.zeros_(layer.weight)
    bias = torch.nn.Parameter(torch.zeros(len(CLASSES)))
    optimizer = torch.optim.Adam([layer.weight, bias], lr=RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=RATE, total_steps=epochs * (len(rows) // BATCH + 1) + 1)
    for epoch in range(epochs):
        order = torch.randperm(len(rows), generator=generator).tolist()
        total = 0.0
        for start in range(0, len(order), BATCH):
            batch = [rows[index] for index in order[start : start + BATCH]]
            allowed = torch.tensor([mask for _, mask in batch])
            loss = -(torch.log_softmax(_logits(layer, [found for found, _ in batch]) + bias, dim=1) + allowed).logsumexp(dim=1).mean()
            (loss + DECAY * layer.weight.square().sum()).backward()  # type: ignore[no-untyped-call]  # torch leaves backward untyped.
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
            total += loss.item() * len(batch)
        log.info("epoch %d: loss %.4f", epoch + 1, total / len(rows))
    return quantized(layer.weight.detach().numpy(), bias.detach().numpy())


def _logits(layer: torch.nn.EmbeddingBag, rows: Sequence[NDArray[np.int64]]) -> torch.Tensor:
    offsets = np.cumsum([0, *(len(found) for found in rows[:-1])])
    # The same 1/sqrt(n) as in CharacterModel.guess: long and short lines weigh alike.
    share = np.concatenate([np.full(len(found), len(found) ** -0.5, dtype=np.float32) for found in rows])
    logits: torch.Tensor = layer(torch.from_numpy(np.concatenate(rows)), torch.from_numpy(offsets), per_sample_weights=torch.from_numpy(share))
    return logits


def _mask(line: Line) -> list[float]:
    """0 for the classes that the line allows, minus infinity for the others."""
    classes = (line.level,) if line.level is not None else _ALLOWED[line.family]
    return [0.0 if name in classes else float("-inf") for name in CLASSES]


def quantized(weights: NDArray[np.float32], bias: NDArray[np.float32]) -> CharacterModel:
    """The weights in int8, one scale for each class; rare large weights are clipped."""
    scale = np.maximum(np.quantile(np.abs(weights), 0.9999, axis=0), 1e-6).astype(np.float32) / 127
    return CharacterModel(np.clip(np.rint(weights / scale), -127, 127).astype(np.int8), scale, bias.astype(np.float32))


def accuracy(model: CharacterModel, lines: Sequence[Line]) -> dict[str, float]:
    """Share of lines whose family and whose level (where one is known) the model alone gets right."""
    guesses = [(line, model.guess(line.text)) for line in lines]
    family = [(guess.jondaemal >= 0.5) == (line.family == "jondaemal") for line, guess in guesses]
    level = [guess.level == line.level for line, guess in guesses if line.level is not None]
    return {"lines": len(lines), "family": round(float(np.mean(family)), 4), "level": round(float(np.mean(level)), 4)}


def save(model: CharacterModel, out: Path) -> Path:
    """Write the arrays; the file appears whole or not at all."""
    out.mkdir(parents=True, exist_ok=True)
    partial = out / "model.partial.npz"
    np.savez_compressed(partial, weights=model.weights, scale=model.scale, bias=model.bias)
    return partial.replace(out / "model.npz")


def run(data: Data, out: Path) -> dict[str, object]:
    """Fit, measure on what is held out, write. Returns the figures."""
    started = time.monotonic()
    model = fit(data.train)
    file = save(model, out)
    return {
        "train_lines": len(data.train),
        "held_out": accuracy(model, data.dev),
        "bytes": file.stat().st_size,
        "seconds": round(time.monotonic() - started),
    }


def main() -> None:
    """Command line of the recipe."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with korean-honorific-translation/ and chatbot-data/")
    parser.add_argument("--out", type=Path, default=Path("assets/register"))
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    log.info("%s", json.dumps(run(load(given.data, seed=SEED), given.out)))


if __name__ == "__main__":
    main()
