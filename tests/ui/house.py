"""The running page that the tests of this folder share, and what they do with a tab. Fixtures are in conftest.py."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from playwright.sync_api import BrowserContext, Page, expect

from solar_chat.assistant import Assistant
from solar_chat.conversation import Store, StoredMessage
from solar_chat.engine import ScriptedBackend

# Two busy cores answer a click in a second or so; a test that waits longer has failed.
expect.set_options(timeout=10_000)

BOX = "#box textarea"
STOP = "#box .stop-button"
SEND = "#box .submit-button"
REPLIES = "#chat .bot-row"
QUESTIONS = "#chat .user-row"
NOTE = "#chat .reply-note"


@dataclass
class House:
    """A running page and the model behind it."""

    url: str
    assistant: Assistant
    backend: ScriptedBackend
    foreign: list[str] = field(default_factory=list)

    @property
    def store(self) -> Store:
        return self.assistant.store

    def will_say(self, text: str, *, pause_s: float = 0.0, error: BaseException | None = None) -> None:
        """The next reply: one piece a word."""
        words = text.split(" ")
        self.backend.enqueue([words[0], *(f" {word}" for word in words[1:])], delay_s=pause_s, error=error)

    def newest(self) -> list[StoredMessage]:
        """The messages of the conversation that was written last."""
        return list(self.store.path(self.store.list(limit=1)[0].id))


def open_tab(profile: BrowserContext, house: House) -> Page:
    """A tab in which the page is ready to be typed into."""
    tab = profile.new_page()
    tab.goto(house.url)
    ready(tab)
    return tab


def ready(tab: Page) -> None:
    """Wait until the page was drawn by the server."""
    expect(tab.locator("#title h1")).to_be_visible()
    expect(tab.locator("#box .submit-button")).to_be_visible()


def send(page: Page, text: str) -> None:
    page.fill(BOX, text)
    page.press(BOX, "Enter")


def finished(page: Page) -> None:
    """The turn is over and the page says so."""
    expect(page.locator(SEND)).to_be_visible()
    page.wait_for_function("window.solarBusy === false")


def ask(page: Page, house: House, text: str, reply: str) -> None:
    house.will_say(reply)
    send(page, text)
    expect(page.locator(REPLIES).last).to_contain_text(reply)
    finished(page)


def eventually(claim: Callable[[], bool]) -> bool:
    """Whether `claim` comes true within five seconds: for what the server does after the page has shown it."""
    end = time.monotonic() + 5
    while not (true := claim()) and time.monotonic() < end:
        time.sleep(0.05)
    return true


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
