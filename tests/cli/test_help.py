"""The help of every command."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

import click
import pytest

from solar_chat.cli.columns import width
from solar_chat.cli.commands import build
from solar_chat.cli.options import Start
from solar_chat.i18n import Catalogue, InterfaceLanguage

COLUMNS = 80


def contexts(context: click.Context) -> Iterator[click.Context]:
    """`context` and those of all commands under its own."""
    yield context
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            command = context.command.get_command(context, name)
            assert command is not None
            yield from contexts(command.context_class(command, context, name))


def helps(lang: InterfaceLanguage) -> dict[str, str]:
    app = build(Catalogue.load(), lang, Start(str))
    top = app.context_class(app, info_name="app", **{**app.context_settings, "terminal_width": COLUMNS})
    return {context.command_path: context.get_help() for context in contexts(top)}


@pytest.mark.parametrize("lang", get_args(InterfaceLanguage))
def test_every_command_has_one_that_fits(lang: InterfaceLanguage) -> None:
    shown = helps(lang)
    assert {"app", "app serve", "app models download", "app upscale build", "app space"} <= set(shown)
    for path, text in shown.items():
        first, *lines = text.splitlines()
        assert first.startswith(f"{'사용법' if lang == 'ko' else 'Usage'}: {path} ")
        assert max(map(width, lines)) <= COLUMNS
        assert "..." not in "".join(lines)


def test_the_librarys_own_words_are_korean_too() -> None:
    shown = helps("ko")
    for text in shown.values():
        assert text.endswith("이 도움말을 보여 줍니다.") or "\n명령:\n" in text
        for word in ("Usage", "Options:", "arguments", "Commands", "Show this", "default", "required", "env"):
            assert word not in text
    assert "기본값: 8000; 0<=x<=65535" in " ".join(shown["app serve"].split())
    assert "환경 변수: SOLAR_CHAT_SERVE_KEY" in " ".join(shown["app serve"].split())
    assert "바꿀 말투입니다. [필수]" in shown["app rewrite"]
    assert "\n인자:\n  SRC  " in shown["app upscale build"]


def test_commands_stand_in_the_order_in_which_they_are_used() -> None:
    listed = helps("en")["app upscale"].partition("Commands:")[2]
    assert [line.split()[0] for line in listed.splitlines() if line[2:3].strip()] == ["plan", "build", "verify", "measure"]
