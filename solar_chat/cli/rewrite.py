"""`rewrite`: the same text in another speech level.

(No `from __future__ import annotations`: typer reads the annotations at run time.)
"""

from typing import Annotated

import typer

from solar_chat.cli.lines import print_answers
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.language import Level, rewrite


def add_rewrite_command(app: typer.Typer, catalogue: Catalogue, lang: InterfaceLanguage) -> None:
    """`rewrite`."""

    def say(key: str) -> str:
        return catalogue.tr(lang, f"cli.{key}")

    @app.command("rewrite", help=say("rewrite"))
    def rewrite_(
        level: Annotated[Level, typer.Option(help=say("rewrite_level"))],
        text: Annotated[str | None, typer.Argument(help=say("rewrite_text"))] = None,
        jsonl: Annotated[bool, typer.Option("--jsonl", help=say("rewrite_jsonl"))] = False,
    ) -> None:
        print_answers(lambda given: rewrite(given, level).as_dict(), text, jsonl, catalogue, lang)
