"""What commands are declared with: click's classes, with a help that is in the person's language throughout.

click has its own words in English in its code; here they are locale sentences like all others, and lines are as wide as Hangul is. What a command
does, and what its options are, is in the module of its name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import click

from solar_chat.cli.columns import wrapped
from solar_chat.i18n import Catalogue, InterfaceLanguage

Say = Callable[..., str]
"""A key below `cli.`, and what stands in its sentence → the sentence."""

_INDENT = 2
_WIDEST_NAME = 30
# click's headings → keys.
_HEADINGS = {"Options": "help_options", "Positional arguments": "help_arguments", "Commands": "help_commands"}


class Help(click.HelpFormatter):
    """A help page."""

    def __init__(self, say: Say, columns: int | None, most_columns: int | None) -> None:
        super().__init__(_INDENT, columns, most_columns)
        self._say = say

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, prefix or f"{self._say('help_usage')} ")

    def write_heading(self, heading: str) -> None:
        super().write_heading(self._say(_HEADINGS[heading]) if heading in _HEADINGS else heading)

    def write_text(self, text: str) -> None:
        for line in wrapped(text, self.width - self.current_indent):
            self.write(f"{'':{self.current_indent}}{line}\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = _WIDEST_NAME, col_spacing: int = 2) -> None:
        rows = list(rows)
        column = self.current_indent + col_spacing + max((len(name) for name, _ in rows if len(name) <= col_max), default=0)
        for name, text in rows:
            line = f"{'':{self.current_indent}}{name}"
            if len(line) + col_spacing > column:
                self.write(f"{line}\n")
                line = ""
            for part in wrapped(text, self.width - column):
                self.write(f"{line:{column}}{part}\n")
                line = ""
            if line:
                self.write(f"{line}\n")


class Context(click.Context):
    """One command as it was typed."""

    def make_formatter(self) -> Help:
        return Help(_say(self), self.terminal_width, self.max_content_width)


class Command(click.Command):
    """A command, anywhere under a `Group`."""

    context_class = Context

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        shown = super().get_help_option(ctx)
        if shown is not None:
            shown.help = _say(ctx)("help_help")
        return shown

    def get_short_help_str(self, limit: int = 0) -> str:
        """Lines are broken, so nothing need be left out."""
        return self.help or ""


class Group(Command, click.Group):
    """A command with others under it, in the order in which they were declared."""

    command_class = Command

    def __init__(self, *args: Any, catalogue: Catalogue, lang: InterfaceLanguage, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.catalogue = catalogue
        self.lang: InterfaceLanguage = lang

    def say(self, key: str, **params: object) -> str:
        """The sentence `cli.KEY`."""
        return self.catalogue.tr(self.lang, f"cli.{key}", **params)

    def below(self, name: str) -> Group:
        """A new group under this one, whose help is the sentence `cli.NAME`."""
        group = Group(name, catalogue=self.catalogue, lang=self.lang, help=self.say(name), no_args_is_help=True)
        self.add_command(group)
        return group

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


class Option(click.Option):
    """An option."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str]:
        say, extra = _say(ctx), self.get_help_extra(ctx)
        beside = [say("help_variable", name=name) for name in extra.get("envvars", ())]
        if "default" in extra:
            beside.append(say("help_default", value=extra["default"]))
        if "range" in extra:
            beside.append(extra["range"])
        if "required" in extra:
            beside.append(say("help_required"))
        return self.get_help_spec(ctx), " ".join(filter(None, (self.help, f"[{'; '.join(beside)}]" if beside else "")))


option = partial(click.option, cls=Option)
argument = click.argument


def _say(context: click.Context) -> Say:
    root = context.find_root().command
    if not isinstance(root, Group):
        raise TypeError("commands are declared under a Group")
    return root.say
