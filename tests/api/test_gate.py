"""Who may ask: Host, Origin, key, size; nothing is open to others by default."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import openai
import pytest

from solar_chat.access import host_allowed, is_local_origin, is_loopback
from solar_chat.api import ApiOptions
from solar_chat.engine import ScriptedBackend
from tests.api.house import USER, House, body, opened

KEY = "sk-solar-0123456789abcdef"
CHAT = "/v1/chat/completions"


@pytest.fixture
def locked(tmp_path: Path, backend: ScriptedBackend) -> Iterator[House]:
    with opened(tmp_path, ApiOptions(key=KEY), backend) as house:
        yield house


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8000", 200),
        ("localhost", 200),
        ("LOCALHOST:1", 200),
        ("[::1]:8000", 200),
        ("192.168.0.7:8000", 200),
        ("evil.example", 403),
        ("localhost.evil.example", 403),
        ("127.0.0.1.nip.io", 403),
        ("abc.gradio.live", 403),
        ("8.8.8.8", 403),
        ("", 403),
    ],
)
def test_a_rebound_name_is_refused(house: House, host: str, status: int) -> None:
    assert house.ask("GET", "/v1/models", Host=host)[0] == status
    assert house.ask("GET", "/health", Host=host)[0] == status


ORIGINS = [
    ("http://localhost:3000", True),
    ("http://127.0.0.1:5173", True),
    ("https://localhost", True),
    ("http://[::1]:80", True),
    ("http://localhost.evil.com", False),
    ("http://evil.com", False),
    ("http://evil.com?localhost", False),
    ("http://localhost@evil.com", False),
    ("http://localhost:3000/path", False),
    ("http://localhost:x", False),
    ("file://localhost", False),
    ("null", False),
    ("", False),
]


@pytest.mark.parametrize(("origin", "local"), ORIGINS)
def test_only_pages_of_this_computer_may_ask_and_read(house: House, backend: ScriptedBackend, origin: str, local: bool) -> None:
    assert is_local_origin(origin) is local
    status, headers, _ = house.ask("POST", CHAT, body(), Origin=origin)
    assert status == (200 if local else 403)
    assert headers.get("access-control-allow-origin") == (origin if local else None)
    assert "access-control-allow-credentials" not in headers
    assert len(backend.requests) == (1 if local else 0)
    wanted = {"Access_Control_Request_Method": "POST", "Access_Control_Request_Headers": "authorization,content-type"}
    status, headers, _ = house.ask("OPTIONS", CHAT, Origin=origin, **wanted)
    assert status == (204 if local else 403)
    if local:
        assert headers["access-control-allow-headers"] == "authorization,content-type"
        assert (headers["access-control-allow-origin"], headers["vary"]) == (origin, "origin")


def test_a_page_can_read_a_refusal(locked: House) -> None:
    status, headers, _ = locked.ask("POST", CHAT, body(), Origin="http://localhost:3000")
    assert (status, headers["access-control-allow-origin"]) == (401, "http://localhost:3000")
    # A preflight carries no key.
    assert locked.ask("OPTIONS", CHAT, Origin="http://localhost:3000", Access_Control_Request_Method="POST")[0] == 204


@pytest.mark.parametrize(
    "sent", [None, "", "Bearer", "Bearer ", "Bearer wrong", f"Bearer {KEY}x", f"Bearer {KEY[:-1]}", f"Basic {KEY}", KEY, "Bearer é"]
)
def test_a_wrong_key_opens_nothing(locked: House, backend: ScriptedBackend, sent: str | None) -> None:
    headers = {} if sent is None else {"Authorization": sent}
    for method, path in (("POST", CHAT), ("GET", "/v1/models"), ("GET", "/v1/openapi.json"), ("GET", "/v1/nothing"), ("POST", "/v1/responses")):
        status, answered, _ = locked.ask(method, path, body(), **headers)
        assert status == 401
        assert answered["www-authenticate"] == "Bearer"
    assert backend.requests == []


def test_the_right_key_opens_and_health_needs_none(locked: House) -> None:
    with locked.client(KEY) as client:
        assert client.chat.completions.create(model="solar", messages=USER).model == "starter"  # type: ignore[arg-type]  # one list for all tests
    with locked.client("wrong key but long") as client, pytest.raises(openai.AuthenticationError) as caught:
        client.models.list()
    assert caught.value.code == "invalid_api_key"
    assert locked.ask("GET", "/health")[0] == 200


def test_a_body_has_an_end(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("solar_chat.api.gate.LARGEST_BODY", 1000)
    status, error = house.error(CHAT, b" " * 1001)
    assert (status, error["code"]) == (413, "request_too_large")
    # Without its length, in chunks.
    with socket.create_connection(urlsplit(house.url).netloc.split(":")) as wire:  # type: ignore[arg-type]  # host and port
        head = f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        wire.sendall(head.encode() + b"800\r\n" + b" " * 0x800 + b"\r\n")
        assert wire.recv(12) == b"HTTP/1.1 413"


def test_a_body_that_never_comes_is_given_up(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("solar_chat.api.gate.BODY_TIMEOUT_S", 0.2)
    with socket.create_connection(urlsplit(house.url).netloc.split(":")) as wire:  # type: ignore[arg-type]  # host and port
        wire.sendall(f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n".encode())
        assert wire.recv(12) == b"HTTP/1.1 408"


def test_where_a_key_is_needed() -> None:
    assert [is_loopback(host) for host in ("127.0.0.1", "127.0.0.2", "::1", "[::1]", "localhost")] == [True] * 5
    assert [is_loopback(host) for host in ("0.0.0.0", "::", "192.168.0.2", "example.com", "")] == [False] * 5


def test_a_space_and_a_tunnel_have_names_of_their_own() -> None:
    space = {"SPACE_HOST": "me-solar.hf.space"}
    assert host_allowed("me-solar.hf.space", bound="0.0.0.0", shared=False, environment=space)
    assert not host_allowed("me-solar.hf.space", bound="0.0.0.0", shared=False, environment={})
    assert not host_allowed("", bound="0.0.0.0", shared=False, environment={"SPACE_HOST": ""})
    assert host_allowed("abc.gradio.live", bound="127.0.0.1", shared=True, environment={})
    assert host_allowed("solar.example", bound="solar.example", shared=False, environment={})
