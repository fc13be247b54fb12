"""Who may ask: pure ASGI around the whole door.

In this order: the Host must be a name of this computer (DNS rebinding), an Origin one of its own pages, the key must match, the body must end. The
rule: what is refused here has not been read by anything else. Streams are not buffered; bodies are, up to their limit.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from solar_chat.access import host_allowed, host_name, is_local_origin
from solar_chat.api.options import ApiOptions
from solar_chat.api.refusals import Refusal, Speaker, language_of
from solar_chat.credentials import key_matches

# A context of 128,000 tokens is a megabyte of Korean; escapes take six bytes for each of its letters.
LARGEST_BODY: Final = 8 * 2**20
BODY_TIMEOUT_S: Final = 60.0
# What monitors ask before anybody has a key.
OPEN_PATHS: Final = frozenset({"/health"})
_PREFLIGHT: Final = {"access-control-allow-methods": "GET, POST, OPTIONS", "access-control-max-age": "600"}

logger = logging.getLogger("solar_chat.api")


class Gate:
    """The door's outer wall."""

    def __init__(self, app: ASGIApp, options: ApiOptions, speaker: Speaker) -> None:
        self._app = app
        self._options = options
        self._speaker = speaker

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        try:
            self._check(scope, headers, origin)
            if scope["method"] == "OPTIONS" and origin is not None and "access-control-request-method" in headers:
                return await _preflight(headers)(scope, receive, _sharing(send, origin))
            receive = await _whole_body(headers, receive)
        except Refusal as refusal:
            response = self._speaker.response(refusal, language_of(headers.get("accept-language", "")))
            return await response(scope, receive, send if origin is None or not is_local_origin(origin) else _sharing(send, origin))
        return await self._inside(scope, receive, send if origin is None else _sharing(send, origin))

    async def _inside(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What nobody foresaw is logged, and told as a fault of ours."""
        started = False

        async def seen(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, seen)
        except Exception as error:
            logger.exception("a request failed")
            if not started:
                await self._speaker.response(error)(scope, receive, send)

    def _check(self, scope: Scope, headers: Headers, origin: str | None) -> None:
        host = headers.get("host", "").lower()
        if not host_allowed(host_name(host), bound=self._options.host, shared=self._options.shared):
            raise Refusal("foreign_host", code="host_not_allowed", status=403, kind="permission_error")
        # The same origin is a page of ours, under whatever name it was reached; browsers send no key with a preflight.
        if origin is not None and not is_local_origin(origin) and origin.lower().split("://")[-1] != host:
            raise Refusal("foreign_origin", code="origin_not_allowed", status=403, kind="permission_error")
        if self._options.key is None or scope["path"] in OPEN_PATHS or scope["method"] == "OPTIONS":
            return
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key_matches(given.strip(), self._options.key):
            raise Refusal("wrong_key", code="invalid_api_key", status=401, headers={"www-authenticate": "Bearer"})


def _preflight(headers: Headers) -> Response:
    return Response(status_code=204, headers={**_PREFLIGHT, "access-control-allow-headers": headers.get("access-control-request-headers", "*")})


def _sharing(send: Send, origin: str) -> Send:
    """Let a page of `origin` read the answer; without cookies, which this door does not have."""

    async def shared(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["access-control-allow-origin"] = origin
            headers["access-control-expose-headers"] = "retry-after"
            headers.add_vary_header("origin")
        await send(message)

    return shared


async def _whole_body(headers: Headers, receive: Receive) -> Receive:
    """Read the body; what is behind it (the client goes away) is still received."""
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > LARGEST_BODY:
        raise _too_large()
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return _replay([message], receive)
                body += message.get("body", b"")
                more = message.get("more_body", False)
                if len(body) > LARGEST_BODY:
                    raise _too_large()
    except TimeoutError as error:
        raise Refusal("slow_body", code="request_timeout", status=408) from error
    return _replay([{"type": "http.request", "body": bytes(body), "more_body": False}], receive)


def _replay(messages: list[Message], receive: Receive) -> Receive:
    async def again() -> Message:
        return messages.pop(0) if messages else await receive()

    return again


def _too_large() -> Refusal:
    return Refusal(
        "body_too_large", code="request_too_large", status=413, params={"megabytes": LARGEST_BODY // 2**20}, headers={"connection": "close"}
    )
