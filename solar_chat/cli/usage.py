"""A command line that cannot be understood, as one sentence in the person's language: click's own words are English.

Says what is wrong and where the right way stands; decides nothing and prints nothing.
"""

from __future__ import annotations

import click

from solar_chat.i18n import Catalogue, InterfaceLanguage


def usage_sentence(error: click.UsageError, program: str, catalogue: Catalogue, lang: InterfaceLanguage) -> str:
    """What is wrong, by the `error` that click raised; the help itself where a command needs one of its own commands.

    What was typed is not repeated: it may be a password, or a book.
    """
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return error.message
    context = error.ctx
    # The parser does not always say whose options they were.
    command = program if context is None else context.command_path

    def say(key: str, **params: object) -> str:
        return catalogue.tr(lang, f"cli.usage_{key}", command=command, **params)

    if isinstance(error, click.NoSuchOption):
        return say("option", option=error.option_name)
    if isinstance(error, click.BadOptionUsage):
        return say("value_or_none", option=error.option_name)
    if isinstance(error, click.BadParameter):
        if error.param_hint is not None:
            # Ours: a locale sentence already.
            return f"{error.param_hint}: {error.message}"
        if error.param is not None:
            name = next((name for name in error.param.opts if name.startswith("--")), None) or str(error.param.metavar or error.param.name).upper()
            if isinstance(error, click.MissingParameter):
                return say("missing", name=name)
            kind = error.param.type
            return say("choice", name=name, allowed=", ".join(kind.choices)) if isinstance(kind, click.Choice) else say("value", name=name)
    # Nothing else can be wrong with a command that takes a text: a shell has cut it at its spaces.
    takes_text = context is not None and any(param.name == "text" for param in context.command.params)
    return say("words" if takes_text else "unclear")
