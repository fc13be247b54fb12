"""One evening with the bundle, as a script: what a person does after a double click, and what came of it as JSON.

    python evening.py BUNDLE WORK CHROMIUM

A script and not a test, so that it, the program and the browser can be put where there is no network. The program gets what a file manager gives: no
streams, a clean environment, another folder, a home with Hangul and blanks in its name. It opens the browser itself; the opener is ours, but starts a
real Chromium on a virtual display.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]  # ships no types
from openai import OpenAI
from playwright.sync_api import Page, Playwright, expect, sync_playwright

QUESTION = "대화는 어디에 저장돼?"
NEXT_QUESTION = "말투는 어떻게 바꿔?"
BOX, SEND = "#box textarea", "#box .submit-button"
QUESTIONS, REPLIES, NOTE = "#chat [data-testid=user]", "#chat .bot-row", "#chat .reply-note"
PATIENCE_S = 120
PATIENCE_MS = PATIENCE_S * 1000
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1

# The desktop's own opener would ask for its default browser; the environment it was given is kept for the test.
OPENER = """#!/bin/sh
env > {work}/environment
printf '%s\\n' "$1" >> {work}/opened
exec {chromium} --no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync --no-first-run \\
    --window-position=0,0 --window-size=1280,800 --lang=ko --accept-lang=ko-KR,ko --remote-debugging-port=0 --user-data-dir={work}/profile \\
    "$1" >/dev/null 2>&1
"""


def main(bundle: Path, work: Path, chromium: str) -> dict[str, Any]:
    """The facts of the evening, by name."""
    loopback_up()
    home = work / "한 글 사용자"
    home.mkdir()
    facts: dict[str, Any] = {"interfaces": [name for _, name in socket.if_nameindex()]}
    with display(work) as screen, sync_playwright() as playwright:
        path = f"{opener(work, chromium)}:/usr/bin:/bin"
        environment = {"HOME": str(home), "PATH": path, "DISPLAY": screen, "LANG": "ko_KR.UTF-8", "USER": "gildong"}
        with started(bundle, environment) as process, browser(playwright, work) as page:
            first_visit(page, facts, work)
            with watched(process.pid, facts):
                through_the_api(page, facts)
            with started(bundle, environment) as again:
                facts["again_exit"] = again.wait(PATIENCE_S)
            quit_in_settings(page, facts, work)
            facts["first_exit"] = process.wait(PATIENCE_S)
        facts["environment"] = (work / "environment").read_text(encoding="utf-8")
        with started(bundle, environment) as process, browser(playwright, work) as page:
            second_visit(page, facts, work)
            # As logging out does.
            process.send_signal(signal.SIGTERM)
            facts["second_exit"] = process.wait(PATIENCE_S)
    facts["opened"] = (work / "opened").read_text(encoding="utf-8").split()
    facts["home"] = sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.is_file())
    return facts


def loopback_up() -> None:
    """A fresh network namespace has a loopback interface, which is down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        flags = struct.unpack("16sH", fcntl.ioctl(control, _SIOCGIFFLAGS, struct.pack("16sH14x", b"lo", 0))[:18])[1]
        if not flags & _IFF_UP:
            fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | _IFF_UP))


@contextlib.contextmanager
def display(work: Path) -> Iterator[str]:
    """A virtual display; yields its name."""
    reading, writing = os.pipe()
    with (work / "xvfb.txt").open("wb") as log:
        server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x800x24", "-nolisten", "tcp"], pass_fds=[writing], stdout=log, stderr=log
        )
    os.close(writing)
    try:
        with os.fdopen(reading) as told:
            number = told.readline().strip()
        assert number, (work / "xvfb.txt").read_text()
        yield f":{number}"
    finally:
        server.terminate()
        server.wait(PATIENCE_S)


def opener(work: Path, chromium: str) -> Path:
    """A folder with an `xdg-open` that starts `chromium`."""
    folder = work / "bin"
    folder.mkdir()
    (folder / "xdg-open").write_text(OPENER.format(work=work, chromium=chromium), encoding="utf-8")
    (folder / "xdg-open").chmod(0o755)
    return folder


