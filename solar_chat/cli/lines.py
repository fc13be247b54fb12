"""JSON lines in, JSON lines out: one object a line, in order, flushed at once; a bad line gives an error object and the work goes on."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from solar_chat.errors import InputError, SolarChatError
from solar_chat.i18n import Catalogue, InterfaceLanguage


def print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False), flush=True)


def answer_lines(answer: Callable[[dict[str, Any]], object], catalogue: Catalogue, lang: InterfaceLanguage) -> None:
    """Read objects from stdin until it ends and print `answer` of each. Blank lines are passed over."""
    for number, raw in enumerate(sys.stdin.buffer, start=1):
        if not raw.strip():
            continue
        try:
            print_json(answer(_parse(raw, number)))
        except SolarChatError as error:
            print_json({"error": catalogue.describe(error, lang)})


def _parse(raw: bytes, number: int) -> dict[str, Any]:
    try:
        value = json.loads(raw.decode("utf-8"))
    except ValueError as error:  # UnicodeDecodeError and JSONDecodeError are both
        raise InputError("bad_json_line", line=number, reason=str(error)) from error
    except RecursionError as error:
        raise InputError("bad_json_line", line=number, reason="nested too deeply") from error
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        raise InputError("line_without_text", line=number)
    return value
