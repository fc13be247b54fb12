"""What every endpoint of the door needs: the model's names, a place in the queue, and an answer as a stream or whole.

The rule: a whole reply is the stream, folded; there is no second way to make one.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncGenerator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from solar_chat.api.event_stream import KEEP_ALIVE, SILENCE_S, EventStreamResponse, data, while_connected
from solar_chat.api.options import ApiOptions
from solar_chat.api.refusals import Refusal, Speaker, Utf8Json, asked_in, language_of
from solar_chat.api.running import Job, Running
from solar_chat.api.turnstile import AT_ONCE, Full, Turnstile
from solar_chat.assistant import Assistant
from solar_chat.errors import SolarChatError

Lines = AsyncGenerator[bytes | None, None]
"""Events as they are sent; None where nothing has come for a while."""
_CLIENT_GONE = 499
# More than any model has seats, and those that wait for it alone.
MOST_REPLIES = 80

logger = logging.getLogger("solar_chat.api")


@dataclass(frozen=True, slots=True)
class Head:
    """What every object of one answer says of itself."""

    id: str
    created: int
    model: Callable[[], str]
    """Asked for late: the model may only be known once it is loaded."""

    def object(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model()}


class Desk:
    """Takes requests in."""

    def __init__(self, assistant: Assistant, options: ApiOptions, speaker: Speaker) -> None:
        self.assistant = assistant
        self._alone = Turnstile()
        self._together = Turnstile(lambda: max(AT_ONCE, assistant.most_together))
        # One for each reply on its way; asyncio's own pool has a few for each core.
        self._threads = ThreadPoolExecutor(MOST_REPLIES, thread_name_prefix="reply")
        self._options = options
        self._speaker = speaker

    def head(self, prefix: str) -> Head:
        return Head(prefix + uuid.uuid4().hex, int(time.time()), self.model_id)

    def model_id(self) -> str:
        """The model in use, by the name that programs see."""
        return self.assistant.model_names().id

    def check_model(self, name: str) -> None:
        """Raises Refusal where `name` does not mean the model in use."""
        names = self.assistant.model_names()
        if name not in names:
            raise Refusal("no_such_model", "model", "model_not_found", 404, params={"model": name[:200], "known": names.id})

    @property
    def running(self) -> int:
        """Requests that were let through to the model."""
        return self._alone.running + self._together.running

    @property
    def waiting(self) -> int:
        return self._alone.waiting + self._together.waiting

    def run(self, request: Request, user: object, job: Job, *, together: bool) -> Running:
        """Queue `job` for the client that sent `request`, among those that can be answered `together` or among the others. Raises Refusal where that
        queue is full."""
        address = request.client.host if request.client else ""
        try:
            place = (self._together if together else self._alone).enter(f"{address} {user}" if isinstance(user, str) else address)
        except Full as full:
            seconds = str(full.retry_after_s)
            refusal = Refusal("queue_full", None, "rate_limit_exceeded", 429, "rate_limit_error", {"seconds": seconds}, {"retry-after": seconds})
            raise refusal from full
        return Running(place, self._model_ready, job, self._threads)

    async def stream(self, request: Request, running: Running, lines: Lines) -> Response:
        """Send `lines` as they come. What goes wrong before the first one is an error of its own; later it is the last event."""
        try:
            await running.begun(SILENCE_S)
        except BaseException:
            running.close()
            raise
        return EventStreamResponse(self._told(lines, request), running.close)

    async def whole(self, request: Request, running: Running, folded: Coroutine[Any, Any, dict[str, Any] | None]) -> Response:
        """Send what `folded` makes of the same events."""
        body = await while_connected(request.receive, running.close, folded)
        return Response(status_code=_CLIENT_GONE) if body is None else Utf8Json(body)

    async def _model_ready(self) -> None:
        if self.assistant.load_state().stage == "failed":
            # A server that was down, a folder that was missing: each request finds out whether it still is.
            self.assistant.start_loading(fall_back=self._options.fall_back)
        # Shielded: others wait for the same load.
        await asyncio.shield(asyncio.wrap_future(self.assistant.ready(fall_back=self._options.fall_back)))

    async def _told(self, lines: Lines, request: Request) -> AsyncGenerator[bytes, None]:
        try:
            async for line in lines:
                yield KEEP_ALIVE if line is None else line
        except Exception as error:  # the status is sent already: clients read this event as the error it is
            if not isinstance(error, SolarChatError | Refusal):
                logger.exception("a reply broke off")
            lang = language_of(request.headers.get("accept-language", ""))
            yield data(self._speaker.body(error, lang, asked_in(request))[1])
