"""`models` and what is under it: listed and shown here, fetched and removed in `downloads`, asked of a server in `servers`.

(No `from __future__ import annotations`: typer reads the annotations at run time.)
"""

from typing import Annotated

import typer

from solar_chat.cli.downloads import add_download_commands
from solar_chat.cli.model_listing import FORMS, in_form, print_model, print_models
from solar_chat.cli.servers import add_server_commands
from solar_chat.i18n import Catalogue, InterfaceLanguage


def add_models_commands(app: typer.Typer, catalogue: Catalogue, lang: InterfaceLanguage) -> None:
    """`models` and its commands."""

    def say(key: str) -> str:
        return catalogue.tr(lang, f"cli.{key}")

    group = typer.Typer(help=say("models"), no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(group, name="models")

    @group.command("list", help=say("models_list"))
    def models_list(context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help=say("json"))] = False) -> None:
        print_models(context.obj, catalogue, lang, as_json=as_json)

    @group.command("show", help=say("models_show"))
    def models_show(
        context: typer.Context,
        name: Annotated[str, typer.Argument(metavar="ID", help=say("models_id"))],
        form: Annotated[str | None, typer.Option(metavar=FORMS, help=say("models_form"))] = None,
        as_json: Annotated[bool, typer.Option("--json", help=say("json"))] = False,
    ) -> None:
        print_model(in_form(name, form, say("bad_form")), context.obj, catalogue, lang, as_json=as_json)

    add_download_commands(group, catalogue, lang)
    add_server_commands(group, catalogue, lang)
