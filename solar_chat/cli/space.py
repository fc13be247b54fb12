"""`space --check` and `--name`, and how a Hugging Face Space starts the app: in place of the page's own command.

Light: what it needs to serve is in `space_serving`.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import click

from solar_chat.cli.declaring import Group, option
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


def add_space_command(app: Group) -> None:
    """`space`."""
    catalogue, lang, say = app.catalogue, app.lang, app.say

    @app.command("space", help=say("space"))
    @option("--check", is_flag=True, help=say("space_check"))
    @option("--name", metavar="OWNER/NAME", help=say("space_name"))
    @option("--port", type=click.IntRange(1, 65535), metavar="PORT", default=PORT, help=say("space_port"))
    def space(check: bool, name: str | None, port: int) -> None:
        if name is not None:
            print(catalogue.tr(lang, "space.named", address=name_space(README, name)))
        elif not check:
            raise click.BadParameter(say("space_needs_check"), param_hint="--check")
        if check and not check_space(port, catalogue, lang):
            raise click.exceptions.Exit(1)
