"""Layers around Gradio's own application: who may ask, what is served beside it, and what stands in the page's head before Gradio's own.

Pure ASGI; none of them buffers a stream. The gate refuses a foreign Host (DNS rebinding) and other origins; the head layer puts
language, theme, font and style in front of everything, so that the first paint is right.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from types import TracebackType
from typing import Any, Protocol

from solar_chat.access import host_allowed, host_name, space_names
from solar_chat.i18n import InterfaceLanguage
from solar_chat.settings import Settings
from solar_chat.ui.views import views_css

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]
LET_IN = "solar_chat.let_in"
"""In a scope, where no client can put anything: another gate has let this request in."""


HELLO, GOODBYE = "/app/hello", "/app/goodbye"


class Presence(Protocol):
    """Who is told that somebody uses the page; entered once for every request."""

    def __enter__(self) -> object: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...

    def hello(self) -> None: ...

    def goodbye(self) -> None: ...


def gate(app: Asgi, bound: str, shared: bool) -> Asgi:
    """Refuse foreign hosts, and requests that another site's page makes a browser send."""

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or LET_IN in scope:
            return await app(scope, receive, send)
        headers = {key: value.decode("latin-1").lower() for key, value in scope["headers"]}
        host, origin = headers.get(b"host", ""), headers.get(b"origin")
        allowed = host_allowed(host_name(host), bound=bound, shared=shared)
        if origin is not None:
            # Reading as well: Gradio lets every origin read what is not at "localhost", and another port or tunnel of the same site sends cookies.
            # "null", a sandboxed frame or a file, is another origin too. A Space's proxy may say another host than the browser did.
            own = origin.split("://")[-1]
            allowed = allowed and (own == host or own in space_names())
        if allowed:
            return await app(scope, receive, send)
        await send({"type": "http.response.start", "status": 403, "headers": [(b"content-type", b"text/plain")]})
        return await send({"type": "http.response.body", "body": b"forbidden"})

    return asgi


def beside(app: Asgi, doors: Mapping[str, Asgi]) -> Asgi:
    """Give requests under a path of `doors` to its own application, which has rules of its own."""

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        door = next((door for below, door in doors.items() if path == below or path.startswith(f"{below}/")), None)
        await (app if door is None or scope["type"] != "http" else door)(scope, receive, send)

    return asgi


def counted(app: Asgi, presence: Presence) -> Asgi:
    """Tell `presence` of every request while it is answered, and of pages that open and close (presence.js)."""

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await app(scope, receive, send)
        with presence:
            if scope["method"] != "POST" or scope["path"] not in (HELLO, GOODBYE):
                return await app(scope, receive, send)
            (presence.hello if scope["path"] == HELLO else presence.goodbye)()
            await send({"type": "http.response.start", "status": 204, "headers": []})
            return await send({"type": "http.response.body", "body": b""})

    return asgi


def early_head(app: Asgi, head: Callable[[], str]) -> Asgi:
    """Put `head()` right behind <head> of the page itself."""

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] != "/":
            return await app(scope, receive, send)
        start: MutableMapping[str, Any] = {}
        body = bytearray()

        async def edit(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            body.extend(message.get("body", b""))
            if message.get("more_body"):
                return
            page = bytes(body).replace(b"<head>", b"<head>" + head().encode(), 1)
            kept = [header for header in start["headers"] if header[0].lower() != b"content-length"]
            await send({**start, "headers": [*kept, (b"content-length", b"%d" % len(page))]})
            await send({"type": "http.response.body", "body": page})

        # A compressed page could not be edited.
        plain = [header for header in scope["headers"] if header[0] != b"accept-encoding"]
        return await app({**scope, "headers": plain}, receive, edit)

    return asgi


def head_html(settings: Settings, lang: InterfaceLanguage | None, views: Sequence[str], *, counts: bool = False, visitor: bool = False) -> str:
    """The first lines of the page: how it was left (language, theme), then style and script. URLs are relative: a Space serves below a path.

    With `counts` the page says when it opens and closes, see `counted`; a `visitor` keeps choices of language and theme in the browser.
    """
    known: dict[str, object] = {"language": lang or settings.interface_language, "theme": settings.theme, "views": list(views)}
    left = json.dumps({**known, "visitor": True} if visitor else known)
    presence = '<script src="app/assets/page/presence.js"></script>' if counts else ""
    return (
        f"<script>window.solarLeft={left}</script>"
        '<script src="app/assets/page/page.js"></script>'
        f'{presence}<script src="app/assets/page/marks.js" defer></script>'
        '<script src="app/assets/page/shortcuts.js" defer></script>'
        f'<link rel="stylesheet" href="app/assets/page/page.css"><style>{views_css(views)}</style>'
    )
