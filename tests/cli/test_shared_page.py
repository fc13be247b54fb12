"""The page opened to a network, as a real process: what is printed, who is let in, and by which password and key."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
OWNER, KEY = "주인만 아는 긴 비밀번호", "a-key-of-my-own-choice"


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """The lines of a page that is open to everybody who can reach this computer, with a password for its owner."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    arguments = ["--lang", "ko", "--no-browser", "--host", "0.0.0.0", "--port", port, "--public", "--api-key", KEY]
    process = subprocess.Popen(
        [sys.executable, "app.py", "--home", str(tmp_path_factory.mktemp("home")), *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "SOLAR_CHAT_OWNER_PASSWORD": OWNER},
    )
    assert process.stdout is not None
    try:
        yield [process.stdout.readline() for _ in range(4)]
    finally:
        process.terminate()
        process.communicate(timeout=30)


def ask(url: str, method: str, path: str, body: str | None = None, **headers: str) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(url).port, timeout=30)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, {"Content-Type": "application/x-www-form-urlencoded", **sent})
    answer = connection.getresponse()
    found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode("utf-8", "replace")
    connection.close()
    return found


def test_every_address_and_what_it_opens_is_said(printed: list[str]) -> None:
    own, visitors, login, warning = printed
    assert urlsplit(own.split()[-1]).hostname == "127.0.0.1"
    assert "방문자 주소" in visitors
    assert login.split()[-1] == f"{visitors.split()[-1].rstrip('/')}/owner"
    assert "비밀번호가 없" in warning


def test_visitor_owner_and_program_are_told_apart(printed: list[str]) -> None:
    own, visitors = (line.split()[-1] for line in printed[:2])
    assert "go-models" in ask(own, "GET", "/config")[2]
    assert "go-models" not in ask(visitors, "GET", "/config")[2]
    status, headers, _ = ask(visitors, "POST", "/owner", urlencode({"password": OWNER}))
    assert status == 303
    assert "go-models" in ask(visitors, "GET", "/config", Cookie=headers["set-cookie"].split(";")[0])[2]
    # The cookie is the page's; programs bring the key, on both ports.
    for url in (own, visitors):
        assert ask(url, "GET", "/v1/models", Cookie=headers["set-cookie"].split(";")[0])[0] == 401
        assert ask(url, "GET", "/v1/models", Authorization=f"Bearer {KEY}")[0] == 200
