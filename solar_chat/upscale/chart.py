"""The cosines of a comparison as a picture: one curve for the result, one for what each of its layers did in the source, the seam marked.

Drawn with Pillow, which the page brings anyway: one figure is no reason to ship matplotlib with every copy of the app. Knows no language; its words
are handed in.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from solar_chat.upscale.measure import Comparison

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

CHART = "upscale.png"
"""Beside a result."""
# Drawn at twice the size that is shown, for screens with fine pixels.
_WIDTH, _HEIGHT = 1600, 900
_LEFT, _RIGHT, _TOP, _BOTTOM = 130, 50, 150, 130
_PAPER, _INK, _FAINT = "#ffffff", "#222222", "#dddddd"
# Apart also for eyes that do not tell red from green (Okabe and Ito's palette).
_RESULT, _SOURCE, _SEAM = "#0072b2", "#e69f00", "#cc3311"
_FONT_SIZE, _SMALL_SIZE = 30, 24


@dataclass(frozen=True, slots=True)
class Words:
    """What is written on it."""

    title: str
    result: str
    source: str
    seam: str
    layers: str
    """Under the axis."""


def chart(comparison: Comparison, words: Words, font: Path) -> bytes:
    """A PNG. `font` is a file of a font; without a reader for it (WOFF2 needs brotli) Pillow's own Latin one is taken."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (_WIDTH, _HEIGHT), _PAPER)
    _Chart(ImageDraw.Draw(image), comparison, _font(font, _FONT_SIZE), _font(font, _SMALL_SIZE)).draw(words)
    out = BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def curves(comparison: Comparison) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """(the result's, the source's as the result's layers copy them); without a plan the source's own, layer by layer."""
    source = comparison.source.cosines
    return comparison.result.cosines, source if comparison.plan is None else tuple(source[old] for old in comparison.plan.sources)


def _font(path: Path, size: int) -> FreeTypeFont | ImageFont:
    from PIL import ImageFont

    try:
        return ImageFont.truetype(str(path), size)
    except OSError:
        return ImageFont.load_default(size)


class _Chart:
    def __init__(self, draw: ImageDraw, comparison: Comparison, font: FreeTypeFont | ImageFont, small: FreeTypeFont | ImageFont) -> None:
        self._draw, self._font, self._small = draw, font, small
        self._result, self._source = curves(comparison)
        self._seams = comparison.seams
        self._layers = max(len(self._result), len(self._source))
        # Down to the lowest value, in steps of a tenth; cosines are mostly near 1.
        self._lowest = min(0.9, int(min(*self._result, *self._source) * 10 - (min(*self._result, *self._source) < 0)) / 10)

    def draw(self, words: Words) -> None:
        self._draw.text((_LEFT, 28), words.title, _INK, self._font)
        self._grid(words.layers)
        for above in self._seams:
            x = (self._x(above) + self._x(above - 1)) / 2
            for y in range(_TOP, _HEIGHT - _BOTTOM, 16):
                self._draw.line((x, y, x, y + 8), _SEAM, 3)
        self._curve(self._source, _SOURCE)
        self._curve(self._result, _RESULT)
        self._legend([(words.result, _RESULT), (words.source, _SOURCE), *([(words.seam, _SEAM)] if self._seams else [])])

    def _grid(self, layers: str) -> None:
        steps = round((1 - self._lowest) * 10)
        for number in range(0, steps + 1, 1 if steps <= 10 else 2):
            value = 1 - number / 10
            self._draw.line((_LEFT, self._y(value), _WIDTH - _RIGHT, self._y(value)), _FAINT, 2)
            self._draw.text((_LEFT - 16, self._y(value)), f"{value:.1f}", _INK, self._small, anchor="rm")
        every = max(1, -(-self._layers // 24))
        for layer in range(0, self._layers, every):
            self._draw.text((self._x(layer), _HEIGHT - _BOTTOM + 14), str(layer), _INK, self._small, anchor="mt")
        self._draw.text(((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 62), layers, _INK, self._small, anchor="mt")

    def _curve(self, values: tuple[float, ...], colour: str) -> None:
        points = [(self._x(layer), self._y(value)) for layer, value in enumerate(values)]
        self._draw.line(points, colour, 5, joint="curve")
        for x, y in points:
            self._draw.ellipse((x - 7, y - 7, x + 7, y + 7), colour)

    def _legend(self, entries: list[tuple[str, str]]) -> None:
        x = float(_LEFT)
        for words, colour in entries:
            self._draw.line((x, 108, x + 44, 108), colour, 6)
            self._draw.text((x + 58, 108), words, _INK, self._small, anchor="lm")
            x += 110 + self._small.getlength(words)

    def _x(self, layer: float) -> float:
        return _LEFT + 20 + layer * (_WIDTH - _LEFT - _RIGHT - 40) / max(1, self._layers - 1)

    def _y(self, value: float) -> float:
        return _TOP + (1 - value) * (_HEIGHT - _TOP - _BOTTOM) / (1 - self._lowest)
