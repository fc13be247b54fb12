"""Serving the page: who may ask for it, what stands in its head before Gradio's own, and when it ends.

Two pure ASGI layers lie around Gradio. The gate refuses a foreign Host (DNS rebinding) and writes from another origin; the head layer puts language,
theme, font and style in front of everything, so that the first paint is right. Neither buffers a stream.
"""

from __future__ import annotations

import json
import threading
import webbrowser
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from typing import Any

import gradio as gr
from gradio import networking
from gradio.tunneling import CURRENT_TUNNELS
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from solar_chat.access import host_allowed, host_name
from solar_chat.assistant import Assistant
from solar_chat.errors import StartError
from solar_chat.i18n import InterfaceLanguage
from solar_chat.paths import ASSETS
from solar_chat.ui.page import build_page, make_i18n
from solar_chat.ui.theme import make_theme
from solar_chat.ui.views import VIEWS, views_css

USER_NAME = "solar"
# Gradio looks into its queue every millisecond (50 on Windows), which costs 8 % of a core for nothing; 20 ms cannot be felt.
_QUEUE_SLEEP_S = 0.02
_PROGRESS_SLEEP_S = 0.1

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]


def gate(app: Asgi, bound: str, shared: bool) -> Asgi:
    """Refuse foreign hosts, and requests that another site's page makes a browser send."""

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await app(scope, receive, send)
        headers = {key: value.decode("latin-1").lower() for key, value in scope["headers"]}
        host, origin = headers.get(b"host", ""), headers.get(b"origin")
        allowed = host_allowed(host_name(host), bound=bound, shared=shared)
        if origin is not None and scope["method"] not in ("GET", "HEAD", "OPTIONS"):
            # "null", a sandboxed frame or a file, is another origin too.
            allowed = allowed and origin.split("://")[-1] == host
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


def head_html(assistant: Assistant, lang: InterfaceLanguage | None, views: Sequence[str] = VIEWS) -> str:
    """The first lines of the page: how it was left (language, theme), then style and script. URLs are relative: a Space serves below a path."""
    settings = assistant.settings.load()
    left = json.dumps({"language": lang or settings.interface_language, "theme": settings.theme, "views": list(views)})
    return (
        f"<script>window.solarLeft={left}</script>"
        '<script src="app/assets/page/page.js"></script>'
        '<script src="app/assets/page/marks.js" defer></script>'
        '<link rel="preload" href="app/assets/page/AppKR-Regular.woff2" as="font" type="font/woff2" crossorigin>'
        f'<link rel="stylesheet" href="app/assets/page/page.css"><style>{views_css(views)}</style>'
    )


@contextmanager
def serve(
    assistant: Assistant,
    *,
    host: str,
    port: int | None,
    share: bool,
    password: str | None,
    lang: InterfaceLanguage | None,
    views: Sequence[str] = VIEWS,
    doors: Mapping[str, Asgi] | None = None,
) -> Iterator[list[str]]:
    """Serve the page inside the block, with `doors` (path → application) beside it; gives its addresses, the local one first.

    Raises StartError `port_taken` or `share_failed`.
    """
    page = build_page(assistant, views)
    if hasattr(page._queue, "sleep_when_free"):
        page._queue.sleep_when_free, page._queue.progress_update_sleep_when_free = _QUEUE_SLEEP_S, _PROGRESS_SLEEP_S
    try:
        page.launch(
            server_name=host,
            server_port=port,
            auth=(USER_NAME, password) if password else None,
            share=False,
            prevent_thread_lock=True,
            quiet=True,
            inbrowser=False,
            ssr_mode=False,
            run_history=False,
            footer_links=[],
            enable_monitoring=False,
            strict_cors=True,
            max_file_size="20mb",
            pwa=False,
            i18n=make_i18n(assistant),
            theme=make_theme(),
            favicon_path=ASSETS / "icon.png",
            app_kwargs={
                "routes": [
                    Mount("/app/assets/page", app=StaticFiles(directory=ASSETS / "page")),
                    Route("/app/assets/icon.svg", endpoint=_icon),
                ],
                "middleware": [
                    Middleware(beside, doors=doors or {}),
                    Middleware(gate, bound=host, shared=share),
                    Middleware(early_head, head=lambda: head_html(assistant, lang, views)),
                ],
            },
        )
    except OSError as error:
        raise StartError("port_taken", port=port or "7860-7959") from error
    try:
        yield [str(page.local_url), *([_share(page)] if share else [])]
    finally:
        _stop_sharing()
        page.close(verbose=False)


def _share(page: gr.Blocks) -> str:
    """Open a public link to the running page. Unlike `launch(share=True)` the local page keeps its own files and works offline."""
    try:
        return networking.setup_tunnel(
            local_host="127.0.0.1",
            local_port=page.server_port,
            share_token=page.share_token,
            share_server_address=None,
            share_server_tls_certificate=None,
        )
    except Exception as error:
        # Offline, a proxy, a virus scanner that ate the tunnel program: Gradio and httpx have a dozen classes for it.
        raise StartError("share_failed", reason=str(error) or type(error).__name__) from error


def _stop_sharing() -> None:
    for tunnel in list(CURRENT_TUNNELS):
        tunnel.kill()  # type: ignore[no-untyped-call]  # Gradio has no annotation here
        CURRENT_TUNNELS.remove(tunnel)


async def _icon(_request: Request) -> FileResponse:
    return FileResponse(ASSETS / "icon.svg")


def wait(browser_address: str | None) -> None:
    """Open the browser if asked, then return when the person presses Ctrl+C."""
    if browser_address is not None:
        webbrowser.open(browser_address)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        return
