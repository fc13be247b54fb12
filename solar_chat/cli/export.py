"""`export`: a model as one GGUF file and a Modelfile, what they are, and what to type next.

(No `from __future__ import annotations`: typer reads the annotations at run time.)
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from solar_chat.cli.progress import Progress
from solar_chat.export import Weights
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.workshop.exporting import export_model, report

_INTERRUPTED = 130


def add_export_command(app: typer.Typer, catalogue: Catalogue, lang: InterfaceLanguage) -> None:
    """`export`."""

    def say(key: str) -> str:
        return catalogue.tr(lang, f"cli.{key}")

    @app.command("export", help=say("export"))
    def export(
        context: typer.Context,
        model: Annotated[str, typer.Argument(metavar="MODEL", help=say("export_model"))],
        out: Annotated[Path, typer.Argument(metavar="OUT.gguf", help=say("export_out"))],
        weights: Annotated[Weights, typer.Option("--type", help=say("export_type"))] = "f16",
    ) -> None:
        progress = Progress("export.progress", catalogue, lang)
        try:
            made, spec = export_model(model, out, weights, context.obj, progress.show)
        except KeyboardInterrupt:
            progress.end()
            print(catalogue.tr(lang, "export.interrupted"), file=sys.stderr)
            raise typer.Exit(_INTERRUPTED) from None
        finally:
            progress.end()
        for line in report(made, spec, catalogue, lang):
            print(line)
