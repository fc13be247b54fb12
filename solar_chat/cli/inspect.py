"""`inspect`: what the language room sees in a text."""

from __future__ import annotations

from typing import Any

from solar_chat.cli.lines import answer_lines, print_json
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.language import inspect


def inspect_once(text: str) -> None:
    print_json(inspect(text).as_dict())


def inspect_lines(catalogue: Catalogue, lang: InterfaceLanguage) -> None:
    def answer(line: dict[str, Any]) -> object:
        return inspect(line["text"]).as_dict()

    answer_lines(answer, catalogue, lang)
