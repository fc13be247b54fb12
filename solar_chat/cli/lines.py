"""JSON lines in, JSON lines out: one object a line, in order, flushed at once; a bad line gives an error object and the work goes on."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import click

from solar_chat.cli.declaring import Group
from solar_chat.errors import InputError, SolarChatError


def print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False), flush=True)


def one_text_or_lines(text: str | None, jsonl: bool, app: Group) -> None:
    """Raises click.BadParameter unless there is either a text or `--jsonl`."""
    if (text is None) != jsonl:
        raise click.BadParameter(app.say("text_or_jsonl"), param_hint="TEXT")


def print_answers(answer: Callable[[str], object], text: str | None, jsonl: bool, app: Group) -> None:
    """`answer` of the text, or with `jsonl` of that in each line of stdin. Raises as `one_text_or_lines` does."""
    one_text_or_lines(text, jsonl, app)
    if text is None:
        answer_lines(lambda line: answer(line["text"]), app)
    else:
        print_json(answer(text))


def answer_lines(answer: Callable[[dict[str, Any]], object], app: Group) -> None:
    """Read objects from stdin until it ends and print `answer` of each. Blank lines are passed over."""
    for number, raw in enumerate(sys.stdin.buffer, start=1):
        if not raw.strip():
            continue
        try:
            print_json(answer(_parse(raw, number)))
        except SolarChatError as error:
            print_json({"error": app.catalogue.describe(error, app.lang)})


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
