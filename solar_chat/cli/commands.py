"""The commands, and what `python app.py` itself takes: names here are contracts. What a command does, and its options, are in the module of its name.

A command's module is imported when the command is asked for: most need a part of the program that takes a while, and none needs that of another.
Options are declared inside functions, because their help is a locale sentence. (No `from __future__ import annotations`: typer reads the annotations
at run time, and they hold those sentences.)
"""

from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from solar_chat import __version__
from solar_chat.access import is_space
from solar_chat.cli.options import MODEL_VARIABLE, PageOptions, Start
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.paths import Home

# In the order of the help.
_COMMANDS: Final = ("serve", "ask", "inspect", "rewrite", "models", "doctor", "paths", "upscale", "export", "space")


def _add(name: str, app: typer.Typer, catalogue: Catalogue, lang: InterfaceLanguage) -> None:
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
    add(app, catalogue, lang)


def build(catalogue: Catalogue, lang: InterfaceLanguage, start: Start) -> typer.Typer:
    """The commands, their help in `lang`."""

    def say(key: str) -> str:
        return catalogue.tr(lang, f"cli.{key}")

    class Commands(TyperGroup):
        def list_commands(self, _context: Any) -> list[str]:
            return list(_COMMANDS)

        def get_command(self, context: Any, name: str) -> Any:
            if name in _COMMANDS and name not in self.commands:
                part = typer.Typer(add_completion=False, rich_markup_mode=None)
                _add(name, part, catalogue, lang)
                self.add_command(typer.main.get_group(part).commands[name])
            return super().get_command(context, name)

    app = typer.Typer(
        cls=Commands,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        help=say("help"),
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )

    def show_version(wanted: bool) -> None:
        if wanted:
            typer.echo(f"Solar Chat {__version__}")
            raise typer.Exit

    @app.callback(invoke_without_command=True)
    def page(
        context: typer.Context,
        share: Annotated[bool, typer.Option("--share", help=say("share"))] = False,
        host: Annotated[str, typer.Option(help=say("host"))] = "127.0.0.1",
        port: Annotated[int | None, typer.Option(min=1, max=65535, help=say("port"))] = None,
        password: Annotated[str | None, typer.Option(help=say("password"), envvar="SOLAR_CHAT_PASSWORD", show_envvar=True)] = None,
        public: Annotated[bool, typer.Option("--public", help=say("public"))] = False,
        owner_password: Annotated[str | None, typer.Option(help=say("owner_password"), envvar="SOLAR_CHAT_OWNER_PASSWORD", show_envvar=True)] = None,
        api_key: Annotated[str | None, typer.Option(help=say("serve_api_key"), envvar="SOLAR_CHAT_SERVE_KEY", show_envvar=True)] = None,
        no_browser: Annotated[bool, typer.Option("--no-browser", help=say("no_browser"))] = False,
        window: Annotated[bool | None, typer.Option("--window/--no-window", help=say("window"), show_default=False)] = None,
        model: Annotated[str | None, typer.Option(metavar="ID|PATH", help=say("model"), envvar=MODEL_VARIABLE, show_envvar=True)] = None,
        lang_: Annotated[str | None, typer.Option("--lang", metavar="ko|en", help=say("lang"))] = None,
        home: Annotated[Path | None, typer.Option(help=say("home"))] = None,
        smoke_: Annotated[bool, typer.Option("--smoke", help=say("smoke"))] = False,
        _version: Annotated[bool, typer.Option("--version", help=say("version"), is_eager=True, callback=show_version)] = False,
    ) -> None:
        if lang_ not in (None, "ko", "en"):
            raise typer.BadParameter(say("bad_lang"), param_hint="--lang")
        context.obj = Home.find(home)
        if smoke_:
            from solar_chat.cli.smoke import smoke

            raise typer.Exit(0 if smoke(catalogue, lang, show=typer.echo) else 1)
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

    return app