@contextlib.contextmanager
def started(bundle: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """The program, as a file manager starts it."""
    process = subprocess.Popen(
        ["/bin/sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-', str(bundle / "SolarChat")], cwd="/", env=environment, close_fds=True, start_new_session=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(PATIENCE_S)


@contextlib.contextmanager
def browser(playwright: Playwright, work: Path) -> Iterator[Page]:
    """The tab in the browser that the program has opened."""
    port_file = work / "profile" / "DevToolsActivePort"
    wait_for(port_file.is_file, "the program opened no browser")
    wait_for(lambda: len(port_file.read_text().split()) == 2, "the browser has no port")
    found = playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{port_file.read_text().split()[0]}")
    try:
        wait_for(lambda: bool(found.contexts[0].pages), "the browser shows nothing")
        yield found.contexts[0].pages[0]
    finally:
        # As closing the last window does: a session over CDP alone would only let go of it.
        found.new_browser_cdp_session().send("Browser.close")
        wait_for(lambda: not (work / "profile" / "SingletonLock").is_symlink(), "the browser does not end")
        port_file.unlink(missing_ok=True)


def first_visit(page: Page, facts: dict[str, Any], work: Path) -> None:
    expect(page.locator(SEND)).to_be_visible(timeout=PATIENCE_MS)
    facts["url"] = page.url
    facts["title"] = page.title()
    ask(page, QUESTION)
    facts["reply"] = page.locator(REPLIES).last.locator(".prose").first.inner_text()
    facts["note"] = page.locator(NOTE).last.inner_text()
    page.screenshot(path=work / "first.png")


def second_visit(page: Page, facts: dict[str, Any], work: Path) -> None:
    """The chat is there again, and goes on."""
    expect(page.locator(QUESTIONS).last).to_contain_text(QUESTION, timeout=PATIENCE_MS)
    facts["found"] = page.locator(QUESTIONS).all_inner_texts()
    ask(page, NEXT_QUESTION)
    facts["next_reply"] = page.locator(REPLIES).last.locator(".prose").first.inner_text()
    page.screenshot(path=work / "second.png")


def ask(page: Page, text: str) -> None:
    questions = page.locator(QUESTIONS).count()
    page.locator(BOX).press_sequentially(text)
    page.press(BOX, "Enter")
    expect(page.locator(QUESTIONS)).to_have_count(questions + 1, timeout=PATIENCE_MS)
    page.wait_for_function("window.solarBusy === false", timeout=PATIENCE_MS)
    expect(page.locator(REPLIES)).to_have_count(questions + 1, timeout=PATIENCE_MS)


def through_the_api(page: Page, facts: dict[str, Any]) -> None:
    """The same model for another program."""
    answers: list[str] = []

    def talk() -> None:
        with OpenAI(base_url=page_address + "v1", api_key="unused", timeout=PATIENCE_S) as client:
            facts["models"] = [model.id for model in client.models.list()]
            stream = client.chat.completions.create(
                model="solar-1-mini-chat",
                messages=[{"role": "user", "content": QUESTION}],
                extra_body={"speech_level": "polite"},
                stream=True,
            )
            answers.extend(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)

    page_address = page.evaluate("location.origin") + "/"
    # Not in the thread whose event loop belongs to Playwright.
    thread = threading.Thread(target=talk)
    thread.start()
    thread.join(PATIENCE_S)
    facts["api_reply"] = "".join(answers)


@contextlib.contextmanager
def watched(pid: int, facts: dict[str, Any]) -> Iterator[None]:
    """Whom the program talks to while it answers."""
    seen: set[str] = set()
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.1):
            for connection in psutil.Process(pid).net_connections():
                seen.update(address.ip for address in (connection.laddr, connection.raddr) if address)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        facts["addresses"] = sorted(seen)


def quit_in_settings(page: Page, facts: dict[str, Any], work: Path) -> None:
    """Without a window and without a terminal this is how a person ends the program."""
    page.locator("#open-settings").click()
    page.locator("#quit").click()
    expect(page.locator("#over")).to_be_visible(timeout=PATIENCE_MS)
    facts["over"] = page.locator("#over").inner_text()
    page.screenshot(path=work / "over.png")


def wait_for(condition: Callable[[], bool], otherwise: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until, otherwise
        time.sleep(0.05)


if __name__ == "__main__":
    told = main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
    (Path(sys.argv[2]) / "evening.json").write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
