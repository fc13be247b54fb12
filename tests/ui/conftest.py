"""One server with a scripted model and one browser for all tests of the page; every test gets a fresh tab and an empty history.

`house` is a real Assistant with a real store in a temporary folder; only the model is written by the test. No test here may ask another host for
anything: the browser profile watches its requests.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from solar_chat.assistant import Assistant
from solar_chat.conversation import Store, StoredMessage
from solar_chat.engine import ScriptedBackend
from solar_chat.paths import Home
from solar_chat.ui.environment import prepare

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
# Offline and the same everywhere: no sandbox for a container's root, no GPU, no visits of the browser's own.
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
# Two busy cores answer a click in a second or so; a test that waits longer has failed.
expect.set_options(timeout=10_000)


def find_chromium() -> str | None:
    """Path of a Chromium: SOLAR_CHAT_CHROMIUM, else whatever is installed."""
    return os.environ.get("SOLAR_CHAT_CHROMIUM") or next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = find_chromium()
    if path is None:
        reason = "no Chromium found; install one or set SOLAR_CHAT_CHROMIUM"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


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


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    prepare()
    # Imports Gradio, which `prepare` must precede.
    from solar_chat.ui.server import serve

    backend = ScriptedBackend(default=["알겠습니다."], name="scripted")
    with pytest.MonkeyPatch.context() as patch, Assistant.open(Home.find(tmp_path_factory.mktemp("home"))) as assistant:
        patch.setattr("solar_chat.assistant.assistant.load_model", lambda *_args, **_kwargs: backend)
        # Looking at the hardware imports torch, which takes longer than all of these tests' first page.
        patch.setattr("solar_chat.assistant.assistant.detect", lambda: None)
        with serve(assistant, host="127.0.0.1", port=free_port(), share=False, password=None, lang=None) as addresses:
            assistant.start_loading("starter")
            assistant.wait_ready()
            yield House(addresses[0], assistant, backend)


@pytest.fixture
def clean(house: House) -> House:
    """The house without conversations and with the settings of a first start."""
    for conversation in house.store.list():
        house.store.delete(conversation.id)
    house.store.purge_deleted(0)
    Path(house.assistant.settings.path).unlink(missing_ok=True)
    return house


@pytest.fixture(scope="session")
def browser_profile(chromium: Browser, house: House) -> Iterator[BrowserContext]:
    """A Korean browser profile; one for all tests, because a page loads twice as fast from a warm cache."""
    context = chromium.new_context(locale="ko-KR", viewport={"width": 1280, "height": 800})
    context.on("request", lambda request: None if request.url.startswith((house.url, "data:", "blob:")) else house.foreign.append(request.url))
    yield context
    context.close()


@pytest.fixture
def profile(browser_profile: BrowserContext, clean: House) -> Iterator[BrowserContext]:
    """The profile, for one test: its tabs are closed afterwards. Fails where one of them asked another host for something."""
    clean.foreign.clear()
    yield browser_profile
    for tab in browser_profile.pages:
        tab.close()
    assert clean.foreign == []


@pytest.fixture
def page(profile: BrowserContext, clean: House) -> Page:
    return open_tab(profile, clean)


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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
