"""A measurement in words and as a picture, for every door: the figures, the sentence that says what they mean, the curves.

The rule: the sentence is chosen from the numbers (`Comparison.verdict`), and it is the same wherever it is read. Counting is `upscale.measure`'s.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from solar_chat.errors import InputError
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.paths import FONT
from solar_chat.upscale import Comparison, Words, chart, curves
from solar_chat.workshop.measuring import Measured


def report(measured: Measured, source: str, result: str, catalogue: Catalogue, lang: InterfaceLanguage) -> Iterator[str]:
    """Line by line: the text, each model, each seam, what it means."""

    def say(key: str, **params: object) -> str:
        return catalogue.tr(lang, f"measure.{key}", **params)

    comparison = measured.comparison
    shown = {"tokens": f"{comparison.source.tokens:,}", "bytes": f"{comparison.source.bytes:,}"}
    yield say("text", **shown, window=f"{measured.window_tokens:,}", weights=measured.weights) + (f" {say('cut')}" if measured.cut else "")
    for name, one in ((source, comparison.source), (result, comparison.result)):
        lowest = min(range(len(one.cosines)), key=one.cosines.__getitem__)
        yield say(
            "model",
            name=name,
            layers=len(one.cosines),
            perplexity=f"{one.perplexity:,.2f}",
            bits=f"{one.bits_per_byte:.4f}",
            layer=lowest,
            cosine=f"{one.cosines[lowest]:.3f}",
        )
    after, before = curves(comparison)
    for above in comparison.seams:
        yield say("seam", above=above, after=f"{after[above]:.3f}", before=f"{before[above]:.3f}")
    yield meaning(comparison, catalogue, lang)


def meaning(comparison: Comparison, catalogue: Catalogue, lang: InterfaceLanguage) -> str:
    """What the figures mean, with the figures in it."""
    method = "identity" if comparison.plan is not None and comparison.plan.method == "identity" else "stack"
    shown = {"before": f"{comparison.source.perplexity:,.2f}", "after": f"{comparison.result.perplexity:,.2f}", "times": f"{comparison.times:,.2f}"}
    if comparison.verdict == "guessing":
        return catalogue.tr(lang, "measure.guessing", **shown, vocabulary=f"{comparison.vocabulary:,}")
    return catalogue.tr(lang, f"measure.{method}_{comparison.verdict}", **shown)


def picture(comparison: Comparison, source: str, result: str, catalogue: Catalogue, lang: InterfaceLanguage) -> bytes:
    """The curves as a PNG."""

    def say(key: str, **params: object) -> str:
        return catalogue.tr(lang, f"measure.{key}", **params)

    figures = {"before": f"{comparison.source.perplexity:,.2f}", "after": f"{comparison.result.perplexity:,.2f}"}
    words = Words(
        say("chart_title", **figures),
        say("chart_result", name=result),
        say("chart_source" if comparison.plan is not None else "chart_source_alone", name=source),
        say("chart_seam"),
        say("chart_layers"),
    )
    return chart(comparison, words, FONT)


def save_picture(path: Path, drawn: bytes) -> None:
    """Whole or as before: a half picture is none. Raises InputError `upscale_write_failed`."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(drawn)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise InputError("upscale_write_failed", path=path, reason=error.strerror or str(error)) from error
