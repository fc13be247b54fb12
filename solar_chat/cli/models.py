"""`models` and what is under it: listed and shown here, fetched and removed in `downloads`, asked of a server in `servers`."""

from __future__ import annotations

import click

from solar_chat.cli.declaring import Group, argument, option
from solar_chat.cli.downloads import add_download_commands
from solar_chat.cli.model_listing import FORMS, in_form, print_model, print_models
from solar_chat.cli.servers import add_server_commands
from solar_chat.paths import Home


def add_models_commands(app: Group) -> None:
    """`models` and its commands."""
    group = app.below("models")
    catalogue, lang, say = app.catalogue, app.lang, app.say
    as_json_too = option("--json", "as_json", is_flag=True, help=say("json"))

    @group.command("list", help=say("models_list"))
    @as_json_too
    @click.pass_obj
    def models_list(home: Home, as_json: bool) -> None:
        print_models(home, catalogue, lang, as_json=as_json)

    @group.command("show", help=say("models_show"))
    @argument("name", metavar="ID", help=say("models_id"))
    @option("--form", metavar=FORMS, help=say("models_form"))
    @as_json_too
    @click.pass_obj
    def models_show(home: Home, name: str, form: str | None, as_json: bool) -> None:
        print_model(in_form(name, form, say("bad_form")), home, catalogue, lang, as_json=as_json)

    add_download_commands(group)
    add_server_commands(group)
