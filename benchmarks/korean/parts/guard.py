"""What the guard adds to a streamed reply, in milliseconds a sentence.

Replies are documents of a known level, fed in pieces as small as a model's tokens. A reply in the asked level costs the judging; one in another costs
the judging and the re-inflection of every sentence, the dearest a reply can be. The processor's time is taken, so that a busy machine adds nothing.
"""

from __future__ import annotations

import functools
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Final

from benchmarks.korean.data import Data
from benchmarks.korean.figures import Disputed, Result, Row, attempt, joined
from benchmarks.korean.paragraphs import document_paragraphs
from benchmarks.korean.parts.speed import long_texts
from solar_chat.guard import Guard
from solar_chat.language import LEVELS, Expected, Level, warm

_SETS: Final[dict[Level, str]] = {"formal": "docs-ko-formal-react", "polite": "docs-ko-haeyo-toss-ff"}
_PIECE_CHARACTERS: Final = 3
"""A token of a Korean model holds one to four characters."""
_REPLIES: Final = 20
_MOST_MS: Final = 5.0


def measure(data: Data, disputed: Disputed) -> Result:
    """Median and slowest sentence, per asked level."""
    return joined(
        attempt("guard", f"{written} reply, {asked} asked", functools.partial(_replied, data, set_name, written, asked))
        for written, set_name in _SETS.items()
        for asked in LEVELS
    )


def _replied(data: Data, set_name: str, written: Level, asked: Level) -> Result:
    replies = long_texts([item.text for item in document_paragraphs(data, set_name, written)])[:_REPLIES]
    return _added(f"{written} reply, {asked} asked", asked, replies)


def _added(name: str, asked: Level, replies: Sequence[str]) -> Result:
    warm()
    means: list[float] = []
    slowest: list[float] = []
    sentences = 0
    for reply in replies:
        guard = Guard(asked, "keep", Expected("ko"))
        steps = [_ms(functools.partial(guard.feed, reply[at : at + _PIECE_CHARACTERS])) for at in range(0, len(reply), _PIECE_CHARACTERS)]
        steps.append(_ms(guard.close))
        sentences += len(guard.sentences)
        means.append(sum(steps) / len(guard.sentences))
        slowest.append(max(steps))
    return Result(
        (
            Row("guard", f"{name}: a sentence", "ms", sentences, statistics.median(means), goal=_MOST_MS, at_most=True),
            Row("guard", f"{name}: slowest sentence of a reply", "ms", len(replies), statistics.median(slowest), at_most=True),
        )
    )


def _ms(step: Callable[[], object]) -> float:
    started = time.process_time()
    step()
    return (time.process_time() - started) * 1000
