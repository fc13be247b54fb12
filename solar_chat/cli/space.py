"""`space --check` and `--name`, and how a Hugging Face Space starts the app: in place of the page's own command.

Light: what it needs to serve is in `space_serving`. (No `from __future__ import annotations`: typer reads the annotations at run time.)
"""

import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from solar_chat.cli.options import PageOptions
from solar_chat.cli.space_check import README, check_space
from solar_chat.cli.space_head import name_space
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.space import PORT, space_home

_EVERYWHERE = "0.0.0.0"


def open_space(asked: PageOptions, folder: Path | None, catalogue: Catalogue, lang: InterfaceLanguage) -> None:
    """Serve until the Space is stopped; `folder` is the home that was asked for. Raises StartError where that is not possible."""
    home = space_home(folder)
    # Before what reads it is imported: the Hub's client looks for a token below the user's home, and that may be no folder at all.
    os.environ.setdefault("HF_HOME", str(home.cache / "huggingface"))
    # Takes seconds to import.
    from solar_chat.cli.space_serving import serve_space

    # There is nobody at the machine, and the Space's own settings say who may come.
    options = replace(asked, home=home, host=_EVERYWHERE, port=asked.port or PORT, public=asked.password is None)
    serve_space(options, catalogue, lang)


def add_space_command(app: typer.Typer, catalogue: Catalogue, lang: InterfaceLanguage) -> None:
    """`space`."""

    def say(key: str) -> str:
        return catalogue.tr(lang, f"cli.{key}")

    @app.command("space", help=say("space"))
    def space(
        check: Annotated[bool, typer.Option("--check", help=say("space_check"))] = False,
        name: Annotated[str | None, typer.Option(metavar="OWNER/NAME", help=say("space_name"))] = None,
        port: Annotated[int, typer.Option(min=1, max=65535, help=say("space_port"))] = PORT,
    ) -> None:
        if name is not None:
            print(catalogue.tr(lang, "space.named", address=name_space(README, name)))
        elif not check:
            raise typer.BadParameter(say("space_needs_check"), param_hint="--check")
        if check and not check_space(port, catalogue, lang):
            raise typer.Exit(1)
