"""The servers that are measured, as a person starts them: each in a process of its own, one at a time, on the same model."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

START_S: Final = 180.0


@dataclass(frozen=True, slots=True)
class Server:
    """How one is started, and what its requests carry beside what all carry."""

    name: str
    command: tuple[str, ...]
    """With {port}."""
    model: str
    """As its requests name the model."""
    fields: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)


def ours(model: Path, home: Path) -> Server:
    """`python app.py serve`. The app's own repetition penalty is switched off: the other server has none."""
    command = (sys.executable, "app.py", "--home", str(home), "serve", "--port", "{port}", "--model", str(model))
    return Server("python app.py serve", command, "solar", {"repetition_penalty": 1})


def peers(model: Path, threads: int) -> tuple[Server, ...]:
    """`transformers serve`, one request at a time as it does by default, and with continuous batching; `threads` 0 leaves their number to torch."""
    environment = {"OMP_NUM_THREADS": str(threads)} if threads else {}
    program = str(Path(sys.executable).with_name("transformers"))
    command = (program, "serve", str(model), "--device", "cpu", "--dtype", "float32", "--host", "127.0.0.1", "--port", "{port}")
    return (
        Server("transformers serve", command, str(model), environment=environment),
        Server("transformers serve --continuous-batching", (*command, "--continuous-batching"), str(model), environment=environment),
    )


@contextlib.contextmanager
def started(server: Server, log: Path) -> Iterator[int]:
    """The port of a running `server`. Raises TimeoutError where it does not come up; what it writes is in `log`."""
    port = _free_port()
    with log.open("wb") as written:
        process = subprocess.Popen(
            [part.replace("{port}", str(port)) for part in server.command],
            stdout=written,
            stderr=subprocess.STDOUT,
            env={**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", **server.environment},
        )
        try:
            _wait_for(process, port)
            yield port
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError, urllib.error.URLError), urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            if answer.status == 200:
                return
        time.sleep(0.2)
    raise TimeoutError("it did not start")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
