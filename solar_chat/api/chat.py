"""`POST /v1/chat/completions`: chunks and whole replies, as OpenAI writes them."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from solar_chat.api.asking import Asked, chat_job, is_guarded, messages_of
from solar_chat.api.described import ANSWERS
from solar_chat.api.desk import Desk, Head, Lines
from solar_chat.api.event_stream import DONE, SILENCE_S, data
from solar_chat.api.logprobs import chat_logprobs
from solar_chat.api.pieces import End, Piece
from solar_chat.api.refusals import Refusal
from solar_chat.api.running import Running
from solar_chat.api.schema import ChatRequest


def usage(end: End) -> dict[str, int]:
    """Tokens of a reply, as both older endpoints count them."""
    return {"prompt_tokens": end.prompt_tokens, "completion_tokens": end.reply_tokens, "total_tokens": end.prompt_tokens + end.reply_tokens}


def wants_usage(body: Any) -> bool:
    """Whether a stream shall end with its counts. Raises Refusal for stream options without a stream."""
    if body.stream_options is not None and not body.stream:
        raise Refusal("only_in_stream", "stream_options", "invalid_value")
    return body.stream_options is not None and bool(body.stream_options.include_usage)


def chat_router(desk: Desk) -> APIRouter:
    router = APIRouter()

    @router.post("/v1/chat/completions", responses=ANSWERS, response_class=Response, summary="A reply to a conversation")
    async def chat_completions(body: ChatRequest, request: Request) -> Response:
        desk.check_model(body.model)
        counted = wants_usage(body)
        if body.top_logprobs is not None and not body.logprobs:
            raise Refusal("needs_logprobs", "top_logprobs", "invalid_value")
        for number, message in enumerate(body.messages):
            if message.content is None and message.role != "assistant":
                raise Refusal("missing", f"messages[{number}].content", "missing_required_parameter", params={"param": "content"})
        asked = Asked(
            messages_of(body.messages),
            body,
            body,
            body.seed,
            tuple(body.stop),
            body.max_completion_tokens or body.max_tokens,
            (body.top_logprobs or 0) if body.logprobs else None,
            body.response_format is not None and body.response_format.type == "json_object",
        )
        running = desk.run(request, body.user, chat_job(desk.assistant, asked), together=not is_guarded(body))
        head = desk.head("chatcmpl-")
        if body.stream:
            return await desk.stream(request, running, _chunks(running, head, counted=counted))
        return await desk.whole(request, running, _folded(running, head, scored=bool(body.logprobs)))

    return router


async def _chunks(running: Running, head: Head, *, counted: bool) -> Lines:
    def chunk(delta: dict[str, Any], finish: str | None = None, **more: object) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": more.pop("logprobs", None), "finish_reason": finish}
        return data({**head.object("chat.completion.chunk"), "choices": [choice], **({"usage": None} if counted else {}), **more})

    yield chunk({"role": "assistant", "content": ""})
    async for event in running.events(SILENCE_S):
        if isinstance(event, Piece):
            yield chunk({"content": event.text}, logprobs=chat_logprobs(event.scored) if event.scored else None)
        elif isinstance(event, End):
            yield chunk({}, event.finish, **({"solar_chat": event.guarded} if event.guarded else {}))
            if counted:
                yield data({**head.object("chat.completion.chunk"), "choices": [], "usage": usage(event)})
            yield DONE
        else:
            yield None


async def _folded(running: Running, head: Head, *, scored: bool) -> dict[str, Any] | None:
    pieces: list[Piece] = []
    async for event in running.events():
        if isinstance(event, Piece):
            pieces.append(event)
        elif isinstance(event, End):
            message = {"role": "assistant", "content": "".join(piece.text for piece in pieces), "refusal": None}
            logprobs = chat_logprobs([token for piece in pieces for token in piece.scored]) if scored else None
            choice = {"index": 0, "message": message, "logprobs": logprobs, "finish_reason": event.finish}
            more = {"solar_chat": event.guarded} if event.guarded else {}
            return {**head.object("chat.completion"), "choices": [choice], "usage": usage(event), **more}
    return None
