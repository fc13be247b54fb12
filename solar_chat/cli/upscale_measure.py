"""`upscale measure`: figures of source and result side by side, the picture, and a sentence that says what they mean.

(No `from __future__ import annotations`: typer reads the annotations at run time.)
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from solar_chat.assistant.upscale_source import Source, open_source
from solar_chat.assistant.upscaling import Measured, measure
from solar_chat.cli.lines import print_json
from solar_chat.cli.progress import Progress
from solar_chat.errors import InputError
from solar_chat.hardware import detect
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.paths import FONT
from solar_chat.upscale import CHART, Comparison, Figures, Words, chart, curves

_INTERRUPTED = 130


def add_measure_command(group: typer.Typer, catalogue: Catalogue, lang: InterfaceLanguage) -> None:
    """`measure` under `upscale`."""

    def say(key: str) -> str:
        return catalogue.tr(lang, f"cli.{key}")

    @group.command("measure", help=say("upscale_measure"))
    def measure_(
        context: typer.Context,
        src: Annotated[str, typer.Argument(metavar="SRC", help=say("upscale_src"))],
        out: Annotated[Path, typer.Argument(metavar="OUT", help=say("upscale_verify_out"))],
        text: Annotated[Path | None, typer.Option(metavar="FILE", help=say("upscale_measure_text"))] = None,
        plot: Annotated[Path | None, typer.Option(metavar="FILE.png", help=say("upscale_measure_plot"))] = None,
        as_json: Annotated[bool, typer.Option("--json", help=say("json"))] = False,
    ) -> None:
        out = out.expanduser().absolute()
        if not out.is_dir():
            raise InputError("upscale_no_config", path=out)
        picture = plot.expanduser().absolute() if plot is not None else out / CHART
        if not picture.parent.is_dir() or not os.access(picture.parent, os.W_OK):
            raise InputError("upscale_write_failed", path=picture, reason=str(picture.parent))
        fetching = Progress("upscale.download_progress", catalogue, lang)
        try:
            source = open_source(src, context.obj, fetching.share)
        finally:
            fetching.end()
        measured = _measured(source, out, text, catalogue, lang)
        words = _words(measured.comparison, source.name, out.name, catalogue, lang)
        _write(picture, chart(measured.comparison, words, FONT))
        if as_json:
            print_json(_object(measured, source.name, out, picture) | {"sentence": _sentence(measured.comparison, catalogue, lang)})
            return
        for line in _lines(measured, source.name, out.name, catalogue, lang):
            print(line)
        print(catalogue.tr(lang, "measure.plot", path=picture))


def _measured(source: Source, out: Path, text: Path | None, catalogue: Catalogue, lang: InterfaceLanguage) -> Measured:
    bars = {stage: Progress(f"measure.{stage}_progress", catalogue, lang) for stage in ("open", "read")}
    try:
        return measure(source, out, detect(), text, lambda stage, name, share: bars[stage].show(round(share * 1000), 1000, model=name))
    except KeyboardInterrupt:
        bars["read"].end()
        print(catalogue.tr(lang, "measure.interrupted"), file=sys.stderr)
        raise typer.Exit(_INTERRUPTED) from None
    finally:
        for bar in bars.values():
            bar.end()


def _lines(measured: Measured, source: str, result: str, catalogue: Catalogue, lang: InterfaceLanguage) -> Iterator[str]:
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
    yield _sentence(comparison, catalogue, lang)


def _sentence(comparison: Comparison, catalogue: Catalogue, lang: InterfaceLanguage) -> str:
    """What the figures mean, with the figures in it."""
    method = "identity" if comparison.plan is not None and comparison.plan.method == "identity" else "stack"
    shown = {"before": f"{comparison.source.perplexity:,.2f}", "after": f"{comparison.result.perplexity:,.2f}", "times": f"{comparison.times:,.2f}"}
    if comparison.verdict == "guessing":
        return catalogue.tr(lang, "measure.guessing", **shown, vocabulary=f"{comparison.vocabulary:,}")
    return catalogue.tr(lang, f"measure.{method}_{comparison.verdict}", **shown)


def _words(comparison: Comparison, source: str, result: str, catalogue: Catalogue, lang: InterfaceLanguage) -> Words:
    def say(key: str, **params: object) -> str:
        return catalogue.tr(lang, f"measure.{key}", **params)

    figures = {"before": f"{comparison.source.perplexity:,.2f}", "after": f"{comparison.result.perplexity:,.2f}"}
    return Words(
        say("chart_title", **figures),
        say("chart_result", name=result),
        say("chart_source" if comparison.plan is not None else "chart_source_alone", name=source),
        say("chart_seam"),
        say("chart_layers"),
    )


def _object(measured: Measured, source: str, out: Path, picture: Path) -> dict[str, object]:
    comparison = measured.comparison
    return {
        "source": {"name": source, **_figures(comparison.source)},
        "result": {"name": str(out), **_figures(comparison.result)},
        "tokens": comparison.source.tokens,
        "bytes": comparison.source.bytes,
        "cut": measured.cut,
        "window_tokens": measured.window_tokens,
        "weights": measured.weights,
        "seams": list(comparison.seams),
        "times": comparison.times,
        "verdict": comparison.verdict,
        "plot": str(picture),
    }


def _figures(one: Figures) -> dict[str, object]:
    return {"layers": len(one.cosines), "perplexity": one.perplexity, "bits_per_byte": one.bits_per_byte, "cosines": list(one.cosines)}


def _write(path: Path, picture: bytes) -> None:
    """Whole or as before: a half picture is none."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(picture)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise InputError("upscale_write_failed", path=path, reason=error.strerror or str(error)) from error
