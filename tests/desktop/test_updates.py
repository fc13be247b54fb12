"""Looking for a newer version: only with an address, only what is asked, and every answer understood or refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from solar_chat.desktop.updates import Release, newest_release, release_address
from solar_chat.errors import SolarChatError


class Releases(BaseHTTPRequestHandler):
    answer = b""
    status = 200
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.answer)))
        self.end_headers()
        self.wfile.write(self.answer)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[tuple[str, type[Releases]]]:
    handler = type("Handler", (Releases,), {"asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as opened:
        threading.Thread(target=opened.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{opened.server_port}/latest", handler
        opened.shutdown()


def answer_of(version: str, page: str = "https://example.org/releases") -> bytes:
    return f'{{"tag_name": "{version}", "html_url": "{page}", "body": "…"}}'.encode()


@pytest.mark.parametrize(
    ("version", "newer"),
    [("v0.1.0", False), ("0.1.1", True), ("v0.10.0", True), ("v0.0.9", False), ("v1", True), ("v0.1.0rc1", False), ("v0.2.0-beta", True)],
)
def test_versions_are_compared_as_numbers(server: tuple[str, type[Releases]], version: str, newer: bool) -> None:
    address, handler = server
    handler.answer = answer_of(version)
    assert newest_release(address, "0.1.0") == Release(version.removeprefix("v"), "https://example.org/releases", newer)
    assert handler.asked == ["/latest"]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"tag_name": "v1"}',
        b"\xff\xfe",
        answer_of("nightly"),
        answer_of("v2", "javascript:alert(1)"),
        answer_of("v2", "http://x.org"),
    ],
)
def test_an_answer_that_makes_no_sense_is_said(server: tuple[str, type[Releases]], answer: bytes) -> None:
    address, handler = server
    handler.answer = answer
    with pytest.raises(SolarChatError) as caught:
        newest_release(address, "0.1.0")
    assert caught.value.key == "update_unclear"


def test_an_address_that_fails_or_is_not_there_is_said(server: tuple[str, type[Releases]]) -> None:
    address, handler = server
    handler.status = 404
    for url in (address, "http://127.0.0.1:9/latest"):
        with pytest.raises(SolarChatError) as caught:
            newest_release(url, "0.1.0")
        assert caught.value.key == "update_unreachable"


def test_the_address_is_data_and_the_sources_name_none(tmp_path: Path) -> None:
    assert release_address() is None
    assert release_address(tmp_path / "missing") is None
    file = tmp_path / "releases.txt"
    file.write_text("# where\n\n  https://example.org/latest  \n", encoding="utf-8")
    assert release_address(file) == "https://example.org/latest"
