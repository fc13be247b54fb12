"""`upscale measure`: figures of source and result side by side, the picture, and a sentence that says what they mean."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from solar_chat.cli.lines import print_json
from solar_chat.cli.progress import Progress
from solar_chat.errors import InputError
from solar_chat.hardware import detect
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.paths import Home, typed_path
from solar_chat.upscale import CHART, Figures
from solar_chat.workshop.measurement import meaning, picture, report, save_picture
from solar_chat.workshop.measuring import Measured, measure
from solar_chat.workshop.source import Source, open_source

_INTERRUPTED = 130


def measure_and_print(
    src: str, out: Path, text: Path | None, plot: Path | None, home: Home, catalogue: Catalogue, lang: InterfaceLanguage, *, as_json: bool
) -> None:
    """Raises as `open_source` and `measure` do; ends the program with 130 after Ctrl+C."""
    out = typed_path(out).absolute()
    if not out.is_dir():
        raise InputError("upscale_no_config", path=out)
    drawn = typed_path(plot).absolute() if plot is not None else out / CHART
    if not drawn.parent.is_dir() or not os.access(drawn.parent, os.W_OK):
        raise InputError("upscale_write_failed", path=drawn, reason=str(drawn.parent))
    fetching = Progress("upscale.download_progress", catalogue, lang)
    try:
        source = open_source(src, home, fetching.share)
    finally:
        fetching.end()
    measured = _measured(source, out, text, catalogue, lang)
    save_picture(drawn, picture(measured.comparison, source.name, out.name, catalogue, lang))
    if as_json:
        print_json(_object(measured, source.name, out, drawn) | {"sentence": meaning(measured.comparison, catalogue, lang)})
        return
    for line in report(measured, source.name, out.name, catalogue, lang):
        print(line)
    print(catalogue.tr(lang, "measure.plot", path=drawn))


def _measured(source: Source, out: Path, text: Path | None, catalogue: Catalogue, lang: InterfaceLanguage) -> Measured:
    bars = {stage: Progress(f"measure.{stage}_progress", catalogue, lang) for stage in ("open", "read")}
    try:
        return measure(source, out, detect(), text, lambda stage, name, share: bars[stage].show(round(share * 1000), 1000, model=name))
    except KeyboardInterrupt:
        bars["read"].end()
        print(catalogue.tr(lang, "measure.interrupted"), file=sys.stderr)
        raise click.exceptions.Exit(_INTERRUPTED) from None
    finally:
        for bar in bars.values():
            bar.end()


def _object(measured: Measured, source: str, out: Path, drawn: Path) -> dict[str, object]:
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
        "plot": str(drawn),
    }


def _figures(one: Figures) -> dict[str, object]:
    return {"layers": len(one.cosines), "perplexity": one.perplexity, "bits_per_byte": one.bits_per_byte, "cosines": list(one.cosines)}
