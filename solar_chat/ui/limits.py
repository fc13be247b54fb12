"""What of Gradio's own offers is closed, and how much a request may bring: a layer behind the gate of both pages.

The rule: what the page does not use is not there, whoever asks. Pure ASGI; buffers nothing.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any, Final

from solar_chat.ui.layers import Asgi, Receive, Scope, Send

# The page calls its handlers by number, takes no files, shows none but its own and watches nobody: uploads would fill the disk, the others read from
# it or fetch from elsewhere.
_CLOSED: Final = re.compile(
    r"/gradio_api/(call/|api/|run/(?!predict/?$)|upload|deep_link|process_recording|component_server|custom_component|stream|proxy=|runs|run-history"
    r"|vibe-|undo-vibe|profiling|dev/)|/monitoring"
)
# More than the longest message that fits into any model; Gradio itself would read whatever comes.
LARGEST_BODY: Final = 4 * 2**20


class _TooLarge(Exception):
    """More came than is read."""


def limits(app: Asgi) -> Asgi:
    """Close the ways that the page does not use, and end bodies that do not end."""

    async def refuse(send: Send, status: int) -> None:
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"text/plain"), (b"connection", b"close")]})
        await send({"type": "http.response.body", "body": b"refused"})

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await app(scope, receive, send)
        if _CLOSED.match(re.sub("/+", "/", scope["path"])):
            return await refuse(send, 404)
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if not length.isdigit() or int(length[:20]) > LARGEST_BODY:
            return await refuse(send, 413)
        read, started = 0, False

        async def counted() -> MutableMapping[str, Any]:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > LARGEST_BODY:
                raise _TooLarge
            return message

        async def noted(message: MutableMapping[str, Any]) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            return await app(scope, counted, noted)
        except _TooLarge:
            return None if started else await refuse(send, 413)

    return asgi
