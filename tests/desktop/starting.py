"""Starting the program as a person or a desktop does, and what it leaves for a second start."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from solar_chat.desktop.instance import Record, read_record
from solar_chat.paths import Home

ROOT = Path(__file__).resolve().parents[2]
# Two busy cores import Gradio in several seconds.
START_S = 90.0
# No proxy of the machine between a test and its own computer.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass
class Started:
    """A running program."""

    home: Home
    process: subprocess.Popen[bytes]

    def record(self, claim: Callable[[Record], bool] = lambda record: record.ready) -> Record:
        """`instance.json`, once `claim` holds of it."""
        end = time.monotonic() + START_S
        while time.monotonic() < end and self.process.poll() is None:
            record = read_record(self.home.instance)
            if record is not None and record.pid == self.process.pid and claim(record):
                return record
            time.sleep(0.02)
        raise AssertionError(f"the program gave no address (exit {self.process.poll()}): {logged(self.home)}")

    def page_at(self, url: str) -> str:
        """The page at `url`, once it answers: of a program that leaves no record."""
        end = time.monotonic() + START_S
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(OSError):
                return get(url)
            time.sleep(0.1)
        raise AssertionError(f"nothing at {url} (exit {self.process.poll()}): {logged(self.home)}")

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(START_S)


def logged(home: Home) -> str:
    return "\n".join(file.read_text(encoding="utf-8") for file in (home.log, home.console) if file.exists())


def get(url: str) -> str:
    with DIRECT.open(url, timeout=30) as answer:
        return str(answer.read().decode())


def environment(home: Path, **changes: str) -> dict[str, str]:
    """Without a display, so that no browser of this machine opens, and speaking Korean."""
    kept = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "LC_ALL", "LC_MESSAGES")}
    return {**kept, "SOLAR_CHAT_HOME": str(home), "LANG": "ko_KR.UTF-8", "HF_HUB_OFFLINE": "1", **changes}


@contextlib.contextmanager
def started(home: Path, *arguments: str, **changes: str) -> Iterator[Started]:
    """`python app.py` with `arguments`, from a terminal's point of view; killed at the end where it still runs."""
    process = subprocess.Popen(
        [sys.executable, "app.py", *arguments],
        cwd=ROOT,
        env=environment(home, **changes),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield Started(Home.find(home), process)
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def clicked(home: Path, *arguments: str, cwd: Path, **changes: str) -> Iterator[Started]:
    """As a double-click does: without standard streams, in whatever folder."""
    process = subprocess.Popen(
        ["/bin/sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-', sys.executable, str(ROOT / "app.py"), *arguments],
        cwd=cwd,
        env=environment(home, **changes),
    )
    try:
        yield Started(Home.find(home), process)
    finally:
        process.kill()
        process.wait()


def run(home: Path, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """A start that ends by itself."""
    command = [sys.executable, "app.py", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment(home, **changes), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=START_S, check=False
    )


def program(folder: Path, name: str, body: str) -> Path:
    """A program of the system, as a shell script in `folder`: for those that are not installed everywhere."""
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    file.chmod(0o755)
    return file


def text_of(file: Path) -> str:
    """What a program of `program` has written, once it has."""
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        if file.exists() and (text := file.read_text(encoding="utf-8")):
            return text
        time.sleep(0.05)
    raise AssertionError(f"{file} was not written")
