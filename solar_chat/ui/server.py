"""Serving the page: the owner's on this computer, the visitors' where other people can reach it, and when both end.

The rule: the owner's page never listens anywhere but on this computer once others are let in; they get a page of their own, on a port of its own,
that has no way to the owner's conversations, models, keys or files. Only whoever logs in as the owner there is carried over to the owner's page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import gradio as gr
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from solar_chat.access import is_loopback, reachable_name
from solar_chat.assistant import Assistant, Visits
from solar_chat.errors import StartError
from solar_chat.i18n import InterfaceLanguage
from solar_chat.paths import ASSETS
from solar_chat.settings import Settings
from solar_chat.ui.layers import Asgi, Presence, beside, counted, early_head, gate, head_html
from solar_chat.ui.limits import limits
from solar_chat.ui.owner_door import OwnersPage, owner_door, slower_guessing
from solar_chat.ui.owner_login import OwnerLogin, Tries
from solar_chat.ui.page import build_page, make_i18n
from solar_chat.ui.services import Services
from solar_chat.ui.theme import make_theme
from solar_chat.ui.tunnel import tunnel
from solar_chat.ui.views import CHAT, VIEWS

USER_NAME = "solar"
LOOPBACK = "127.0.0.1"
# Gradio looks into its queue every millisecond (50 on Windows), which costs 8 % of a core for nothing; 20 ms cannot be felt.
_QUEUE_SLEEP_S = 0.02
_PROGRESS_SLEEP_S = 0.1


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the pages can be opened."""

    owner: str | None
    """None where nobody sits at this machine (a Space)."""
    visitors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Door:
    """One page's way out."""

    host: str
    port: int | None
    password: str | None
    shared: bool
    doors: Mapping[str, Asgi]
    head: Callable[[], str]
    presence: Presence | None = None
    inner: tuple[Middleware, ...] = ()
    """Layers behind the gate."""


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
    visitors: bool = False,
    owner: bool = True,
    owner_password: str | None = None,
    services: Services | None = None,
    presence: Presence | None = None,
) -> Iterator[Addresses]:
    """Serve inside the block, with `doors` (path → application) beside each page.

    With `visitors` the page at `host` and `port` is theirs, and the owner's is on a free port of this computer, or nowhere where `owner` is False;
    with an `owner_password` one can log in as the owner at the visitors' address, too. `services` are what the owner's page offers of the program
    around it; `presence` is told who uses that page. Raises StartError `port_taken` or those of `tunnel`.
    """
    beside_page = doors or {}
    owners_page = OwnersPage()
    with ExitStack() as stack:
        own = None
        if owner or not visitors:
            own_door = _Door(
                LOOPBACK if visitors else host,
                None if visitors else port,
                None if visitors else password,
                False,
                beside_page,
                lambda: head_html(assistant.settings.load(), lang, views, counts=presence is not None),
                presence,
                (Middleware(owners_page.listening),),
            )
            own = stack.enter_context(_served(build_page(assistant, views, services=services), own_door, assistant))
        if not visitors:
            yield Addresses(str(own.local_url) if own is not None else None)
            return
        visits = Visits(assistant)
        stack.callback(visits.close)
        inner = [Middleware(slower_guessing, tries=Tries())]
        if own is not None and owner_password is not None:
            owners_page.app = own.app
            inner.insert(0, Middleware(owner_door, owner=owners_page, login=OwnerLogin(owner_password), catalogue=assistant.catalogue))
        theirs = _Door(host, port, password, share, beside_page, lambda: head_html(Settings(), lang, (CHAT,), visitor=True), inner=tuple(inner))
        page = stack.enter_context(_served(build_page(assistant, (CHAT,), visits), theirs, assistant))
        local = str(page.local_url)
        if not is_loopback(host):
            local = f"http://{reachable_name(host)}:{page.server_port}/"
        ways = [local]
        if share:
            # Unlike `launch(share=True)`: the local page keeps its own files and works offline.
            ways.insert(0, stack.enter_context(tunnel(page.server_port, page.share_token, assistant.home.cache)))
        yield Addresses(str(own.local_url) if own is not None else None, tuple(ways))


@contextmanager
def _served(page: gr.Blocks, door: _Door, assistant: Assistant) -> Iterator[gr.Blocks]:
    if hasattr(page._queue, "sleep_when_free"):
        page._queue.sleep_when_free, page._queue.progress_update_sleep_when_free = _QUEUE_SLEEP_S, _PROGRESS_SLEEP_S
    try:
        page.launch(
            server_name=door.host,
            server_port=door.port,
            auth=(USER_NAME, door.password) if door.password else None,
            share=False,
            prevent_thread_lock=True,
            quiet=True,
            inbrowser=False,
            ssr_mode=False,
            run_history=False,
            footer_links=[],
            enable_monitoring=False,
            strict_cors=True,
            # Nothing can be uploaded (`limits`); if it could, no more than this.
            max_file_size="1mb",
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
                    *([] if door.presence is None else [Middleware(counted, presence=door.presence)]),
                    Middleware(beside, doors=door.doors),
                    Middleware(gate, bound=door.host, shared=door.shared),
                    *door.inner,
                    Middleware(limits),
                    Middleware(early_head, head=door.head),
                ],
            },
        )
    except OSError as error:
        raise StartError("port_taken", port=door.port or "7860-7959") from error
    try:
        yield page
    finally:
        page.close(verbose=False)


async def _icon(_request: Request) -> FileResponse:
    return FileResponse(ASSETS / "icon.svg")
