"""`inspect`: what the language room sees in a text.

(No `from __future__ import annotations`: typer reads the annotations at run time.)
"""

from typing import Annotated

import typer

from solar_chat.cli.lines import print_answers
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.language import inspect


def add_inspect_command(app: typer.Typer, catalogue: Catalogue, lang: InterfaceLanguage) -> None:
    """`inspect`."""

    def say(key: str) -> str:
        return catalogue.tr(lang, f"cli.{key}")

    @app.command("inspect", help=say("inspect"))
    def inspect_(
        text: Annotated[str | None, typer.Argument(help=say("inspect_text"))] = None,
        jsonl: Annotated[bool, typer.Option("--jsonl", help=say("inspect_jsonl"))] = False,
    ) -> None:
        print_answers(lambda given: inspect(given).as_dict(), text, jsonl, catalogue, lang)
