"""`rewrite`: the same text in another speech level.

(No `from __future__ import annotations`: typer reads the annotations at run time.)
"""

from typing import Annotated, Any

import typer

from solar_chat.cli.lines import answer_lines, print_json
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
        if (text is None) != jsonl:
            raise typer.BadParameter(say("text_or_jsonl"), param_hint="TEXT")
        if text is None:
            answer_lines(lambda line: _object(line["text"], level), catalogue, lang)
        else:
            print_json(_object(text, level))


def _object(text: str, level: Level) -> dict[str, Any]:
    return rewrite(text, level).as_dict()
