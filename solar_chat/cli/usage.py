"""A command line that cannot be understood, as one sentence in the person's language: typer's own words are English.

Says what is wrong and where the right way stands; decides nothing and prints nothing.
"""

from __future__ import annotations

from typing import Any

import typer

from solar_chat.i18n import Catalogue, InterfaceLanguage

# What every wrong usage raises. typer has a copy of click of its own, or an older one click itself, and only this child of it has a public name.
UsageError: Any = typer.BadParameter.__bases__[0]


def usage_sentence(error: Any, catalogue: Catalogue, lang: InterfaceLanguage) -> str:
    """What is wrong, by the `error` that typer raised; the help itself where a command needs one of its own commands.

    What was typed is not repeated: it may be a password, or a book.
    """
    context = error.ctx
    if context is not None and error.message == context.get_help():
        return str(error.message)

    def say(key: str, **params: object) -> str:
        return catalogue.tr(lang, f"cli.usage_{key}", command=context.command_path if context is not None else "", **params)

    if hasattr(error, "possibilities"):
        return say("option", option=error.option_name)
    if isinstance(error, typer.BadParameter):
        if error.param_hint is not None:
            # Ours: a locale sentence already.
            return f"{error.param_hint}: {error.message}"
        if error.param is not None:
            name = next((name for name in error.param.opts if name.startswith("--")), None) or str(error.param.metavar or error.param.name).upper()
            return say("missing" if hasattr(error, "param_type") else "value", name=name)
    return say("unclear")
