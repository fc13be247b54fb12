"""A hub of our own on this machine that speaks the protocol of huggingface.co, and fails when it is told to.

Repository information with sizes and checksums, the tree, `resolve` with HEAD, GET and byte ranges, LFS files by a redirect to another
host, git object ids for the rest, codes in `X-Error-Code`. No Xet: the real one answers a plain GET of its Xet files too.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
# What the Hub keeps in LFS, whatever its size.
LFS_SUFFIXES = (".safetensors", ".gguf", ".bin", ".model")


@dataclass
class Request:
    """One request as it came."""

    method: str
    path: str
    first_byte: int
    headers: dict[str, str]


@dataclass
class StandInHub:
    """Set `repos`, and what is to go wrong; `got` tells which contents were asked for, and from which byte on."""

    url: str = ""
    lfs_url: str = ""
    """The same server by another name: to the client another host, as the Hub's storage is."""
    repos: dict[str, dict[str, bytes]] = field(default_factory=dict)
    cards: dict[str, dict[str, Any]] = field(default_factory=dict)
    parameters: dict[str, int] = field(default_factory=dict)
    commits: dict[str, str] = field(default_factory=dict)
    gated: set[str] = field(default_factory=set)
    """Repositories whose files need a token; 401 without one, 403 with one that has not accepted the terms."""
    requests: list[Request] = field(default_factory=list)
    failures: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    """Status and headers of the next answers, in order, for any path."""
    content_failures: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    """The same for GETs of contents only."""
    down: bool = False
    hangs_up: bool = False
    """Without an answer, as a line does that is not there."""
    cuts: list[int] = field(default_factory=list)
    """The next contents end after so many bytes of their answer, and the line with them."""
    silence_s: float = 0.0
    """How long a cut line stays open before it ends."""
    replaced: dict[str, bytes] = field(default_factory=dict)
    """File name → what is really sent for it."""
    ignores_ranges: bool = False
    bare_listing: bool = False
    """A mirror that lists only names."""
    bytes_per_second: float | None = None
    sent_bytes: int = 0
    """Of contents, not of listings and headers."""

    @property
    def got(self) -> list[tuple[str, int]]:
        return [(request.path.rsplit("/", 1)[-1], request.first_byte) for request in self.requests if request.path.startswith("/lfs/")] + [
            (request.path.rsplit("/", 1)[-1], request.first_byte)
            for request in self.requests
            if "/resolve/" in request.path and request.method == "GET" and not request.path.endswith(LFS_SUFFIXES)
        ]

    def offer(self, repo: str, files: dict[str, bytes] | Path, *, parameters: int = 0, **card: Any) -> None:
        """Put a repository up: contents by name, or a folder; what its safetensors and its model card say."""
        self.parameters[repo] = parameters
        self.repos[repo] = {file.name: file.read_bytes() for file in sorted(files.iterdir())} if isinstance(files, Path) else dict(files)
        self.cards[repo] = card


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def git_oid(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@contextlib.contextmanager
def running() -> Iterator[StandInHub]:
    """The hub, on a free port of this machine, until the block ends."""
    site = StandInHub()

    class Handler(_Answers):
        hub = site

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that hangs up in the middle is what these tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    site.url = f"http://127.0.0.1:{server.server_address[1]}"
    site.lfs_url = f"http://localhost:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Answers(BaseHTTPRequestHandler):
    hub: StandInHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        path = unquote(parts.path)
        self.hub.requests.append(Request(self.command, path, self.first_byte(), {name.lower(): value for name, value in self.headers.items()}))
        if self.hub.hangs_up:
            self.close_connection = True
        elif self.hub.down:
            self.answer(503, b"")
        elif self.hub.failures:
            status, headers = self.hub.failures.pop(0)
            self.answer(status, headers=headers)
        elif path.startswith("/api/models/"):
            self.about(path.removeprefix("/api/models/"), parse_qs(parts.query))
        elif path.startswith("/lfs/"):
            owner, name, file = path.removeprefix("/lfs/").split("/", 2)
            self.content(f"{owner}/{name}", file)
        else:
            self.resolve(path)

    def first_byte(self) -> int:
        return int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0])

    def stop(self, size: int) -> int:
        last = self.headers.get("Range", "").partition("-")[2]
        return min(size, int(last) + 1) if last else size

    def about(self, path: str, query: dict[str, list[str]]) -> None:
        """`owner/name`, `owner/name/revision/REVISION` and `owner/name/tree/REVISION`."""
        repo, rest = "/".join(path.split("/")[:2]), path.split("/")[2:]
        files = self.hub.repos.get(repo)
        if files is None:
            self.answer(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        elif rest and rest[1] not in ("main", self.commit(repo)):
            self.answer(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
        elif rest[:1] == ["tree"]:
            self.answer(200, json.dumps([{"type": "file", "path": name, **_entry(name, data)} for name, data in files.items()]).encode())
        else:
            detailed = "blobs" in query and not self.hub.bare_listing
            siblings = [{"rfilename": name, **(_sibling(name, data) if detailed else {})} for name, data in files.items()]
            about = {"id": repo, "sha": self.commit(repo), "gated": repo in self.hub.gated, "siblings": siblings}
            count = self.hub.parameters[repo]
            told = {"safetensors": {"parameters": {"F32": count}, "total": count}} if count else {}
            self.answer(200, json.dumps({**about, **told, "cardData": self.hub.cards.get(repo) or None}).encode())

    def resolve(self, path: str) -> None:
        """`/owner/name/resolve/REVISION/FILE`."""
        owner, name, _, revision, file = path.removeprefix("/").split("/", 4)
        repo = f"{owner}/{name}"
        files = self.hub.repos.get(repo, {})
        if repo in self.hub.gated:
            self.answer(403 if "authorization" in self.headers else 401, b"", {"X-Error-Code": "GatedRepo"})
        elif revision not in ("main", self.commit(repo)):
            self.answer(404, b"", {"X-Error-Code": "RevisionNotFound"})
        elif file not in files:
            self.answer(404, b"", {"X-Error-Code": "EntryNotFound"})
        elif file.endswith(LFS_SUFFIXES):
            linked = {"X-Linked-Size": str(len(files[file])), "X-Linked-Etag": f'"{sha256(files[file])}"', "X-Repo-Commit": self.commit(repo)}
            self.answer(302, b"", {"Location": f"{self.hub.lfs_url}/lfs/{repo}/{file}", **linked})
        else:
            self.content(repo, file)

    def content(self, repo: str, file: str) -> None:
        if self.command == "GET" and self.hub.content_failures:
            status, headers = self.hub.content_failures.pop(0)
            self.answer(status, headers=headers)
            return
        data = self.hub.repos[repo][file]
        sent = self.hub.replaced.get(file, data)
        start, stop = (0, len(sent)) if self.hub.ignores_ranges else (self.first_byte(), self.stop(len(sent)))
        if start and start >= len(sent):
            self.answer(416, b"", {"Content-Range": f"bytes */{len(sent)}"})
            return
        etag = f'"{sha256(data) if file.endswith(LFS_SUFFIXES) else git_oid(data)}"'
        headers = {"ETag": etag, "X-Repo-Commit": self.commit(repo), "Accept-Ranges": "bytes"}
        part = start > 0 or stop < len(sent)
        if part:
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(sent)}"
        cut = self.hub.cuts.pop(0) if self.hub.cuts and self.command == "GET" else None
        if self.command == "GET":
            self.hub.sent_bytes += stop - start
        self.answer(206 if part else 200, sent[start:stop], headers, cut)

    def commit(self, repo: str) -> str:
        return self.hub.commits.get(repo, COMMIT)

    def answer(self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None, cut: int | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.send(body if cut is None else body[:cut])
        if cut is not None and cut < len(body):
            self.wfile.flush()
            time.sleep(self.hub.silence_s)
            self.close_connection = True

    def send(self, body: bytes) -> None:
        speed = self.hub.bytes_per_second
        step = len(body) or 1 if speed is None else max(1, int(speed / 50))
        for begin in range(0, len(body), step):
            self.wfile.write(body[begin : begin + step])
            if speed is not None:
                time.sleep(step / speed)


def _sibling(name: str, data: bytes) -> dict[str, Any]:
    entry: dict[str, Any] = {"size": len(data), "blobId": git_oid(data)}
    if name.endswith(LFS_SUFFIXES):
        entry["lfs"] = {"size": len(data), "sha256": sha256(data), "pointerSize": 134}
    return entry


def _entry(name: str, data: bytes) -> dict[str, Any]:
    entry: dict[str, Any] = {"size": len(data), "oid": git_oid(data)}
    if name.endswith(LFS_SUFFIXES):
        entry["lfs"] = {"size": len(data), "oid": sha256(data), "pointerSize": 134}
    return entry
