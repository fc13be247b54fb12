"""`models offered` and `models key`: what a server offers, and its key. A key is never an argument, where other programs could read it."""

from __future__ import annotations

import sys

import click

from solar_chat.assistant import forget_key, remote_models, save_key
from solar_chat.cli.declaring import Group, argument, option
from solar_chat.cli.lines import print_json


def add_server_commands(models: Group) -> None:
    """Put both commands under `models`."""
    address = argument("server", metavar="SERVER", help=models.say("models_server"))

    def say(key: str, **params: object) -> str:
        return models.catalogue.tr(models.lang, f"models.{key}", **params)

    @models.command("offered", help=models.say("models_offered"))
    @address
    @option("--json", "as_json", is_flag=True, help=models.say("json"))
    def offered(server: str, as_json: bool) -> None:
        found = remote_models(server)
        if as_json:
            print_json([{"id": model.id, "context_tokens": model.context_tokens, "owner": model.owner} for model in found])
            return
        for model in found:
            print(model.id)

    @models.command("key", help=models.say("models_key"))
    @address
    @option("--forget", is_flag=True, help=models.say("models_key_forget"))
    def key(server: str, forget: bool) -> None:
        if forget:
            print(say("key_forgotten" if forget_key(server) else "key_none"))
            return
        # Asked for without an echo where somebody types, read where another program writes.
        secret = click.prompt(say("key_prompt"), hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()
        print(say("key_saved", server=save_key(server, secret)))
