"""`ask`: one reply, or one a line, without the page. Nothing is stored."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, get_args

import click

from solar_chat.assistant import Answer, Assistant, Draft, Turn, TurnRequest
from solar_chat.cli.declaring import Group, argument, option
from solar_chat.cli.lines import answer_lines, one_text_or_lines, print_json
from solar_chat.cli.options import MODEL_VARIABLE
from solar_chat.errors import InputError
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


def add_ask_command(app: Group) -> None:
    """`ask`."""

    @app.command("ask", help=app.say("ask"))
    @argument("text", required=False, help=app.say("ask_text"))
    @option("--level", type=click.Choice(LEVELS), help=app.say("level"))
    @option("--reply-language", type=click.Choice(get_args(ReplyChoice)), help=app.say("reply_language"))
    @option("--model", metavar="ID|PATH", envvar=MODEL_VARIABLE, show_envvar=True, help=app.say("model"))
    @option("--seed", type=click.IntRange(min=0), metavar="N", help=app.say("seed"))
    @option("--json", "as_json", is_flag=True, help=app.say("json"))
    @option("--jsonl", is_flag=True, help=app.say("ask_jsonl"))
    @click.pass_obj
    def ask(
        home: Home,
        text: str | None,
        level: Level | None,
        reply_language: ReplyChoice | None,
        model: str | None,
        seed: int | None,
        as_json: bool,
        jsonl: bool,
    ) -> None:
        one_text_or_lines(text, jsonl, app)
        asked = Asked(level, reply_language, seed)
        if text is None:
            _ask_lines(home, model, asked, app)
        else:
            _ask_once(home, model, asked, text, app, as_json=as_json)


def _ask_once(home: Home, model: str | None, asked: Asked, text: str, app: Group, *, as_json: bool) -> None:
    """Print the reply to `text`: settled sentences as they come, or one JSON object at the end."""
    with Assistant.open(home, model) as assistant:
        assistant.start_loading(fall_back=False)
        turn = assistant.turn(assistant.request(text, level=asked.level, reply_language=asked.reply_language, seed=asked.seed))
        _warn_of_guess(assistant, app)
        if as_json:
            print_json(_object(_finish(turn)))
            return
        _print_stream(turn)


def _ask_lines(home: Home, model: str | None, asked: Asked, app: Group) -> None:
    """One answer object for each line of stdin; the model is loaded once."""
    with Assistant.open(home, model) as assistant:
        assistant.start_loading(fall_back=False)
        assistant.wait_ready()
        _warn_of_guess(assistant, app)

        def answer(line: dict[str, Any]) -> object:
            return _object(_finish(assistant.turn(_request(assistant, line, asked))))

        answer_lines(answer, app)


def _warn_of_guess(assistant: Assistant, app: Group) -> None:
    """Beside the reply: that the model does not say how it wants to be talked to."""
    spec = assistant.model_in_use()
    for limit in GUESSED if spec is not None and set(GUESSED) <= set(spec.limits) else ():
        print(app.catalogue.tr(app.lang, f"model_limit.{limit}"), file=sys.stderr)


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
