"""`models offered` and `models key`: what a server offers, and its key. A key is never an argument, where other programs could read it."""

import sys
from typing import Annotated

import typer

from solar_chat.assistant import forget_key, remote_models, save_key
from solar_chat.cli.lines import print_json
from solar_chat.i18n import Catalogue, InterfaceLanguage


def add_server_commands(models: typer.Typer, catalogue: Catalogue, lang: InterfaceLanguage) -> None:
    """Put both commands under `models`."""

    def say(key: str, **params: object) -> str:
        return catalogue.tr(lang, key, **params)

    # Aliases and help texts are made here, so the annotations of this module must be real objects: no `from __future__ import annotations`.
    Address = Annotated[str, typer.Argument(metavar="SERVER", help=say("cli.models_server"))]

    @models.command("offered", help=say("cli.models_offered"))
    def offered(server: Address, as_json: Annotated[bool, typer.Option("--json", help=say("cli.json"))] = False) -> None:
        found = remote_models(server)
        if as_json:
            print_json([{"id": model.id, "context_tokens": model.context_tokens, "owner": model.owner} for model in found])
            return
        for model in found:
            print(model.id)

    @models.command("key", help=say("cli.models_key"))
    def key(server: Address, forget: Annotated[bool, typer.Option("--forget", help=say("cli.models_key_forget"))] = False) -> None:
        if forget:
            print(say("models.key_forgotten" if forget_key(server) else "models.key_none"))
            return
        # Asked for without an echo where somebody types, read where another program writes.
        secret = typer.prompt(say("models.key_prompt"), hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()
        print(say("models.key_saved", server=save_key(server, secret)))
