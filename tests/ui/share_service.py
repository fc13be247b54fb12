"""Stand-ins for what a public link is made of: the share server's answer, and a tunnel program that carries bytes as frpc does, on this computer."""

from __future__ import annotations

import contextlib
import http.server
import json
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Listens on a free port instead of on a server elsewhere, and passes every byte on to the page.
CARRIER = """
import socket, sys, threading
arguments = sys.argv[1:]
page = arguments[arguments.index("-i") + 1], int(arguments[arguments.index("-l") + 1])
assert arguments[0] == "http" and arguments[arguments.index("--server_addr") + 1] == "share.example:7000"
assert "CERTIFICATE" in open(arguments[arguments.index("--tls_trusted_ca_file") + 1]).read()
outside = socket.create_server(("127.0.0.1", 0))
print("2026/11/28 10:00:00 [I] [service.go:300] login to server success, get run id", flush=True)
print(f"2026/11/28 10:00:00 [I] [control.go:172] start proxy success: http://127.0.0.1:{outside.getsockname()[1]}", flush=True)
def pump(source, target):
    try:
        while part := source.recv(65536):
            target.sendall(part)
    except OSError:
        pass
    target.close()
while True:
    visitor, _ = outside.accept()
    inside = socket.create_connection(page)
    for pair in ((visitor, inside), (inside, visitor)):
        threading.Thread(target=pump, args=pair, daemon=True).start()
"""


def program(folder: Path, code: str) -> Path:
    """An executable Python program."""
    file = folder / "frpc"
    file.write_text(f"#!{sys.executable}\n{textwrap.dedent(code)}", encoding="utf-8")
    file.chmod(0o755)
    return file


@contextlib.contextmanager
def share_api(answer: Any, status: int = 200) -> Iterator[str]:
    """The address of a share server that says `answer` (JSON, or bytes as they are) to everybody."""
    said = answer if isinstance(answer, bytes) else json.dumps(answer).encode()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


SHARE_SERVER = [{"host": "share.example", "port": 7000, "root_ca": "-----BEGIN CERTIFICATE-----\n"}]
