"""What Gradio would offer besides a page is closed on both pages: files, uploads, other hosts, telemetry, an API."""

from __future__ import annotations

import http.client
import json
import os
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from solar_chat.paths import STARTER_MODEL
from solar_chat.ui.limits import LARGEST_BODY
from tests.ui.house import House, free_port

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def visitors_url(house: House) -> Iterator[str]:
    from solar_chat.ui.server import serve

    with serve(house.assistant, host="127.0.0.1", port=free_port(), share=False, password=None, lang=None, visitors=True, owner=False) as addresses:
        yield addresses.visitors[0]


@pytest.fixture(params=["owner", "visitors"])
def url(request: pytest.FixtureRequest, house: House, visitors_url: str) -> str:
    return house.url if request.param == "owner" else visitors_url


def ask(url: str, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    found = answer.status, answer.read().decode("utf-8", "replace")
    connection.close()
    return found


def config(url: str) -> dict[str, Any]:
    return dict(json.loads(ask(url, "GET", "/config")[1]))


def test_telemetry_and_run_history_are_off(url: str) -> None:
    told = config(url)
    assert told["analytics_enabled"] is False
    assert os.environ["GRADIO_ANALYTICS_ENABLED"] == "False"
    assert not told.get("run_history")
    assert told["footer_links"] == []
    assert told.get("enable_monitoring", False) is False


def test_no_event_is_public(url: str) -> None:
    dependencies = config(url)["dependencies"]
    assert len(dependencies) > 20
    assert {dependency["api_visibility"] for dependency in dependencies} == {"private"}
    told = json.loads(ask(url, "GET", "/gradio_api/info")[1])
    assert (told["named_endpoints"], told["unnamed_endpoints"]) == ({}, {})


def test_a_private_event_cannot_be_called_by_its_name(url: str) -> None:
    names = {dependency["api_name"] for dependency in config(url)["dependencies"] if dependency["api_name"]}
    for name in [*names, "open", "send", "set_language", "predict/x"]:
        for path in (f"/gradio_api/call/{name}", f"/gradio_api/run/{name}", f"/gradio_api/api/{name}", f"/gradio_api/call/v2/{name}"):
            assert ask(url, "POST", path, b'{"data": []}', Content_Type="application/json")[0] in (400, 403, 404, 405, 422), path


@pytest.mark.parametrize(
    "way", ["/gradio_api/file=", "/gradio_api/file/", "/file=", "/static/", "/assets/", "/svelte/", "/app/assets/", "/gradio_api/proxy="]
)
def test_no_file_can_be_read(house: House, url: str, way: str) -> None:
    home = house.assistant.home
    wanted = [
        home.history, home.settings, home.api_key, home.models, STARTER_MODEL / "config.json", "/etc/passwd", "../../../../../../etc/passwd",
        "..%2f..%2f..%2f..%2fetc%2fpasswd", "....//....//etc/passwd", "http://127.0.0.1:1/", "//127.0.0.1:1/", "C:\\Windows\\win.ini",
    ]  # fmt: skip
    house.assistant.settings.update(theme="dark")
    for path in wanted:
        status, text = ask(url, "GET", way + quote(str(path), safe="%/:."))
        assert status in (400, 403, 404), (way, path, status)
        for content in ("root:", '"theme"', "SQLite format", "hidden_size"):
            assert content not in text, (way, path)


def test_nothing_can_be_uploaded(house: House, url: str) -> None:
    before = {file for file in house.assistant.home.cache.rglob("*") if file.is_file()}
    body = b'--x\r\nContent-Disposition: form-data; name="files"; filename="../a.txt"\r\n\r\nhi\r\n--x--\r\n'
    headers = {"Origin": url.rstrip("/"), "Content_Type": "multipart/form-data; boundary=x"}
    for path in ("/gradio_api/upload", "/gradio_api/upload?upload_id=1", "//gradio_api/upload", "/gradio_api//upload"):
        assert ask(url, "POST", path, body, **headers)[0] in (404, 405), path
    assert {file for file in house.assistant.home.cache.rglob("*") if file.is_file()} == before


@pytest.mark.parametrize(
    "path",
    ["/monitoring", "/monitoring/summary", "/gradio_api/deep_link?session_hash=x", "/gradio_api/upload_progress?upload_id=x", "/gradio_api/runs",
     "/gradio_api/custom_component/x/server/component/y.js", "/gradio_api/stream/a/1/2/playlist.m3u8", "/gradio_api/proxy=https://x.hf.space/",
     "/gradio_api/vibe-code/", "/gradio_api/profiling/traces"],
)  # fmt: skip
def test_ways_that_the_page_does_not_use_are_closed(url: str, path: str) -> None:
    assert ask(url, "GET", path)[0] == 404


@pytest.mark.parametrize("path", ["/gradio_api/queue/join", "/gradio_api/run/predict", "/login", "/gradio_api/reset"])
def test_a_body_has_an_end(url: str, path: str) -> None:
    with socket.create_connection(urlsplit(url).netloc.split(":")) as wire:  # type: ignore[arg-type]  # host and port
        wire.sendall(
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {LARGEST_BODY + 1}\r\n\r\n".encode()
        )
        assert wire.recv(12) == b"HTTP/1.1 413"
    with socket.create_connection(urlsplit(url).netloc.split(":")) as wire:  # type: ignore[arg-type]  # host and port
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        wire.sendall(head.encode())
        part = b"40000\r\n" + b" " * 0x40000 + b"\r\n"
        answer = b""
        try:
            for _ in range(LARGEST_BODY // 0x40000 + 2):
                wire.sendall(part)
            answer = wire.recv(12)
        except OSError:
            # It had answered and closed.
            pass
        assert answer[9:10] in (b"4", b""), answer
