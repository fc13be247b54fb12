"""uvicorn on a socket of ours, so that a taken port is said before anything runs and port 0 is known."""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Callable, Iterator

import uvicorn
from starlette.types import ASGIApp

from solar_chat.errors import StartError

# Clients that stay connected get this long to see the end of what they read.
_SHUTDOWN_S = 2


def serve_app(app: ASGIApp, *, host: str, port: int, on_ready: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM. Raises StartError `port_taken` (port) or `host_unusable` (host, port, reason)."""
    with listening(host, port) as bound:
        on_ready(base_url(bound))
        # uvicorn ends in an orderly way at Ctrl+C and passes it on.
        with contextlib.suppress(KeyboardInterrupt):
            server(app).run(sockets=[bound])


def server(app: ASGIApp) -> uvicorn.Server:
    """Not yet run. Writes nothing: what goes wrong is told to the client and to our own log."""
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="critical",
        access_log=False,
        lifespan="off",
        # Who a client is is its own address, not what it says it is.
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_SHUTDOWN_S,
        ws="none",
    )
    return uvicorn.Server(config)


@contextlib.contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A listening socket; `port` 0 takes a free one. Raises StartError `port_taken` (port) or `host_unusable` (host, port, reason)."""
    name = host.strip("[]")
    family = socket.AF_INET6 if ":" in name else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as bound:
        # On Windows it would let two programs share a port.
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((name, port))
            bound.listen(2048)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise StartError("port_taken", port=port) from error
            # A name that nobody knows, an address of another computer, a port for the system's administrator.
            raise StartError("host_unusable", host=host, port=port, reason=error.strerror or str(error)) from error
        yield bound


def base_url(bound: socket.socket) -> str:
    """What a client is told."""
    host, port = bound.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/v1"
