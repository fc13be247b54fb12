"""`rewrite`: the same text in another speech level."""

from __future__ import annotations

import click

from solar_chat.cli.declaring import Group, argument, option
from solar_chat.cli.lines import print_answers
from solar_chat.language import LEVELS, Level, rewrite


def add_rewrite_command(app: Group) -> None:
    """`rewrite`."""

    @app.command("rewrite", help=app.say("rewrite"))
    @option("--level", type=click.Choice(LEVELS), required=True, help=app.say("rewrite_level"))
    @argument("text", required=False, help=app.say("rewrite_text"))
    @option("--jsonl", is_flag=True, help=app.say("rewrite_jsonl"))
    def rewrite_(level: Level, text: str | None, jsonl: bool) -> None:
        print_answers(lambda given: rewrite(given, level).as_dict(), text, jsonl, app)
