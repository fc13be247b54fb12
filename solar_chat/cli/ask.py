"""`ask`: one reply, or one a line, without the page. Nothing is stored.

(No `from __future__ import annotations`: typer reads the annotations at run time.)
"""

import sys
from dataclasses import dataclass
from typing import Annotated, Any, get_args

import typer

from solar_chat.assistant import Answer, Assistant, Draft, Turn, TurnRequest
from solar_chat.cli.lines import answer_lines, one_text_or_lines, print_json
from solar_chat.cli.options import MODEL_VARIABLE
from solar_chat.errors import InputError
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.language import LEVELS, Level
from solar_chat.messages import Message
from solar_chat.models import GUESSED
from solar_chat.paths import Home
from solar_chat.settings import ReplyChoice


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line fixed for every reply; None leaves it to the settings."""

    level: Level | None
    reply_language: ReplyChoice | None
    seed: int | None


def add_ask_command(app: typer.Typer, catalogue: Catalogue, lang: InterfaceLanguage) -> None:
    """`ask`."""

    def say(key: str) -> str:
        return catalogue.tr(lang, f"cli.{key}")

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
        one_text_or_lines(text, jsonl, catalogue, lang)
        asked = Asked(level, reply_language, seed)
        if text is None:
            _ask_lines(context.obj, model, asked, catalogue, lang)
        else:
            _ask_once(context.obj, model, asked, text, catalogue, lang, as_json=as_json)


def _ask_once(home: Home, model: str | None, asked: Asked, text: str, catalogue: Catalogue, lang: InterfaceLanguage, *, as_json: bool) -> None:
    """Print the reply to `text`: settled sentences as they come, or one JSON object at the end."""
    with Assistant.open(home, model) as assistant:
        assistant.start_loading(fall_back=False)
        turn = assistant.turn(assistant.request(text, level=asked.level, reply_language=asked.reply_language, seed=asked.seed))
        _warn_of_guess(assistant, catalogue, lang)
        if as_json:
            print_json(_object(_finish(turn)))
            return
        _print_stream(turn)


def _ask_lines(home: Home, model: str | None, asked: Asked, catalogue: Catalogue, lang: InterfaceLanguage) -> None:
    """One answer object for each line of stdin; the model is loaded once."""
    with Assistant.open(home, model) as assistant:
        assistant.start_loading(fall_back=False)
        assistant.wait_ready()
        _warn_of_guess(assistant, catalogue, lang)

        def answer(line: dict[str, Any]) -> object:
            return _object(_finish(assistant.turn(_request(assistant, line, asked))))

        answer_lines(answer, catalogue, lang)


def _warn_of_guess(assistant: Assistant, catalogue: Catalogue, lang: InterfaceLanguage) -> None:
    """Beside the reply: that the model does not say how it wants to be talked to."""
    spec = assistant.model_in_use()
    for limit in GUESSED if spec is not None and set(GUESSED) <= set(spec.limits) else ():
        print(catalogue.tr(lang, f"model_limit.{limit}"), file=sys.stderr)


def _print_stream(turn: Turn) -> None:
    """Settled text at once; the guard may still mend the rest."""
    printed = ""
    for event in turn.stream():
        if isinstance(event, Draft):
            settled = event.text[: event.settled].strip()
            sys.stdout.write(settled[len(printed) :])
            sys.stdout.flush()
            printed = settled
        elif isinstance(event, Answer):
            print(event.reply[len(printed) :])


def _finish(turn: Turn) -> Answer:
    *_, last = turn.stream()
    if not isinstance(last, Answer):
        raise TypeError("a turn ends with its Answer")
    return last


def _request(assistant: Assistant, line: dict[str, Any], asked: Asked) -> TurnRequest:
    unknown = sorted(set(line) - {"text", "level", "reply_language", "history"})
    if unknown:
        raise InputError("line_unknown_field", field=unknown[0])
    level = line.get("level", asked.level)
    if level is not None and level not in LEVELS:
        raise InputError("line_bad_value", field="level", allowed=", ".join(LEVELS))
    choice = line.get("reply_language", asked.reply_language)
    if choice is not None and choice not in get_args(ReplyChoice):
        raise InputError("line_bad_value", field="reply_language", allowed=", ".join(get_args(ReplyChoice)))
    return assistant.request(line["text"], level=level, reply_language=choice, history=_history(line.get("history") or []), seed=asked.seed)


def _history(pairs: object) -> tuple[Message, ...]:
    messages = []
    for pair in pairs if isinstance(pairs, list) else [None]:
        match pair:
            case ["user" | "assistant" as role, str(text)]:
                messages.append(Message(role, text))
            case _:
                raise InputError("line_bad_value", field="history", allowed='[["user", "..."], ["assistant", "..."]]')
    return tuple(messages)


def _object(answer: Answer) -> dict[str, object]:
    return {
        "reply": answer.reply,
        "language": answer.language,
        "level": answer.level,
        "sentences": [{"text": s.text, "level": s.level or "none", "repaired": s.repaired} for s in answer.sentences],
        "model": answer.model,
        "prompt_tokens": answer.prompt_tokens,
        "reply_tokens": answer.reply_tokens,
        "seconds": answer.seconds,
    }
