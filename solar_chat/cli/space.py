"""The app as a Hugging Face Space, and `space --check`, which tries that here.

On a Space nobody sits at the machine: everybody is a visitor, the model is loaded before anybody asks, and what went wrong stands in the Space's log.
(No `from __future__ import annotations`: typer reads the annotations at run time.)
"""

import os
import sys
from concurrent.futures import Future
from pathlib import Path
from typing import Annotated

import typer

from solar_chat import api
from solar_chat.assistant import Assistant
from solar_chat.cli.serve import required_key
from solar_chat.cli.space_check import check_space
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.space import PORT, gpu_by_the_call, space_address, space_home

# A secret of the Space: programs that know it may use /v1.
KEY_VARIABLE = "SOLAR_CHAT_SERVE_KEY"
_EVERYWHERE = "0.0.0.0"


def open_space(
    folder: Path | None,
    port: int | None,
    password: str | None,
    model: str | None,
    chosen: InterfaceLanguage | None,
    catalogue: Catalogue,
    lang: InterfaceLanguage,
) -> None:
    """Serve visitors until the Space is stopped. Raises StartError where that is not possible."""
    # As in `page`: Gradio takes 2 s to import.
    from solar_chat import ui
    from solar_chat.ui.environment import prepare

    home = space_home(folder)

    def ready(_owner: str | None, addresses: tuple[str, ...]) -> None:
        print(catalogue.tr(lang, "space.open", url=space_address() or addresses[0]), flush=True)
        print(catalogue.tr(lang, "space.kept" if home.bucket else "space.not_kept", folder=home.bucket), flush=True)
        assistant.ready().add_done_callback(loaded)

    def loaded(_done: Future[None]) -> None:
        state = assistant.load_state()
        if state.error is not None:
            print(catalogue.describe(state.error, lang), file=sys.stderr, flush=True)
        if state.stage == "ready":
            print(catalogue.tr(lang, "space.answers", model=state.model), flush=True)

    with Assistant.open(home, model) as assistant:
        if gpu_by_the_call():
            prepare()
            assistant.machine.load_for_lent_gpu()
        key = required_key(home, os.environ.get(KEY_VARIABLE), exposed=True)
        programs = api.build(assistant, api.ApiOptions(_EVERYWHERE, False, key, fall_back=True))
        ui.launch(
            assistant,
            host=_EVERYWHERE,
            port=port or PORT,
            password=password,
            lang=chosen,
            open_browser=False,
            on_ready=ready,
            doors=dict.fromkeys(api.PATHS, programs),
            visitors=True,
            owner=False,
        )


def add_space_command(app: typer.Typer, catalogue: Catalogue, lang: InterfaceLanguage) -> None:
    """`space`."""

    def say(key: str) -> str:
        return catalogue.tr(lang, f"cli.{key}")

    @app.command("space", help=say("space"))
    def space(
        check: Annotated[bool, typer.Option("--check", help=say("space_check"))] = False,
        port: Annotated[int, typer.Option(min=1, max=65535, help=say("space_port"))] = PORT,
    ) -> None:
        if not check:
            raise typer.BadParameter(say("space_needs_check"), param_hint="--check")
        if not check_space(port, catalogue, lang):
            raise typer.Exit(1)
