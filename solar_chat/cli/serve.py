"""`serve`: the API without the page; and who may use the API, wherever it is opened."""

from __future__ import annotations

import click

from solar_chat import api
from solar_chat.access import is_loopback
from solar_chat.assistant import Assistant
from solar_chat.cli.declaring import Group, option
from solar_chat.cli.options import MODEL_VARIABLE
from solar_chat.credentials import checked_key, load_or_make_key
from solar_chat.paths import Home


def add_serve_command(app: Group) -> None:
    """`serve`."""
    say = app.say

    @app.command("serve", help=say("serve"))
    @option("--host", metavar="ADDRESS", default="127.0.0.1", help=say("serve_host"))
    @option("--port", type=click.IntRange(0, 65535), metavar="PORT", default=8000, help=say("serve_port"))
    @option("--api-key", metavar="KEY", envvar="SOLAR_CHAT_SERVE_KEY", show_envvar=True, help=say("serve_api_key"))
    @option("--model", metavar="ID|PATH", envvar=MODEL_VARIABLE, show_envvar=True, help=say("model"))
    @click.pass_obj
    def serve(home: Home, host: str, port: int, api_key: str | None, model: str | None) -> None:
        def announce(url: str) -> None:
            print(say("serve_ready", url=url), flush=True)
            if key is not None and api_key is None:
                print(say("serve_key"), flush=True)

        # The model loads at the first request.
        with Assistant.open(home, model) as assistant:
            key = required_key(home, api_key, exposed=not is_loopback(host))
            api.serve(assistant, api.ApiOptions(host, key=key), port=port, on_ready=announce)


def required_key(home: Home, chosen: str | None, *, exposed: bool) -> str | None:
    """The key that every request must bring: the chosen one, this installation's own where others can connect, else none."""
    if chosen is not None:
        return checked_key(chosen)
    return load_or_make_key(home.api_key) if exposed else None
