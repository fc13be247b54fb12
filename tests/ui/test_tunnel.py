"""The public link, against stand-ins for its server and its program: it opens and ends, and every way to fail is told apart, in both languages."""

from __future__ import annotations

import http.client
import queue
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from solar_chat.errors import StartError
from solar_chat.i18n import Catalogue
from solar_chat.ui.environment import prepare
from tests.ui.house import House, eventually, free_port
from tests.ui.share_service import CARRIER, SHARE_SERVER, program, share_api

pytestmark = pytest.mark.filterwarnings("ignore")
PASSWORD = "주인만 아는 긴 비밀번호"


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[pytest.MonkeyPatch]:
    """Gradio's own constants, pointed at what a test puts there; as a start, at a working service."""
    prepare()
    from gradio import networking, tunneling

    monkeypatch.setattr(networking, "GRADIO_SHARE_SERVER_ADDRESS", None)
    monkeypatch.setattr(tunneling, "BINARY_PATH", str(program(tmp_path, CARRIER)))
    monkeypatch.setattr(tunneling, "BINARY_FOLDER", tmp_path)
    with share_api(SHARE_SERVER) as url:
        monkeypatch.setattr(networking, "GRADIO_API_SERVER", url)
        yield monkeypatch


def why(tmp_path: Path) -> StartError:
    """Why no link could be made, once both languages have told the way that needs none."""
    from solar_chat.ui.tunnel import tunnel

    with pytest.raises(StartError) as caught, tunnel(free_port(), "token", tmp_path):
        pytest.fail("there was a link")
    for lang in ("ko", "en"):
        assert "--host 0.0.0.0" in Catalogue.load().describe(caught.value, lang)
    return caught.value


def test_a_link_leads_to_the_visitors_page_and_ends_with_it(house: House, service: pytest.MonkeyPatch) -> None:
    from solar_chat.ui.server import serve

    # In a working directory that cannot be written to, as a bundle's may be.
    service.chdir("/proc")
    with serve(
        house.assistant, host="127.0.0.1", port=free_port(), share=True, password=None, lang=None, visitors=True, owner_password=PASSWORD
    ) as addresses:
        link, local = addresses.visitors
        assert link != local

        def ask(method: str, path: str, body: str | None = None, host: str = "abc.gradio.live", **headers: str) -> tuple[int, dict[str, str], str]:
            connection = http.client.HTTPConnection(urlsplit(link).netloc, timeout=20)
            connection.request(method, path, body, {"Host": host, **headers})
            answer = connection.getresponse()
            found = answer.status, dict(answer.getheaders()), answer.read().decode()
            connection.close()
            return found

        status, _, config = ask("GET", "/config")
        assert (status, "go-models" in config) == (200, False)
        # The page calls itself by the link's name, so that the browser finds it again.
        assert "abc.gradio.live" in config
        assert ask("GET", "/config", host="evil.example")[0] == 403
        assert ask("GET", "/config", host="abc.gradio.live.evil.example")[0] == 403
        # The owner can log in there, with a cookie that never leaves TLS.
        status, headers, _ = ask("POST", "/owner", urlencode({"password": PASSWORD}), Origin="https://abc.gradio.live")
        assert status == 303
        cookie = headers["set-cookie"]
        assert cookie.startswith("__Host-solar-owner=")
        assert "Secure" in cookie
        assert "go-models" in ask("GET", "/config", Cookie=cookie.split(";")[0])[2]
    with pytest.raises(OSError, match=r"."):
        ask("GET", "/config")


def test_no_network(service: pytest.MonkeyPatch, tmp_path: Path) -> None:
    service.setattr("gradio.networking.GRADIO_API_SERVER", f"http://127.0.0.1:{free_port()}/")
    assert why(tmp_path).key == "share_offline"


