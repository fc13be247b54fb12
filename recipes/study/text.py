"""From files of lines to batches of tokens: what is trained on, in which order, and what is held out.

The rule: a line is held out by a hash of its first letters, so that the same sentence in another speech level goes to the same side. Every seed has
an order of its own; within a seed every arm reads the same. Nothing here trains.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from recipes.starter.data import read_own
from recipes.starter.tokenizer import train_tokenizer
from recipes.study.design import END_ID, Design

HELDOUT_SHARE = 0.03
_TWIN_LETTERS = 6

Tokens = npt.NDArray[np.uint16]


def read_lines(files: Iterable[Path]) -> list[str]:
    """The project's own records, a conversation to a line, and every line of `files` that is not empty; each text once.

    Raises OSError or UnicodeDecodeError for a file that cannot be read.
    """
    own = [" ".join(turn.content for turn in record.turns) for record in read_own()]
    others = [line.strip() for path in files for line in path.read_text(encoding="utf-8").splitlines()]
    return list(dict.fromkeys(line for line in (*own, *others) if line))


def divide(lines: Iterable[str]) -> tuple[list[str], list[str]]:
    """Training and held-out lines."""
    training, held_out = list[str](), list[str]()
    for line in lines:
        letters = "".join(char for char in line.lower() if char.isalnum())[:_TWIN_LETTERS]
        share = int.from_bytes(hashlib.sha256(letters.encode()).digest()[:8], "big") / 2**64
        (held_out if share < HELDOUT_SHARE else training).append(line)
    return training, held_out


class Corpus:
    """The text as tokens."""

    def __init__(self, lines: Sequence[str], design: Design, tokenizer: Tokenizer | None = None) -> None:
        """Raises ValueError where the text has too many letters for the vocabulary or is too short to hold any of it out."""
        training, held_out = divide(lines)
        self.tokenizer = tokenizer or train_tokenizer(training, design.vocabulary)
        if self.tokenizer.get_vocab_size() > design.vocabulary:
            # Every letter of the text gets a token, and Hangul has many.
            raise ValueError(f"the text needs {self.tokenizer.get_vocab_size()} tokens at least, the design has {design.vocabulary}")
        self._design = design
        self._training = self._encode(training)
        self.training_tokens = sum(map(len, self._training))
        shuffled = self._encode(held_out)
        random.Random(0).shuffle(shuffled)
        whole = np.concatenate([np.zeros(0, np.uint16), *shuffled])
        if len(whole) < design.heldout_rows * (design.context_tokens + 1):
            raise ValueError(f"{len(whole)} held-out tokens are too few for {design.heldout_rows} rows of {design.context_tokens}")
        self.held_out = self._rows(whole, design.heldout_rows)

    def batches(self, seed: int, steps: int) -> Tokens:
        """`steps` x batch rows of context + 1 tokens: all lines in a shuffled order, then all of them in another, and so on."""
        design, rng = self._design, random.Random(seed)
        rows = steps * design.batch_rows
        needed = rows * design.context_tokens + 1
        pieces, filled, order = list[Tokens](), 0, list(self._training)
        while filled < needed:
            rng.shuffle(order)
            pieces += order
            filled += self.training_tokens
        return self._rows(np.concatenate(pieces), rows)

    def _encode(self, lines: Sequence[str]) -> list[Tokens]:
        encoded = self.tokenizer.encode_batch_fast(list(lines), add_special_tokens=False)
        return [np.array([*one.ids, END_ID], dtype=np.uint16) for one in encoded]

    def _rows(self, stream: Tokens, rows: int) -> Tokens:
        context = self._design.context_tokens
        # Rows overlap by a token, so that each token but the very first is predicted once.
        return np.lib.stride_tricks.sliding_window_view(stream, context + 1)[::context][:rows]
