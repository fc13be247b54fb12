"""The owner's way in through the visitors' server: a login page at `/owner`, and from then on the owner's own page for that browser.

The rule: without the cookie of a session every request goes to the visitors' application, whatever it asks for, and with a cookie that is no
session's it goes nowhere. The owner's application keeps listening on this computer only; requests are carried over to the event loop it runs in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from html import escape
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from solar_chat.access import is_encrypted
from solar_chat.errors import InputError
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.ui.layers import LET_IN, Asgi, Receive, Scope, Send
from solar_chat.ui.owner_login import SESSION_S, OwnerLogin, Tries

PATH: Final = "/owner"
LEAVE: Final = "/owner/leave"
# Over TLS the name itself makes browsers insist on Secure, on this host and on the whole path.
COOKIE: Final = "solar-owner"
SAFE_COOKIE: Final = f"__Host-{COOKIE}"
_LARGEST_FORM: Final = 4096
# The page's scripts, styles and fonts: the visitors' too, and megabytes.
_SAME_FOR_ALL: Final = ("/assets/", "/static/", "/app/assets/")
_GUARDED: Final = {
    "cache-control": "no-store",
    # Without a referrer a browser would send the form from the origin "null".
    "referrer-policy": "same-origin",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
}
_STYLE: Final = """
:root{color-scheme:light dark}
body{font:16px/1.6 system-ui,sans-serif;max-width:26rem;margin:12vh auto;padding:0 1.25rem}
h1{font-size:1.4rem}
label{display:block;font-weight:600}
input{font:inherit;box-sizing:border-box;width:100%;padding:.6rem .75rem;margin:.35rem 0 1rem}
button,.way{font:inherit;display:inline-block;padding:.55rem 1.1rem;border:0;border-radius:.5rem;background:#b45309;color:#fff;text-decoration:none}
button.quiet{background:none;color:inherit;text-decoration:underline}
[role=alert]{padding:.6rem .75rem;border-left:4px solid #b91c1c}
.note{opacity:.75;font-size:.9rem}
"""


Told = TypeVar("Told")


class OwnersPage:
    """The owner's application and the event loop in which it runs."""

    def __init__(self) -> None:
        self.app: Asgi | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def listening(self, app: Asgi) -> Asgi:
        """A layer around the application that notices its loop; Gradio asks its own page for something before anybody else can."""

        async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
            self._loop = asyncio.get_running_loop()
            await app(scope, receive, send)

        return asgi

    async def carry(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer a request that came to another loop. Its host and origin were checked there."""
        assert self.app is not None
        assert self._loop is not None
        here = asyncio.get_running_loop()
        owners = not scope["path"].startswith(_SAME_FOR_ALL)

        async def far_receive() -> MutableMapping[str, Any]:
            return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(_called(receive), here))

        async def far_send(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start" and owners and b"cache-control" not in dict(message["headers"]):
                # The same address is the visitors' page to everybody else, and after leaving to this browser too.
                message = {**message, "headers": [*message["headers"], (b"cache-control", b"no-store")]}
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(_called(send, message), here))

        answered = asyncio.run_coroutine_threadsafe(_called(self.app, {**scope, LET_IN: True}, far_receive, far_send), self._loop)
        # Cancelled here, it is cancelled there.
        await asyncio.wrap_future(answered)


async def _called(function: Callable[..., Awaitable[Told]], *arguments: object) -> Told:
    """As a coroutine, which an awaitable need not be."""
    return await function(*arguments)


def owner_door(app: Asgi, owner: OwnersPage, login: OwnerLogin, catalogue: Catalogue) -> Asgi:
    """The layer that tells the owner's browsers from the others."""

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await app(scope, receive, send)
        headers = Headers(raw=scope["headers"])
        https = is_encrypted(scope["scheme"], headers.get("host", ""))
        given = _pass_in(headers, https)
        inside = given is not None and login.is_inside(given)
        if scope["path"] in (PATH, LEAVE):
            desk = _Desk(login, catalogue, _language(headers), https, given if inside else None)
            return await (await desk.answer(Request(scope, receive)))(scope, receive, send)
        if inside:
            return await owner.carry(scope, receive, send)
        if given is not None:
            # It was the owner's, and has ended. What this page would send on its behalf must not reach the visitors' page as if it were meant for it.
            desk = _Desk(login, catalogue, _language(headers), https, None)
            return await desk.form(401, "owner.ended")(scope, receive, send)
        return await app(scope, receive, send)

    return asgi


class _Desk:
    """One request to the login page."""

    def __init__(self, login: OwnerLogin, catalogue: Catalogue, lang: InterfaceLanguage, https: bool, given: str | None) -> None:
        self._login, self._catalogue, self._lang, self._https = login, catalogue, lang, https
        self._inside = given

    async def answer(self, request: Request) -> Response:
        if request.url.path == LEAVE:
            if request.method == "POST" and self._inside is not None:
                self._login.leave(self._inside)
                return self._forgetting(RedirectResponse(PATH, 303, _GUARDED))
            return RedirectResponse(PATH, 303, _GUARDED)
        if request.method in ("GET", "HEAD"):
            return self.form(200) if self._inside is None else self._at_home()
        if request.method != "POST":
            return Response(status_code=405, headers={**_GUARDED, "allow": "GET, HEAD, POST"})
        password = await _password_in(request)
        address = request.client.host if request.client else ""
        try:
            fresh = self._login.enter(password, address)
        except InputError as error:
            waiting = error.key == "too_many_tries"
            response = self.form(429 if waiting else 403, f"error.{error.key}", **error.params)
            if waiting:
                response.headers["retry-after"] = str(error.params["seconds"])
            return response
        response = RedirectResponse("/", 303, _GUARDED)
        response.set_cookie(
            SAFE_COOKIE if self._https else COOKIE, fresh, max_age=int(SESSION_S), path="/", secure=self._https, httponly=True, samesite="strict"
        )
        return response

    def form(self, status: int, problem: str | None = None, **params: object) -> Response:
        """The page that asks for the password; whatever cookie there was is taken back."""
        told = f'<p role="alert">{escape(self._tr(problem, **params))}</p>' if problem else ""
        warned = "" if self._https else f'<p class="note">{self._tr("owner.plain")}</p>'
        body = (
            f'{told}<form method="post" action="{PATH}"><label for="password">{self._tr("owner.password")}</label>'
            f'<input id="password" name="password" type="password" autocomplete="current-password" required autofocus>'
            f"<button>{self._tr('owner.enter')}</button></form>{warned}"
        )
        return self._forgetting(self._page(body, status))

    def _at_home(self) -> Response:
        return self._page(
            f'<p>{self._tr("owner.inside")}</p><p><a class="way" href="/">{self._tr("owner.to_page")}</a></p>'
            f'<form method="post" action="{LEAVE}"><button class="quiet">{self._tr("owner.leave")}</button></form>',
            200,
        )

    def _page(self, body: str, status: int) -> Response:
        title = self._tr("owner.title")
        head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>{title} · Solar Chat</title>'
        page = f'<!doctype html><html lang="{self._lang}"><head>{head}<style>{_STYLE}</style></head><body><h1>{title}</h1>{body}</body></html>'
        return HTMLResponse(page, status, _GUARDED)

    def _forgetting(self, response: Response) -> Response:
        for name in (COOKIE, SAFE_COOKIE):
            response.delete_cookie(name, path="/", secure=name == SAFE_COOKIE, httponly=True, samesite="strict")
        return response

    def _tr(self, key: str, **params: object) -> str:
        return self._catalogue.tr(self._lang, key, **params)


def slower_guessing(app: Asgi, tries: Tries) -> Asgi:
    """A layer in front of Gradio's own login, which lets everybody guess as fast as they can."""

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"].rstrip("/") != "/login":
            return await app(scope, receive, send)
        address = (scope.get("client") or ("",))[0]
        try:
            # Before it is read: of guesses that are sent at once none waits for what becomes of the others.
            tries.guess(address)
        except InputError as error:
            refused = Response("too many tries", 429, {"retry-after": str(error.params["seconds"])})
            return await refused(scope, receive, send)

        async def counted(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start" and message["status"] != 400:
                tries.right(address)
            await send(message)

        return await app(scope, receive, counted)

    return asgi


def _pass_in(headers: Headers, https: bool) -> str | None:
    """The pass that the browser sends; over TLS only the one that was given over TLS, which nothing else can have set."""
    try:
        cookies = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return None
    found = cookies.get(SAFE_COOKIE if https else COOKIE)
    return None if found is None else found.value


async def _password_in(request: Request) -> str:
    """The password of a form; "" where there is none or the body is no such form."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST_FORM:
            return ""
    return parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True).get("password", [""])[0]


def _language(headers: Headers) -> InterfaceLanguage:
    return "ko" if headers.get("accept-language", "").lower().startswith("ko") else "en"
