"""Training data as it lies on the disk: plain text, JSON lines or Parquet, read row by row and checked before a model is loaded.

The rule: a row that is not what its stage needs stops the reading with the file, the row and the reason; nothing is guessed or skipped. What rows
become as tokens is `chat`'s business.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar, get_args

from solar_chat.messages import Message, Role

Stage = Literal["pretrain", "instruct", "dpo"]
STAGES: tuple[Stage, ...] = get_args(Stage)
_ROLES: tuple[Role, ...] = get_args(Role)
_Row = TypeVar("_Row")


class DataError(ValueError):
    """A row that cannot be trained on; the message names the file, the row and what is wrong."""


@dataclass(frozen=True, slots=True)
class Preference:
    """The same conversation with a better and a worse reply."""

    prompt: tuple[Message, ...]
    chosen: str
    rejected: str


def texts(files: Iterable[Path]) -> Iterator[str]:
    """Documents to continue pre-training on: lines of .txt, or the field `text`. Raises DataError."""
    yield from _each(files, _text)


def conversations(files: Iterable[Path]) -> Iterator[tuple[Message, ...]]:
    """Conversations that end in a reply, from the field `messages`. Raises DataError."""
    yield from _each(files, _conversation)


def preferences(files: Iterable[Path]) -> Iterator[Preference]:
    """Pairs of replies, from the fields `prompt`, `chosen` and `rejected`. Raises DataError."""
    yield from _each(files, _preference)


def _each(files: Iterable[Path], parse: Callable[[dict[str, object]], _Row]) -> Iterator[_Row]:
    for path in files:
        found = 0
        for number, row in _rows(path):
            try:
                if not isinstance(row, dict):
                    raise DataError("a row must be an object with named fields")
                parsed = parse(row)
            except DataError as error:
                raise DataError(f"{path.name}, row {number}: {error}") from None
            found += 1
            yield parsed
        if not found:
            raise DataError(f"{path.name} has no rows")


def _rows(path: Path) -> Iterator[tuple[int, object]]:
    """Rows with their numbers, from 1; empty lines are none."""
    try:
        if path.suffix == ".parquet":
            yield from enumerate(_parquet(path), 1)
        elif path.suffix in {".txt", ".jsonl"}:
            yield from _lines(path)
        else:
            raise DataError(f"{path.name} is none of .txt, .jsonl and .parquet")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path.name} cannot be read: {error}") from error


def _lines(path: Path) -> Iterator[tuple[int, object]]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            if path.suffix == ".txt":
                yield number, {"text": line.strip()}
                continue
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError) as error:
                raise DataError(f"{path.name}, row {number}: not JSON ({error})") from error


def _parquet(path: Path) -> Iterator[object]:
    from pyarrow import ArrowInvalid
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=1024):
                yield from batch.to_pylist()
    except ArrowInvalid as error:
        raise DataError(f"{path.name} is no whole Parquet file: {error}") from error


def _text(row: dict[str, object]) -> str:
    return _words(row, "text")


def _conversation(row: dict[str, object]) -> tuple[Message, ...]:
    messages = _messages(row, "messages")
    _check_order(messages, "messages", last="assistant")
    return messages


def _preference(row: dict[str, object]) -> Preference:
    asked = row.get("prompt")
    prompt = (Message("user", _words(row, "prompt")),) if isinstance(asked, str) else _messages(row, "prompt")
    _check_order(prompt, "prompt", last="user")
    chosen, rejected = _reply(row, "chosen"), _reply(row, "rejected")
    if chosen == rejected:
        raise DataError("chosen and rejected are the same, so nothing can be learned from them")
    return Preference(prompt, chosen, rejected)


def _words(row: dict[str, object], field: str) -> str:
    value = row.get(field)
    if not isinstance(value, str) or not value.strip():
        raise DataError(f'the field "{field}" must be a text that is not empty')
    return value


def _reply(row: dict[str, object], field: str) -> str:
    """A reply as a text, or as a list of one message of the assistant."""
    if isinstance(row.get(field), str):
        return _words(row, field)
    messages = _messages(row, field)
    if len(messages) != 1 or messages[0].role != "assistant":
        raise DataError(f'the field "{field}" must be a text or one message of the assistant')
    return messages[0].content


def _messages(row: dict[str, object], field: str) -> tuple[Message, ...]:
    value = row.get(field)
    if not isinstance(value, list) or not value:
        raise DataError(f'the field "{field}" must be a list of messages')
    messages = []
    for entry in value:
        role = entry.get("role") if isinstance(entry, dict) else None
        if role not in _ROLES:
            raise DataError(f'"{field}": the role of a message must be one of {", ".join(_ROLES)}, not {role!r}')
        messages.append(Message(role, _words(entry, "content")))
    return tuple(messages)


def _check_order(messages: tuple[Message, ...], field: str, *, last: Role) -> None:
    """One system message at most, in front; then user and assistant in turn."""
    turns = messages[1:] if messages[0].role == "system" else messages
    expected: Role = "user"
    for turn in turns:
        if turn.role != expected:
            raise DataError(f'"{field}": expected a message of the {expected}, found one of the {turn.role}')
        expected = "assistant" if expected == "user" else "user"
    if not turns or turns[-1].role != last:
        raise DataError(f'"{field}" must end with a message of the {last}')
