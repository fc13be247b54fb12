"""The program's door on this computer: the splash page, how far the start is, and where a second start knocks.

Open from the first moment to the last, on a free port of 127.0.0.1 and made of the standard library alone, so that it is there before anything heavy
is imported. Coming to the front takes the secret of `instance.json`; nothing else can be done here.
"""

from __future__ import annotations

import hmac
import json
import secrets
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import urlsplit

from solar_chat.access import host_name, is_loopback
from solar_chat.desktop.instance import SECRET_HEADER, SHOW
from solar_chat.desktop.splash import Stage
from solar_chat.paths import ICON

_SLOW_S = 5.0


class Door:
    """Safe to use from any thread; `close` shuts it."""

    def __init__(self, page: Callable[[str], str]) -> None:
        """`page` gives the splash for a script nonce."""
        self._page = page
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.door = self
        self.stage: Stage = "libraries"
        self.page_url: str | None = None
        self.error: str | None = None
        self.ending = False
        self.told = threading.Event()
        """Somebody has been shown `error`."""
        self.secret: str | None = None
        self.show: Callable[[], bool] = lambda: False
        """Brings the window to the front; whether there is one."""
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, name="door", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def splash(self, nonce: str) -> str:
        return self._page(nonce)

    def state(self) -> dict[str, object]:
        if self.error is not None:
            self.told.set()
        return {"stage": self.stage, "url": self.page_url, "error": self.error}

    def knocked(self, secret: str) -> dict[str, object] | None:
        """What a second start is told; None for whoever does not know the secret."""
        if self.secret is None or not hmac.compare_digest(secret.encode(), self.secret.encode()):
            return None
        return {"url": self.page_url or self.url, "window": not self.ending and self.show(), "ending": self.ending}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    door: Door


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _SLOW_S

    def do_GET(self) -> None:
        if not self._from_here():
            return
        match urlsplit(self.path).path:
            case "/":
                nonce = secrets.token_urlsafe(16)
                policy = f"default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; connect-src 'self'; script-src 'nonce-{nonce}'"
                self._answer(HTTPStatus.OK, "text/html; charset=utf-8", self.server.door.splash(nonce).encode(), policy)
            case "/state":
                self._answer(HTTPStatus.OK, "application/json", json.dumps(self.server.door.state()).encode())
            case "/icon.svg":
                self._answer(HTTPStatus.OK, "image/svg+xml", ICON.read_bytes())
            case _:
                self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"not found")

    def do_POST(self) -> None:
        if not self._from_here():
            return
        found = self.server.door.knocked(self.headers.get(SECRET_HEADER, "")) if self.path == SHOW else None
        if found is None:
            self._answer(HTTPStatus.FORBIDDEN, "text/plain", b"forbidden")
        else:
            self._answer(HTTPStatus.OK, "application/json", json.dumps(found).encode())

    def _from_here(self) -> bool:
        """A name that was rebound to this computer is no name of it."""
        allowed = is_loopback(host_name(self.headers.get("Host", "")))
        if not allowed:
            self._answer(HTTPStatus.FORBIDDEN, "text/plain", b"forbidden")
        return allowed

    def _answer(self, status: HTTPStatus, kind: str, body: bytes, policy: str = "default-src 'none'") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", policy)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the splash asks several times a second."""
