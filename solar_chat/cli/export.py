"""`export`: a model as one GGUF file and a Modelfile, what they are, and what to type next."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import get_args

import click

from solar_chat.cli.declaring import Group, argument, option
from solar_chat.cli.progress import Progress
from solar_chat.export import Weights
from solar_chat.paths import Home
from solar_chat.workshop.exporting import export_model, report

_INTERRUPTED = 130


def add_export_command(app: Group) -> None:
    """`export`."""
    catalogue, lang = app.catalogue, app.lang

    @app.command("export", help=app.say("export"))
    @argument("model", metavar="MODEL", help=app.say("export_model"))
    @argument("out", metavar="OUT.gguf", type=Path, help=app.say("export_out"))
    @option("--type", "weights", type=click.Choice(get_args(Weights)), default="f16", help=app.say("export_type"))
    @click.pass_obj
    def export(home: Home, model: str, out: Path, weights: Weights) -> None:
        progress = Progress("export.progress", catalogue, lang)
        try:
            made, spec = export_model(model, out, weights, home, progress.show)
        except KeyboardInterrupt:
            progress.end()
            print(catalogue.tr(lang, "export.interrupted"), file=sys.stderr)
            raise click.exceptions.Exit(_INTERRUPTED) from None
        finally:
            progress.end()
        for line in report(made, spec, catalogue, lang):
            print(line)
