"""The commands and their options: names here are contracts. What a command does is in the module of its name.

Options are declared inside `build`, because their help is a locale sentence. (No `from __future__ import annotations`: typer reads the
annotations at run time, and they hold those sentences.)
"""

from pathlib import Path
from typing import Annotated

import typer

from solar_chat import __version__
from solar_chat.access import is_space
from solar_chat.cli.ask import Asked, ask_lines, ask_once
from solar_chat.cli.doctor import print_doctor, print_paths
from solar_chat.cli.downloads import add_download_commands
from solar_chat.cli.export import add_export_command
from solar_chat.cli.inspect import inspect_lines, inspect_once
from solar_chat.cli.models import FORMS, in_form, print_model, print_models
from solar_chat.cli.page import PageOptions, Start, open_page
from solar_chat.cli.rewrite import rewrite_lines, rewrite_once
from solar_chat.cli.serve import ServeOptions, serve_api
from solar_chat.cli.servers import add_server_commands
from solar_chat.cli.smoke import smoke
from solar_chat.cli.space import add_space_command, open_space
from solar_chat.cli.upscale import add_upscale_commands
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.language import Level
from solar_chat.paths import Home
from solar_chat.settings import ReplyChoice

# What a Space's owner sets in place of `--model`.
MODEL_VARIABLE = "SOLAR_CHAT_MODEL"


def build(catalogue: Catalogue, lang: InterfaceLanguage, start: Start) -> typer.Typer:
    """The commands, their help in `lang`."""

    def say(key: str) -> str:
        return catalogue.tr(lang, f"cli.{key}")

    app = typer.Typer(
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
            raise typer.Exit(0 if smoke(catalogue, lang, show=typer.echo) else 1)
        if context.invoked_subcommand is None:
            chosen = None if lang_ is None else lang
            if is_space():
                asked = PageOptions(context.obj, False, "", port, password, False, owner_password, api_key, False, False, model, chosen)
                open_space(asked, home, catalogue, lang)
            else:
                options = PageOptions(
                    context.obj, share, host, port, password, public, owner_password, api_key, not no_browser, window, model, chosen
                )
                open_page(options, catalogue, lang, start)

    @app.command(help=say("serve"))
    def serve(
        context: typer.Context,
        host: Annotated[str, typer.Option(help=say("serve_host"))] = "127.0.0.1",
        port: Annotated[int, typer.Option(min=0, max=65535, help=say("serve_port"))] = 8000,
        api_key: Annotated[str | None, typer.Option(help=say("serve_api_key"), envvar="SOLAR_CHAT_SERVE_KEY", show_envvar=True)] = None,
        model: Annotated[str | None, typer.Option(metavar="ID|PATH", help=say("model"), envvar=MODEL_VARIABLE, show_envvar=True)] = None,
    ) -> None:
        serve_api(ServeOptions(context.obj, host, port, api_key, model), catalogue, lang)

    @app.command(help=say("ask"))
    def ask(
        context: typer.Context,
        text: Annotated[str | None, typer.Argument(help=say("ask_text"))] = None,
        level: Annotated[Level | None, typer.Option(help=say("level"))] = None,
        reply_language: Annotated[ReplyChoice | None, typer.Option(help=say("reply_language"))] = None,
        model: Annotated[str | None, typer.Option(metavar="ID|PATH", help=say("model"), envvar=MODEL_VARIABLE, show_envvar=True)] = None,
        seed: Annotated[int | None, typer.Option(min=0, help=say("seed"))] = None,
        as_json: Annotated[bool, typer.Option("--json", help=say("json"))] = False,
        jsonl: Annotated[bool, typer.Option("--jsonl", help=say("ask_jsonl"))] = False,
    ) -> None:
        if (text is None) != jsonl:
            raise typer.BadParameter(say("text_or_jsonl"), param_hint="TEXT")
        asked = Asked(level, reply_language, seed)
        if text is None:
            ask_lines(context.obj, model, asked, catalogue, lang)
        else:
            ask_once(context.obj, model, asked, text, catalogue, lang, as_json=as_json)

    @app.command(help=say("inspect"))
    def inspect(
        text: Annotated[str | None, typer.Argument(help=say("inspect_text"))] = None,
        jsonl: Annotated[bool, typer.Option("--jsonl", help=say("inspect_jsonl"))] = False,
    ) -> None:
        if (text is None) != jsonl:
            raise typer.BadParameter(say("text_or_jsonl"), param_hint="TEXT")
        if text is None:
            inspect_lines(catalogue, lang)
        else:
            inspect_once(text)

    @app.command(help=say("rewrite"))
    def rewrite(
        level: Annotated[Level, typer.Option(help=say("rewrite_level"))],
        text: Annotated[str | None, typer.Argument(help=say("rewrite_text"))] = None,
        jsonl: Annotated[bool, typer.Option("--jsonl", help=say("rewrite_jsonl"))] = False,
    ) -> None:
        if (text is None) != jsonl:
            raise typer.BadParameter(say("text_or_jsonl"), param_hint="TEXT")
        if text is None:
            rewrite_lines(level, catalogue, lang)
        else:
            rewrite_once(text, level)

    models = typer.Typer(help=say("models"), no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(models, name="models")

    @models.command("list", help=say("models_list"))
    def models_list(context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help=say("json"))] = False) -> None:
        print_models(context.obj, catalogue, lang, as_json=as_json)

    @models.command("show", help=say("models_show"))
    def models_show(
        context: typer.Context,
        name: Annotated[str, typer.Argument(metavar="ID", help=say("models_id"))],
        form: Annotated[str | None, typer.Option(metavar=FORMS, help=say("models_form"))] = None,
        as_json: Annotated[bool, typer.Option("--json", help=say("json"))] = False,
    ) -> None:
        print_model(in_form(name, form, say("bad_form")), context.obj, catalogue, lang, as_json=as_json)

    add_download_commands(models, catalogue, lang)
    add_server_commands(models, catalogue, lang)

    @app.command(help=say("doctor"))
    def doctor(context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help=say("json"))] = False) -> None:
        print_doctor(context.obj, catalogue, lang, as_json=as_json)

    @app.command(help=say("paths"))
    def paths(context: typer.Context) -> None:
        print_paths(context.obj)

    add_upscale_commands(app, catalogue, lang)
    add_export_command(app, catalogue, lang)
    add_space_command(app, catalogue, lang)
    return app
