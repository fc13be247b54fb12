"""`POST /v1/responses`, stateless and of text: OpenAI's newer shape of the same replies.

Nothing is kept, so whatever refers to an earlier response is refused. The events of a stream are those that its clients wait for, numbered.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from solar_chat.api.asking import Asked, chat_job, is_guarded, messages_of
from solar_chat.api.described import ANSWERS
from solar_chat.api.desk import Desk, Head, Lines
from solar_chat.api.event_stream import SILENCE_S, data
from solar_chat.api.pieces import End, Piece
from solar_chat.api.refusals import Refusal, asked_in
from solar_chat.api.running import Running
from solar_chat.api.schema import ResponsesRequest


@dataclass(frozen=True, slots=True)
class _Shape:
    """One response, at every stage of its making."""

    head: Head
    item_id: str
    body: ResponsesRequest

    def part(self, text: str) -> dict[str, Any]:
        return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}

    def item(self, text: str | None, status: str = "completed") -> dict[str, Any]:
        """The message; `text` None before it has any."""
        content = [] if text is None else [self.part(text)]
        return {"id": self.item_id, "type": "message", "status": status, "role": "assistant", "content": content}

    def response(self, text: str = "", end: End | None = None) -> dict[str, Any]:
        """The whole object; without `end` it is still being made."""
        body = self.body
        status = "in_progress" if end is None else "incomplete" if end.finish == "length" else "completed"
        made = {
            "id": self.head.id,
            "object": "response",
            "created_at": self.head.created,
            "status": status,
            "background": False,
            "error": None,
            "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
            "instructions": body.instructions,
            "max_output_tokens": body.max_output_tokens,
            "model": self.head.model(),
            "output": [] if end is None else [self.item(text, status)],
            "parallel_tool_calls": False,
            "previous_response_id": None,
            "reasoning": {"effort": None, "summary": None},
            "service_tier": "default",
            "store": False,
            "temperature": body.temperature,
            "text": {"format": {"type": body.text.format.type if body.text and body.text.format else "text"}},
            "tool_choice": "auto",
            "tools": [],
            "top_p": body.top_p,
            "truncation": "disabled",
            "usage": None if end is None else _usage(end),
            "user": None,
            "metadata": {},
        }
        return {**made, "solar_chat": end.guarded} if end is not None and end.guarded else made


def responses_router(desk: Desk) -> APIRouter:
    router = APIRouter()

    @router.post("/v1/responses", responses=ANSWERS, response_class=Response, summary="A reply, in the shape of the Responses API")
    async def responses(body: ResponsesRequest, request: Request) -> Response:
        desk.check_model(body.model)
        if body.stream_options is not None and not body.stream:
            raise Refusal("only_in_stream", "stream_options", "invalid_value")
        asked = Asked(
            messages_of(body.input, body.instructions),
            body,
            body,
            max_tokens=body.max_output_tokens,
            json_object=body.text is not None and body.text.format is not None and body.text.format.type == "json_object",
            sent_in=asked_in(request),
        )
        running = desk.run(request, body.user, chat_job(desk.assistant, asked), together=not is_guarded(body))
        shape = _Shape(desk.head("resp_"), "msg_" + uuid.uuid4().hex, body)
        if body.stream:
            return await desk.stream(request, running, _numbered(running, shape))
        return await desk.whole(request, running, _folded(running, shape))

    return router


async def _folded(running: Running, shape: _Shape) -> dict[str, Any] | None:
    text = ""
    async for event in running.events():
        if isinstance(event, Piece):
            text += event.text
        elif isinstance(event, End):
            return shape.response(text, event)
    return None


async def _numbered(running: Running, shape: _Shape) -> Lines:
    sent = 0

    def event(kind: str, **more: object) -> bytes:
        nonlocal sent
        sent += 1
        return data({"type": kind, "sequence_number": sent - 1, **more}, kind)

    place: dict[str, object] = {"item_id": shape.item_id, "output_index": 0, "content_index": 0}
    yield event("response.created", response=shape.response())
    yield event("response.in_progress", response=shape.response())
    yield event("response.output_item.added", output_index=0, item=shape.item(None, "in_progress"))
    yield event("response.content_part.added", **place, part=shape.part(""))
    text = ""
    async for each in running.events(SILENCE_S):
        if isinstance(each, Piece):
            text += each.text
            yield event("response.output_text.delta", **place, delta=each.text, logprobs=[])
        elif isinstance(each, End):
            made = shape.response(text, each)
            yield event("response.output_text.done", **place, text=text, logprobs=[])
            yield event("response.content_part.done", **place, part=shape.part(text))
            yield event("response.output_item.done", output_index=0, item=made["output"][0])
            yield event(f"response.{made['status']}", response=made)
        else:
            yield None


def _usage(end: End) -> dict[str, Any]:
    return {
        "input_tokens": end.prompt_tokens,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": end.reply_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": end.prompt_tokens + end.reply_tokens,
    }
