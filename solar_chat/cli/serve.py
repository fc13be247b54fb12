"""`serve`: the API without the page; and who may use the API, wherever it is opened.

(No `from __future__ import annotations`: typer reads the annotations at run time.)
"""

from typing import Annotated

import typer

from solar_chat import api
from solar_chat.access import checked_key, is_loopback, load_or_make_key
from solar_chat.assistant import Assistant
from solar_chat.cli.options import MODEL_VARIABLE
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.paths import Home


def add_serve_command(app: typer.Typer, catalogue: Catalogue, lang: InterfaceLanguage) -> None:
    """`serve`."""

    def say(key: str) -> str:
        return catalogue.tr(lang, f"cli.{key}")

    @app.command(help=say("serve"))
    def serve(
        context: typer.Context,
        host: Annotated[str, typer.Option(help=say("serve_host"))] = "127.0.0.1",
        port: Annotated[int, typer.Option(min=0, max=65535, help=say("serve_port"))] = 8000,
        api_key: Annotated[str | None, typer.Option(help=say("serve_api_key"), envvar="SOLAR_CHAT_SERVE_KEY", show_envvar=True)] = None,
        model: Annotated[str | None, typer.Option(metavar="ID|PATH", help=say("model"), envvar=MODEL_VARIABLE, show_envvar=True)] = None,
    ) -> None:
        def announce(url: str) -> None:
            print(catalogue.tr(lang, "cli.serve_ready", url=url), flush=True)
            if key is not None and api_key is None:
                print(say("serve_key"), flush=True)

        # The model loads at the first request.
        with Assistant.open(context.obj, model) as assistant:
            key = required_key(context.obj, api_key, exposed=not is_loopback(host))
            api.serve(assistant, api.ApiOptions(host, key=key), port=port, on_ready=announce)


def required_key(home: Home, chosen: str | None, *, exposed: bool) -> str | None:
    """The key that every request must bring: the chosen one, this installation's own where others can connect, else none."""
    if chosen is not None:
        return checked_key(chosen)
    return load_or_make_key(home.api_key) if exposed else None
