"""A source and its deeper result over the same text: perplexity, bits per byte, and how far each layer turns the stream.

    measured = figures(model, text, window_tokens)

Pure counting; who runs the model is handed in. The rule: both models read the same tokens in the same windows, and what comes out is said as it is: a
raw stack is worse than its parent, and the sentence for that is chosen from the numbers, not from the hope.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, Protocol

from solar_chat.errors import InputError, ModelError
from solar_chat.upscale.plan import DepthPlan

# What a model that reads 128k tokens expects hardly changes beyond this, and the logits of a window take memory.
LONGEST_WINDOW_TOKENS = 4096
# Fewer say more about the words than about the model.
LEAST_TOKENS = 32
# Relative; rounding of float16 stays well below, and no training does.
_SAME = 1e-3

# A model this near to the perplexity of even guessing, which is the size of its vocabulary, does not read the text at all.
_GUESSING = 1 / 8

Verdict = Literal["same", "worse", "better", "guessing"]
Progress = Callable[[float], None]
"""Called with the share that is done; whatever it raises ends the work."""


class Seen(Protocol):
    """Sums over the counted tokens of one window; `engine.inside.Seen` is one."""

    @property
    def tokens(self) -> int: ...

    @property
    def nats(self) -> float: ...

    @property
    def cosines(self) -> tuple[float, ...]: ...


class Model(Protocol):
    """What can be looked into."""

    def look(self, ids: Sequence[int], first: int) -> Seen:
        """One pass over `ids`, of which those from number `first` on count."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text as the models' tokenizer reads it."""

    ids: tuple[int, ...]
    bos_id: int | None
    """Begins every window where the model wants it."""
    bytes: int
    """UTF-8, of the tokens that are counted."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One model over one text."""

    tokens: int
    """Counted; without a BOS the first one is not, because nothing stands before it."""
    bytes: int
    nats: float
    """Of all of them together."""
    cosines: tuple[float, ...]
    """Per layer, between what goes in and what comes out, mean over tokens: 1 where a layer changes only the length."""

    @property
    def perplexity(self) -> float:
        return math.exp(self.nats / self.tokens)

    @property
    def bits_per_byte(self) -> float:
        """Comparable between tokenizers, which perplexity is not."""
        return self.nats / math.log(2) / self.bytes


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both models, and the plan by which one was made of the other; None where the result has no recipe."""

    source: Figures
    result: Figures
    plan: DepthPlan | None
    vocabulary: int
    """Tokens there are: the perplexity of guessing evenly."""

    @property
    def verdict(self) -> Verdict:
        """ "guessing" where the source cannot read the text, so that nothing follows from the comparison."""
        difference = (self.result.nats - self.source.nats) / self.source.nats
        if abs(difference) < _SAME:
            return "same"
        if self.source.perplexity > self.vocabulary * _GUESSING:
            return "guessing"
        return "worse" if difference > 0 else "better"

    @property
    def times(self) -> float:
        """The result's perplexity in the source's."""
        return self.result.perplexity / self.source.perplexity

    @property
    def seams(self) -> tuple[int, ...]:
        """New layers that follow another layer than in the source: the first above each seam."""
        if self.plan is None:
            return ()
        return tuple(above for below, above in pairwise(self.plan.working) if self.plan.sources[above] != self.plan.sources[below] + 1)


def figures(model: Model, text: Text, window_tokens: int, progress: Progress | None = None) -> Figures:
    """Read `text` in windows that overlap by half, each token counted once.

    Raises InputError `measure_too_short`, ModelError `measure_not_finite`.
    """
    tokens, nats, cosines = 0, 0.0, list[float]()
    for ids, first, done in windows(text, window_tokens):
        seen = model.look(ids, first)
        if not math.isfinite(seen.nats):
            raise ModelError("measure_not_finite")
        tokens, nats = tokens + seen.tokens, nats + seen.nats
        cosines = [a + b for a, b in zip(cosines or [0.0] * len(seen.cosines), seen.cosines, strict=True)]
        if progress is not None:
            progress(done)
    return Figures(tokens, text.bytes, nats, tuple(total / tokens for total in cosines))


def windows(text: Text, window_tokens: int) -> Iterator[tuple[tuple[int, ...], int, float]]:
    """(ids, number of the first one that counts, share of the text that is then read). Raises InputError `measure_too_short`."""
    if len(text.ids) < LEAST_TOKENS:
        raise InputError("measure_too_short", tokens=len(text.ids), least=LEAST_TOKENS)
    begins: tuple[int, ...] = () if text.bos_id is None else (text.bos_id,)
    room = min(window_tokens, LONGEST_WINDOW_TOKENS) - len(begins)
    step = max(1, room // 2)
    counted = 0
    while counted < len(text.ids):
        stop = min(len(text.ids), counted + (room if counted == 0 else step))
        start = max(0, stop - room)
        # Nothing stands before the very first token of a model without BOS.
        first = max(1, len(begins) + counted - start)
        yield begins + text.ids[start:stop], first, stop / len(text.ids)
        counted = stop