@pytest.mark.parametrize(("answer", "status"), [(b"<html>Log in to the hotel's network</html>", 200), ({}, 200), ([], 503), ([{"host": "x"}], 200)])
def test_a_proxy_that_answers_itself(service: pytest.MonkeyPatch, tmp_path: Path, answer: object, status: int) -> None:
    with share_api(answer, status) as url:
        service.setattr("gradio.networking.GRADIO_API_SERVER", url)
        assert why(tmp_path).key == "share_offline"


def test_the_program_cannot_be_fetched(service: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with share_api(b"gone", 404) as url:
        service.setattr("gradio.tunneling.BINARY_URL", url)
        service.setattr("gradio.tunneling.BINARY_PATH", str(tmp_path / "none" / "frpc"))
        service.setattr("gradio.tunneling.BINARY_FOLDER", tmp_path / "none")
        assert why(tmp_path).key == "share_offline"


def test_a_program_that_was_changed_on_its_way_is_not_kept(service: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with share_api(b"#!/bin/sh\ntouch ran\n") as url:
        service.setattr("gradio.tunneling.BINARY_URL", url)
        service.setattr("gradio.tunneling.CHECKSUMS", {url: "0" * 64})
        service.setattr("gradio.tunneling.BINARY_PATH", str(tmp_path / "fresh"))
        assert why(tmp_path).key == "share_blocked"
    assert not (tmp_path / "fresh").exists()


def test_a_virus_scanner_forbids_the_program(service: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "frpc").chmod(0o644)
    assert why(tmp_path).key == "share_blocked"


def test_a_virus_scanner_empties_the_program(service: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "frpc").write_bytes(b"\x7fELF")
    assert why(tmp_path).key == "share_blocked"


@pytest.mark.parametrize("code", ["import os; os.kill(os.getpid(), 9)", "print('start error: access denied'); raise SystemExit(1)"])
def test_the_program_is_killed_at_once(service: pytest.MonkeyPatch, tmp_path: Path, code: str) -> None:
    program(tmp_path, code)
    began = time.monotonic()
    error = why(tmp_path)
    assert error.key == "share_blocked"
    assert error.params["reason"] in ("frpc ended with -9", "start error: access denied")
    # Gradio would look at the empty pipe for half a minute.
    assert time.monotonic() - began < 10


def test_the_program_finds_no_server(service: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program(tmp_path, "print('[W] login to server failed: dial tcp: i/o timeout', flush=True); import time; time.sleep(60)")
    error = why(tmp_path)
    assert (error.key, "i/o timeout" in str(error.params["reason"])) == ("share_failed", True)


@pytest.mark.parametrize("code", ["import time; time.sleep(60)", "import time\nwhile True: print('still trying', flush=True); time.sleep(0.01)"])
def test_the_program_says_nothing_of_use(service: pytest.MonkeyPatch, tmp_path: Path, code: str) -> None:
    service.setattr("solar_chat.ui.tunnel.PATIENCE_S", 0.5)
    program(tmp_path, code)
    assert why(tmp_path).key == "share_failed"


def test_what_the_program_says_later_is_read_and_not_kept(service: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from solar_chat.ui.tunnel import tunnel

    made: list[queue.SimpleQueue[str | None]] = []

    def noted() -> queue.SimpleQueue[str | None]:
        made.append(SimpleQueue())
        return made[-1]

    SimpleQueue = queue.SimpleQueue
    service.setattr("solar_chat.ui.tunnel.queue.SimpleQueue", noted)
    # More than fits into a pipe that nobody reads.
    program(
        tmp_path,
        f"""
        import pathlib, time
        print("start proxy success: http://127.0.0.1:1", flush=True)
        for _ in range(10_000): print("[W] connect to local service error", flush=True)
        pathlib.Path({str(tmp_path / "said")!r}).touch()
        time.sleep(60)
        """,
    )
    with tunnel(free_port(), "token", tmp_path) as link:
        assert link == "http://127.0.0.1:1"
        assert eventually((tmp_path / "said").exists)
        assert made[0].empty()
