"""The OpenAI-compatible door: `/v1` over HTTP for programs, beside the page or alone.

It asks only the assistant. The rule: a request is answered as OpenAI's own servers would, or refused with an error object that names the parameter;
nothing that would change a reply is left out in silence. The app's own wishes (`speech_level`, `reply_language`, `guard`) are fields beside OpenAI's.

    app          routes and errors put together           gate         who may ask: Host, Origin, key, size of a body
    schema       what clients may send                    refusals     why a request is refused, as OpenAI writes it
    chat, completions, responses: one endpoint each       asking       from a client's fields to what the assistant is asked
    turnstile    a fair queue with an end                 running      a reply on its way from a thread to the client
    pieces       one kind of events for every reply       event_stream server-sent events, and clients that went away
    server       uvicorn on a socket of ours
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from solar_chat.api.options import ApiOptions

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from solar_chat.assistant import Assistant

__all__ = ["PATHS", "ApiOptions", "build", "serve"]

PATHS = ("/v1", "/health")
"""What this door answers, also where a page has the rest."""


def build(assistant: Assistant, options: ApiOptions) -> ASGIApp:
    """The door as an ASGI application, not yet served."""
    # FastAPI takes half a second to import: only where somebody goes through this door.
    from solar_chat.api.app import build_app

    return build_app(assistant, options)


def serve(assistant: Assistant, options: ApiOptions, *, port: int, on_ready: Callable[[str], None]) -> None:
    """Serve until the process is told to stop; `on_ready` gets the base URL. `port` 0 takes a free one.

    Raises StartError `port_taken` (port) or `host_unusable` (host, port, reason).
    """
    from solar_chat.api.server import serve_app

    serve_app(build(assistant, options), host=options.host, port=port, on_ready=on_ready)
