"""Server-sent events, and clients that go away.

The rule: every `data:` line is one whole JSON text in whole UTF-8. A client that closes its connection stops the model, whether it reads a stream or
waits for a whole reply.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any, Final, TypeVar

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

# Proxies close a connection on which nothing was said for half a minute; on a CPU a long prompt takes longer to read.
SILENCE_S: Final = 15.0
KEEP_ALIVE: Final = b": still working\n\n"
DONE: Final = b"data: [DONE]\n\n"

Answer = TypeVar("Answer")


def data(value: dict[str, Any], event: str | None = None) -> bytes:
    """One event."""
    # Half a character of a surrogate pair cannot be sent at all.
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return (b"event: " + event.encode() + b"\n" if event else b"") + b"data: " + text + b"\n\n"


class EventStreamResponse(Response):
    """Sends what `lines` yields as it comes; `close` is called when the client has gone, and at the end."""

    media_type = "text/event-stream"

    def __init__(self, lines: AsyncGenerator[bytes, None], close: Callable[[], None]) -> None:
        super().__init__(headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._lines = lines
        self._close = close

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        watcher = asyncio.create_task(watch(receive, self._close))
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            async with contextlib.aclosing(self._lines) as lines:
                async for line in lines:
                    await send({"type": "http.response.body", "body": line, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except OSError:
            # Some servers say so instead of `http.disconnect`.
            return
        finally:
            watcher.cancel()
            self._close()


async def watch(receive: Receive, gone: Callable[[], None]) -> None:
    """Call `gone` when the client has closed its connection."""
    while (await receive())["type"] != "http.disconnect":
        pass
    gone()


async def while_connected(receive: Receive, close: Callable[[], None], answer: Coroutine[Any, Any, Answer]) -> Answer:
    """The outcome of `answer`; `close` is called if the client goes away before, and at the end."""
    watcher = asyncio.create_task(watch(receive, close))
    try:
        return await answer
    finally:
        watcher.cancel()
        close()
