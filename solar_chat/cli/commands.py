"""The commands, and what `python app.py` itself takes: names here are contracts. What a command does, and its options, are in the module of its name.

A command's module is imported when the command is asked for: most need a part of the program that takes a while, and none needs that of another.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from solar_chat import __version__
from solar_chat.access import is_space
from solar_chat.cli.declaring import Group, option
from solar_chat.cli.options import MODEL_VARIABLE, PageOptions, Start
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.paths import Home

# In the order of the help.
_COMMANDS: Final = ("serve", "ask", "inspect", "rewrite", "models", "doctor", "paths", "upscale", "export", "space")


class _Commands(Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _COMMANDS and cmd_name not in self.commands:
            _add(cmd_name, self)
        return super().get_command(ctx, cmd_name)


def _add(name: str, app: Group) -> None:
    match name:
        case "serve":
            from solar_chat.cli.serve import add_serve_command as add
        case "ask":
            from solar_chat.cli.ask import add_ask_command as add
        case "inspect":
            from solar_chat.cli.inspect import add_inspect_command as add
        case "rewrite":
            from solar_chat.cli.rewrite import add_rewrite_command as add
        case "models":
            from solar_chat.cli.models import add_models_commands as add
        case "doctor":
            from solar_chat.cli.doctor import add_doctor_command as add
        case "paths":
            from solar_chat.cli.doctor import add_paths_command as add
        case "upscale":
            from solar_chat.cli.upscale import add_upscale_commands as add
        case "export":
            from solar_chat.cli.export import add_export_command as add
        case "space":
            from solar_chat.cli.space import add_space_command as add
        case _:
            raise ValueError(name)
    add(app)


def build(catalogue: Catalogue, lang: InterfaceLanguage, start: Start) -> click.Command:
    """The commands, their help in `lang`."""

    def say(key: str) -> str:
        return catalogue.tr(lang, f"cli.{key}")

    def show_version(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
        if wanted:
            click.echo(f"Solar Chat {__version__}")
            context.exit()

    @click.group(
        cls=_Commands,
        catalogue=catalogue,
        lang=lang,
        invoke_without_command=True,
        help=say("help"),
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100, "show_default": True},
    )
    @option("--share", is_flag=True, help=say("share"))
    @option("--host", metavar="ADDRESS", default="127.0.0.1", help=say("host"))
    @option("--port", type=click.IntRange(1, 65535), metavar="PORT", help=say("port"))
    @option("--password", metavar="PASSWORD", envvar="SOLAR_CHAT_PASSWORD", show_envvar=True, help=say("password"))
    @option("--public", is_flag=True, help=say("public"))
    @option("--owner-password", metavar="PASSWORD", envvar="SOLAR_CHAT_OWNER_PASSWORD", show_envvar=True, help=say("owner_password"))
    @option("--api-key", metavar="KEY", envvar="SOLAR_CHAT_SERVE_KEY", show_envvar=True, help=say("serve_api_key"))
    @option("--no-browser", is_flag=True, help=say("no_browser"))
    @option("--window/--no-window", default=None, help=say("window"))
    @option("--model", metavar="ID|PATH", envvar=MODEL_VARIABLE, show_envvar=True, help=say("model"))
    @option("--lang", "lang_", metavar="ko|en", help=say("lang"))
    @option("--home", type=Path, metavar="FOLDER", help=say("home"))
    @option("--smoke", "smoke_", is_flag=True, help=say("smoke"))
    @option("--version", is_flag=True, is_eager=True, expose_value=False, callback=show_version, help=say("version"))
    @click.pass_context
    def page(
        context: click.Context,
        share: bool,
        host: str,
        port: int | None,
        password: str | None,
        public: bool,
        owner_password: str | None,
        api_key: str | None,
        no_browser: bool,
        window: bool | None,
        model: str | None,
        lang_: str | None,
        home: Path | None,
        smoke_: bool,
    ) -> None:
        if lang_ not in (None, "ko", "en"):
            raise click.BadParameter(say("bad_lang"), param_hint="--lang")
        context.obj = Home.find(home)
        if smoke_:
            from solar_chat.cli.smoke import smoke

            context.exit(0 if smoke(catalogue, lang, show=click.echo) else 1)
        if context.invoked_subcommand is None:
            chosen = None if lang_ is None else lang
            if is_space():
                from solar_chat.cli.space import open_space

                asked = PageOptions(context.obj, False, "", port, password, False, owner_password, api_key, False, False, model, chosen)
                open_space(asked, home, catalogue, lang)
            else:
                from solar_chat.cli.page import open_page

                options = PageOptions(
                    context.obj, share, host, port, password, public, owner_password, api_key, not no_browser, window, model, chosen
                )
                open_page(options, catalogue, lang, start)

    return page
