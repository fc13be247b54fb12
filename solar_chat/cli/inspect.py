"""`inspect`: what the language room sees in a text.

(No `from __future__ import annotations`: typer reads the annotations at run time.)
"""

from typing import Annotated, Any

import typer

from solar_chat.cli.lines import answer_lines, print_json
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
        if (text is None) != jsonl:
            raise typer.BadParameter(say("text_or_jsonl"), param_hint="TEXT")
        if text is None:
            answer_lines(lambda line: _object(line["text"]), catalogue, lang)
        else:
            print_json(_object(text))


def _object(text: str) -> dict[str, Any]:
    return inspect(text).as_dict()
