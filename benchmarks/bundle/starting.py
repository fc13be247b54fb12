"""One start of the program, packaged or not: when it answers, when its page can be used, and what it holds in memory until then."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil  # type: ignore[import-untyped]  # ships no types
from playwright.sync_api import Browser, expect

BOX, SEND = "#box textarea", "#box .submit-button"
PATIENCE_S = 120
_POLL_S = 0.01
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds from the start of the process, and bytes of its memory."""

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


def start(command: list[str], home: Path, browser: Browser) -> Start:
    """Start, look, ask, and end."""
    environment = {**os.environ, "HOME": str(home), "SOLAR_CHAT_HOME": str(home), "HF_HUB_OFFLINE": "1"}
    began = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--no-browser", "--lang", "ko"], cwd=home, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8"
    )
    try:
        assert process.stdout is not None
        url = _address(process.stdout)
        _until_answered(url)
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
            page.wait_for_function("window.solarBusy === false", timeout=PATIENCE_S * 1000)
            expect(page.locator("#chat .bot-row")).to_have_count(1, timeout=PATIENCE_S * 1000)
        finally:
            context.close()
        return Start(answers, interactive, served, memory.memory_info().rss)
    finally:
        process.kill()
        process.wait(PATIENCE_S)


def _address(output: IO[str]) -> str:
    for line in output:
        if found := _ADDRESS.search(line):
            return found[0] + "/"
    raise RuntimeError("the program gave no address")


def _until_answered(url: str) -> None:
    until = time.perf_counter() + PATIENCE_S
    while time.perf_counter() < until:
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
                answer.read()
                return
        except urllib.error.URLError:
            time.sleep(_POLL_S)
    raise TimeoutError(url)
