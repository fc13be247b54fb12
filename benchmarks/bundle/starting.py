"""One start of the program, packaged or not: when something is to be seen, when the page can be used, what it holds in memory until then.

As by a double click on Linux: nothing is asked for, and nobody sees what is printed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # ships no types
from playwright.sync_api import Browser, expect

from solar_chat.desktop.instance import Record, read_record
from solar_chat.paths import Home

BOX, SEND = "#box textarea", "#box .submit-button"
PATIENCE_S = 120
_POLL_S = 0.01


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds from the start of the process, and bytes of its memory."""

    shows_s: float
    """Its splash can be fetched."""
    answers_s: float
    """The page is served for the first time."""
    interactive_s: float
    """The box has taken a letter, in a browser that asked at once."""
    served_bytes: int
    """Resident when the page was served and nobody had opened it."""
    asked_bytes: int
    """Resident behind the first answer of the model in the box."""


def unpackaged(root: Path) -> list[str]:
    return [sys.executable, str(root / "app.py")]


def packaged(bundle: Path) -> list[str]:
    return [str(bundle / ("SolarChat.exe" if sys.platform == "win32" else "SolarChat"))]


def start(command: list[str], work: Path, browser: Browser) -> Start:
    """Start it as a double click does, look, ask, and end. `work` is an empty folder."""
    opener = work / "bin" / "xdg-open"
    opener.parent.mkdir()
    # The browser is ours, and warm: what it takes to start is not the program's.
    opener.write_text("#!/bin/sh\n", encoding="utf-8")
    opener.chmod(0o755)
    home = Home.find(work / "home")
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=work,
        env=child_environment(work),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _fetch(_record(home, process, ready=False).url)
        shows = time.perf_counter() - began
        url = _record(home, process, ready=True).url
        _fetch(url)
        answers = time.perf_counter() - began
        memory = psutil.Process(process.pid)
        served = memory.memory_info().rss
        context = browser.new_context(locale="ko-KR", viewport={"width": 1280, "height": 800})
        try:
            page = context.new_page()
            page.goto(url)
            expect(page.locator(SEND)).to_be_visible(timeout=PATIENCE_S * 1000)
            page.locator(BOX).press_sequentially("가")
            expect(page.locator(BOX)).to_have_value("가")
            interactive = time.perf_counter() - began
            page.press(BOX, "Enter")
            expect(page.locator("#chat .reply-note")).to_have_count(1, timeout=PATIENCE_S * 1000)
        finally:
            context.close()
        return Start(shows, answers, interactive, served, memory.memory_info().rss)
    finally:
        process.kill()
        process.wait(PATIENCE_S)


def child_environment(work: Path) -> dict[str, str]:
    """A person's: without what steers Python, which a packaged program does not read and which may forbid the other one its compiled files."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {
        **inherited,
        "PATH": f"{work / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "DISPLAY": os.environ.get("DISPLAY", ":0"),
        "LANG": "ko_KR.UTF-8",
        "SOLAR_CHAT_HOME": str(work / "home"),
        "HF_HUB_OFFLINE": "1",
    }


def _record(home: Home, process: subprocess.Popen[bytes], *, ready: bool) -> Record:
    """What the program says of itself, once it has its page (`ready`) or at least its splash."""
    until = time.perf_counter() + PATIENCE_S
    while time.perf_counter() < until and process.poll() is None:
        record = read_record(home.instance)
        if record is not None and (record.ready or not ready):
            return record
        time.sleep(_POLL_S)
    raise TimeoutError(f"{home.instance}, exit code {process.poll()}")


def _fetch(url: str) -> None:
    with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
        answer.read()
