"""`rewrite`: the same text in another speech level."""

from __future__ import annotations

from typing import Any

from solar_chat.cli.lines import answer_lines, print_json
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.language import Level, rewrite


def rewrite_once(text: str, level: Level) -> None:
    print_json(rewrite(text, level).as_dict())


def rewrite_lines(level: Level, catalogue: Catalogue, lang: InterfaceLanguage) -> None:
    def answer(line: dict[str, Any]) -> object:
        return rewrite(line["text"], level).as_dict()

    answer_lines(answer, catalogue, lang)
