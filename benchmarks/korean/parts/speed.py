"""How many texts a second `inspect` reads, warm and on one core, against the bare `tokenize` of the same Kiwi.

Both take turns over the same texts and the processor's time is taken; the middle of the rounds counts. There are more texts than the app remembers,
and none twice, so that no answer comes from memory.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Final

from benchmarks.korean.data import Data, Item
from benchmarks.korean.figures import Disputed, Result, Row, attempt, joined
from benchmarks.korean.paragraphs import document_paragraphs
from solar_chat.language import inspect, warm
from solar_chat.language.parsing.analyser import kiwi

_ROUNDS: Final = 5
_MOST_TEXTS: Final = 300
_LONG_CHARACTERS: Final = 2000


def measure(data: Data, disputed: Disputed) -> Result:
    """Texts a second, and the ratio, for lines of talk, paragraphs and long answers."""

    def of(what: str, texts: Callable[[], list[str]]) -> Result:
        return attempt("speed", what, lambda: _compared(what, texts()))

    def prose() -> list[Item]:
        return document_paragraphs(data, "docs-ko-formal-react", "formal")

    return joined(
        (
            of("CoCoA-ko lines", lambda: [text for pair in data.cocoa() for text in (pair.casual.text, pair.polite.text)][:_MOST_TEXTS]),
            of("React paragraphs", lambda: [item.text for item in prose()[:_MOST_TEXTS]]),
            of("texts of 2,000 characters", lambda: long_texts([item.text for item in prose()])),
        )
    )


def long_texts(paragraphs: Sequence[str]) -> list[str]:
    """Paragraphs put together to texts of 2,000 characters; what is left over is dropped, unless it is all there is."""
    found: list[str] = []
    text = ""
    for paragraph in paragraphs:
        text = f"{text}\n\n{paragraph}" if text else paragraph
        if len(text) >= _LONG_CHARACTERS:
            found.append(text[:_LONG_CHARACTERS])
            text = ""
    return found or [text]


def _compared(what: str, texts: Sequence[str]) -> Result:
    warm()
    raw = kiwi()
    ours: list[float] = []
    theirs: list[float] = []
    for round_number in range(_ROUNDS):
        turns: list[tuple[list[float], Callable[[str], object]]] = [(ours, inspect), (theirs, raw.tokenize)]
        for times, read in reversed(turns) if round_number % 2 else turns:
            times.append(_seconds(read, texts))
    mine, bare = len(texts) / statistics.median(ours), len(texts) / statistics.median(theirs)
    # Of each round its own ratio: what slows the machine for a while slows both halves of a round.
    ratio = statistics.median(bare_time / our_time for our_time, bare_time in zip(ours, theirs, strict=True))
    return Result(
        (
            Row("speed", f"{what}, a second", "per second", len(texts), mine, peers={"Kiwi": bare}),
            Row("speed", f"{what}, as a share of raw Kiwi", "ratio", len(texts), ratio, goal=0.7),
        )
    )


def _seconds(read: Callable[[str], object], texts: Sequence[str]) -> float:
    started = time.process_time()
    for text in texts:
        read(text)
    return time.process_time() - started
