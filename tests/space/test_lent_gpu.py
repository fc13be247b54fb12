"""Replies that a fork writes on a lent GPU: through the real `spaces` package and the real page, with a device service of the test's own."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from solar_chat.cli.space_check import Visitor, free_port
from solar_chat.engine import Event, Finished, GenerationRequest, Prefilled, ScriptedBackend, TextPiece, import_spaces, lend
from solar_chat.engine.lent_gpu import LentGpuBackend, _mapped, seconds_for
from solar_chat.errors import ModelError, NoTurn, SolarChatError, StartError

ROOT = Path(__file__).resolve().parents[2]


class Devices(http.server.ThreadingHTTPServer):
    """The service that lends devices: what it was asked, and what it answers next."""

    asked: list[tuple[str, dict[str, list[str]]]]
    refuse: bool

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.asked, self.refuse = [], False

    def of(self, path: str) -> list[dict[str, list[str]]]:
        return [query for asked, query in self.asked if asked == path]


class _Answer(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, Devices)
        parts = urlsplit(self.path)
        server.asked.append((parts.path, parse_qs(parts.query)))
        body: dict[str, object] = {}
        status = 200
        if parts.path == "/schedule":
            body = {"idle": False, "nvidiaIndex": 0, "nvidiaUUID": "MIG-0", "allowToken": f"token-{len(server.asked)}"}
            if server.refuse:
                status, body = 429, {"left": 0, "wait": 3600}
        told = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_args: object) -> None:
        """Not on stderr."""


@pytest.fixture(scope="module")
def devices() -> Iterator[Devices]:
    server = Devices()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def space(devices: Devices, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    """Its port and its process."""
    folder = tmp_path_factory.mktemp("space")
    (folder / "cgroup").write_text("0::/someone\n")
    port = free_port()
    environment = {
        **os.environ,
        "SYSTEM": "spaces",
        "SPACE_ID": "someone/solar-chat",
        "SPACE_HOST": "someone-solar-chat.hf.space",
        "HOME": str(folder),
        "SPACES_ZERO_GPU": "true",
        "SPACES_ZERO_DEVICE_API_URL": f"http://127.0.0.1:{devices.server_port}",
        "ZEROGPU_PROC_SELF_CGROUP_PATH": str(folder / "cgroup"),
        "PYTHONPATH": str(ROOT),
        "PYTHONIOENCODING": "utf-8",
    }
    log = (folder / "log").open("w", encoding="utf-8")
    command = [sys.executable, str(Path(__file__).with_name("lent.py")), str(port)]
    # A session of its own: the forks outlive the server, and on a Space end with the container.
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        end = time.monotonic() + 120
        while True:
            with contextlib.suppress(OSError):
                Visitor(port)
                break
            assert process.poll() is None, (folder / "log").read_text("utf-8")[-3000:]
            assert time.monotonic() < end
            time.sleep(0.3)
        yield port, process.pid
    finally:
        process.terminate()
        try:
            process.wait(20)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            log.close()


def test_a_fork_writes_the_reply_and_the_visitors_quota_pays(space: tuple[int, int], devices: Devices) -> None:
    assert devices.of("/startup-report") == [{}]
    visitor = Visitor(space[0], ip_token="visitors.own.token")
    visitor.open()
    said = visitor.send("안녕하세요?")
    assert "안녕하세요?" in said
    assert len(said) > len("안녕하세요?") + 20
    (asked, *_) = devices.of("/schedule")
    assert asked["token"] == ["visitors.own.token"]
    assert 10 <= int(asked["durationSeconds"][0]) <= 60
    # Each borrowed device went to another process than the server's, and came back.
    assert str(space[1]) not in {query["pid"][0] for query in devices.of("/allow")}
    assert len(devices.of("/allow")) == len(devices.of("/release")) == len(devices.of("/schedule"))
    assert all(query["fail"] == ["false"] for query in devices.of("/release"))


def test_a_used_up_quota_is_told_in_words(space: tuple[int, int], devices: Devices) -> None:
    visitor = Visitor(space[0], ip_token="another.persons.token")
    visitor.open()
    devices.refuse = True
    try:
        visitor.send("또 있어요?")
    finally:
        devices.refuse = False
    assert any("GPU" in sentence for sentence in visitor.toasts), visitor.toasts


def test_stop_ends_the_call_at_the_next_event_and_says_so() -> None:
    closed: list[bool] = []

    def writing(_request: GenerationRequest) -> Generator[Event | SolarChatError, None, None]:
        try:
            yield Prefilled(7, 7, 0)
            for number in range(1, 1000):
                yield TextPiece("가", number)
        finally:
            closed.append(True)

    local: Any = SimpleNamespace(name="m", context_tokens=100, device="cuda", can_continue=True, features=frozenset())
    backend = LentGpuBackend(local, writing)
    stop = threading.Event()
    seen: list[Event] = []
    for event in backend.stream(GenerationRequest("안녕"), stop):
        seen.append(event)
        if len(seen) == 4:
            stop.set()
    assert isinstance(seen[-1], Finished)
    assert (seen[-1].reason, seen[-1].prompt_tokens, seen[-1].reply_tokens) == ("cancelled", 7, 3)
    assert closed == [True]
    # Reading ahead would spend a visitor's quota on what they have not asked.
    assert not backend.reads_ahead


def test_what_runs_on_no_gpu_is_not_lent_one() -> None:
    scripted = ScriptedBackend()
    assert lend(scripted, _never) is scripted
    assert seconds_for(GenerationRequest("x", max_reply_tokens=512)) == 29
    assert seconds_for(GenerationRequest("x", max_reply_tokens=4096)) == 60


def _never(_request: GenerationRequest) -> Generator[Event | SolarChatError, None, None]:
    raise AssertionError


def test_torch_before_spaces_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch  # noqa: F401  # what was there first

    monkeypatch.delitem(sys.modules, "spaces", raising=False)
    with pytest.raises(StartError, match="lent_gpu_late"):
        import_spaces()


def test_the_errors_of_spaces_in_our_words() -> None:
    class Said(Exception):
        def __init__(self, title: str) -> None:
            super().__init__("<b>English</b>")
            self.title = title

    for title, kind, key in (
        ("ZeroGPU quota exceeded", NoTurn, "gpu_quota"),
        ("ZeroGPU pending credits exceeded", NoTurn, "gpu_quota"),
        ("ZeroGPU queue timeout", NoTurn, "gpu_busy"),
        ("ZeroGPU client error", NoTurn, "gpu_busy"),
        ("ZeroGPU worker error", ModelError, "gpu_failed"),
    ):

        def failing(said: str = title) -> Iterator[ModelError]:
            yield from ()
            raise Said(said)

        with pytest.raises(kind) as caught:
            list(_mapped(failing(), "m"))
        assert caught.value.key == key
