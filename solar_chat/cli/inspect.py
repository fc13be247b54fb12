"""`inspect`: what the language room sees in a text."""

from __future__ import annotations

from solar_chat.cli.declaring import Group, argument, option
from solar_chat.cli.lines import print_answers
from solar_chat.language import inspect


def add_inspect_command(app: Group) -> None:
    """`inspect`."""

    @app.command("inspect", help=app.say("inspect"))
    @argument("text", required=False, help=app.say("inspect_text"))
    @option("--jsonl", is_flag=True, help=app.say("inspect_jsonl"))
    def inspect_(text: str | None, jsonl: bool) -> None:
        print_answers(lambda given: inspect(given).as_dict(), text, jsonl, app)
