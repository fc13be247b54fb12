"""`POST /v1/completions`: a text goes on, without a chat template; one choice a prompt.

With `echo` and `logprobs` it tells how likely the prompt itself was, which is what evaluation harnesses ask for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from solar_chat.api.asking import completion_job
from solar_chat.api.chat import usage, wants_usage
from solar_chat.api.described import ANSWERS
from solar_chat.api.desk import Desk, Head, Lines
from solar_chat.api.event_stream import DONE, SILENCE_S, data
from solar_chat.api.logprobs import completion_logprobs
from solar_chat.api.pieces import End, Piece, ReplyEvent
from solar_chat.api.running import Running
from solar_chat.api.schema import CompletionsRequest
from solar_chat.assistant import CompletionRequest
from solar_chat.engine import ScoredToken

# OpenAI's own.
DEFAULT_MAX_TOKENS: Final = 16


@dataclass(slots=True)
class _Choice:
    """Where the reply to one prompt stands: the same for a stream and for a whole reply."""

    index: int
    prompt: str | None
    """What is echoed: the client's own text, None where it sent token ids, which are told by their tokens."""
    echo: bool
    scored: bool
    offset: int = 0
    echoed: bool = False
    of_prompt: list[ScoredToken] = field(default_factory=list)

    def take(self, event: Piece | End) -> dict[str, Any] | None:
        """What `event` adds to the choice; None while the prompt is being scored."""
        if isinstance(event, Piece) and event.of_prompt:
            self.of_prompt += event.scored
            return None
        text = ""
        tokens: tuple[ScoredToken, ...] = ()
        if self.echo and not self.echoed:
            self.echoed = True
            tokens = tuple(self.of_prompt)
            text = self.prompt if self.prompt is not None else "".join(token.text for token in tokens)
        if isinstance(event, Piece):
            text, tokens = text + event.text, (*tokens, *event.scored)
        logprobs = completion_logprobs(tokens, self.offset) if self.scored and tokens else None
        self.offset += len(text)
        return {"index": self.index, "text": text, "logprobs": logprobs, "finish_reason": event.finish if isinstance(event, End) else None}


class _Choices:
    """All prompts of a request, one behind the other."""

    def __init__(self, body: CompletionsRequest) -> None:
        self._scored = body.logprobs is not None
        self._waiting = [
            _Choice(number, prompt if isinstance(prompt, str) else None, bool(body.echo), self._scored) for number, prompt in enumerate(body.prompt)
        ]
        self.total = End("stop", 0, 0)

    def take(self, event: ReplyEvent) -> dict[str, Any] | None:
        """What `event` adds to the choice it belongs to."""
        if not isinstance(event, Piece | End):
            return None
        added = self._waiting[0].take(event)
        if isinstance(event, End):
            del self._waiting[0]
            self.total = End(event.finish, self.total.prompt_tokens + event.prompt_tokens, self.total.reply_tokens + event.reply_tokens)
        return added

    @property
    def complete(self) -> bool:
        return not self._waiting


def completions_router(desk: Desk) -> APIRouter:
    router = APIRouter()

    @router.post("/v1/completions", responses=ANSWERS, response_class=Response, summary="A text goes on")
    async def completions(body: CompletionsRequest, request: Request) -> Response:
        desk.check_model(body.model)
        counted = wants_usage(body)
        asked = CompletionRequest(
            "",
            stop=tuple(body.stop),
            max_reply_tokens=DEFAULT_MAX_TOKENS if body.max_tokens is None else body.max_tokens,
            logprobs=body.logprobs,
            # Without their text, token ids are echoed by what they stand for.
            score_prompt=bool(body.echo) and (body.logprobs is not None or not all(isinstance(prompt, str) for prompt in body.prompt)),
        )
        job = completion_job(desk.assistant, body.prompt, body, asked, body.seed)
        running = desk.run(request, body.user, job, together=not asked.score_prompt)
        head = desk.head("cmpl-")
        if body.stream:
            return await desk.stream(request, running, _chunks(running, head, _Choices(body), counted=counted))
        return await desk.whole(request, running, _folded(running, head, _Choices(body)))

    return router


async def _chunks(running: Running, head: Head, choices: _Choices, *, counted: bool) -> Lines:
    async for event in running.events(SILENCE_S):
        if event is None:
            yield None
            continue
        added = choices.take(event)
        if added is not None:
            yield data({**head.object("text_completion"), "choices": [added], **({"usage": None} if counted else {})})
    if choices.complete:
        if counted:
            yield data({**head.object("text_completion"), "choices": [], "usage": usage(choices.total)})
        yield DONE


async def _folded(running: Running, head: Head, choices: _Choices) -> dict[str, Any] | None:
    whole: dict[int, dict[str, Any]] = {}
    async for event in running.events():
        added = choices.take(event) if event is not None else None
        if added is not None:
            so_far = whole.setdefault(added["index"], {**added, "text": "", "logprobs": None})
            so_far["text"] += added["text"]
            so_far["finish_reason"] = added["finish_reason"]
            so_far["logprobs"] = _joined(so_far["logprobs"], added["logprobs"])
    if not choices.complete:
        return None
    return {**head.object("text_completion"), "choices": list(whole.values()), "usage": usage(choices.total)}


def _joined(first: dict[str, Any] | None, second: dict[str, Any] | None) -> dict[str, Any] | None:
    if first is None or second is None:
        return first or second
    return {name: first[name] + second[name] for name in first}
