"""The counting of a measurement, without a model: each token once, in windows both models share, and a verdict from the numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from solar_chat.errors import InputError, ModelError
from solar_chat.paths import FONT
from solar_chat.upscale import Comparison, DepthPlan, Figures, Text, Words, chart, curves, figures
from solar_chat.upscale.measure import LEAST_TOKENS, windows

WORDS = Words("제목 Title", "결과", "원본의 같은 층", "이음매", "층")


@dataclass(frozen=True)
class Seen:
    tokens: int
    nats: float
    cosines: tuple[float, ...]


class Counting:
    """Says that every token costs 2 bits and every layer turns by its number."""

    def __init__(self, nats: float = 2 * math.log(2)) -> None:
        self.nats, self.counted = nats, list[int]()

    def look(self, ids: Sequence[int], first: int) -> Seen:
        self.counted += ids[first:]
        count = len(ids) - first
        return Seen(count, count * self.nats, (0.25 * count, 0.75 * count))


@given(st.integers(LEAST_TOKENS, 400), st.integers(2, 90), st.booleans())
def test_every_token_counts_once(tokens: int, window: int, begins: bool) -> None:
    text = Text(tuple(range(1000, 1000 + tokens)), 1 if begins else None, tokens)
    counted: list[int] = []
    for ids, first, _ in windows(text, window):
        assert len(ids) <= max(window, 2)
        assert ids[0] == 1 or not begins
        counted += ids[first:]
    if window > 3:
        assert counted == list(text.ids)[0 if begins else 1 :]


def test_half_a_window_stands_before_what_counts() -> None:
    found = list(windows(Text(tuple(range(100)), None, 100), 40))
    assert [(ids[0], ids[-1], first, round(done, 2)) for ids, first, done in found] == [
        (0, 39, 1, 0.4),
        (20, 59, 20, 0.6),
        (40, 79, 20, 0.8),
        (60, 99, 20, 1.0),
    ]


def test_figures() -> None:
    model, shares = Counting(), list[float]()
    found = figures(model, Text(tuple(range(100)), 1, 50), 41, shares.append)
    assert (found.tokens, found.bytes) == (100, 50)
    assert found.perplexity == pytest.approx(4)
    assert found.bits_per_byte == pytest.approx(4)
    assert found.cosines == pytest.approx((0.25, 0.75))
    assert shares[-1] == 1.0
    assert model.counted == list(range(100))


def test_bad_texts_and_models() -> None:
    with pytest.raises(InputError) as caught:
        figures(Counting(), Text((), 1, 0), 40)
    assert caught.value.params == {"tokens": 0, "least": LEAST_TOKENS}
    with pytest.raises(ModelError, match="measure_not_finite"):
        figures(Counting(math.nan), Text(tuple(range(100)), 1, 50), 40)


def compared(before: float, after: float, plan: DepthPlan | None = None, vocabulary: int = 32000) -> Comparison:
    """Of these perplexities."""
    source, result = (Figures(10, 40, 10 * math.log(one), tuple(0.9 for _ in range(layers))) for one, layers in ((before, 8), (after, 12)))
    return Comparison(source, result, plan, vocabulary)


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [(8.0, 8.0, "same"), (8.0, 8.001, "same"), (8.0, 8.1, "worse"), (8.0, 7.9, "better"), (8.0, 900.0, "worse"), (5000.0, 4900.0, "guessing")],
)
def test_the_verdict_follows_the_numbers(before: float, after: float, verdict: str) -> None:
    assert compared(before, after).verdict == verdict


def test_seams_are_where_other_layers_meet() -> None:
    assert compared(8, 9, DepthPlan.solar(8, 2)).seams == (6,)
    assert compared(8, 9, DepthPlan.identity(8, 2)).seams == ()
    assert compared(8, 9).seams == ()
    # A zeroed layer passes on: the next that works is the one that meets another.
    assert compared(8, 9, DepthPlan.slices(8, [(0, 4), (2, 8), (4, 6)])).seams == (4, 10)


def test_the_sources_curve_is_laid_on_the_results_layers() -> None:
    comparison = Comparison(Figures(1, 1, 1.0, (0.1, 0.2, 0.3, 0.4)), Figures(1, 1, 1.0, (0.0,) * 6), DepthPlan.solar(4, 1), 100)
    assert curves(comparison)[1] == (0.1, 0.2, 0.3, 0.2, 0.3, 0.4)


@pytest.mark.parametrize("plan", [DepthPlan.solar(8, 2), None])
@pytest.mark.parametrize("font", [FONT, Path("no font at all")])
def test_the_picture(plan: DepthPlan | None, font: Path) -> None:
    drawn = Image.open(BytesIO(chart(compared(8, 9, plan), WORDS if font is FONT else Words("t", "r", "s", "x", "l"), font)))
    assert (drawn.format, drawn.size) == ("PNG", (1600, 900))
    colours = {colour for _, colour in drawn.convert("RGB").getcolors(1_000_000) or []}
    assert (0x00, 0x72, 0xB2) in colours
    assert ((0xCC, 0x33, 0x11) in colours) == (plan is not None)


def test_negative_cosines_stay_on_the_paper() -> None:
    comparison = Comparison(Figures(1, 1, 1.0, (0.95, -0.4)), Figures(1, 1, 1.0, (0.9, -0.8)), None, 100)
    drawn = Image.open(BytesIO(chart(comparison, WORDS, FONT))).convert("RGB")
    rows = [y for y in range(900) for x in (1530,) if drawn.getpixel((x, y)) == (0x00, 0x72, 0xB2)]
    assert rows
    assert max(rows) < 900 - 130 + 10
