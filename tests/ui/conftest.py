"""One server with a scripted model and one browser for all tests of the page; every test gets a fresh tab and an empty history.

`house` is a real Assistant with a real store in a temporary folder; only the model is written by the test. No test here may ask another host for
anything: the browser profile watches its requests.
"""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from solar_chat.assistant import Assistant
from solar_chat.engine import ScriptedBackend
from solar_chat.paths import Home
from solar_chat.ui.environment import prepare
from tests.models.test_fit import LAPTOP
from tests.ui.house import House, free_port, open_tab


@pytest.fixture(scope="package", autouse=True)
def swept() -> Iterator[None]:
    """Gradio opens event loops for every app it makes and closes none; they are swept up here, before pytest rightly calls them leaks."""
    yield
    asyncio.set_event_loop(None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="package")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    prepare()
    # Imports Gradio, which `prepare` must precede.
    from solar_chat.ui.server import serve

    backend = ScriptedBackend(default=["알겠습니다."], name="scripted")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("solar_chat.assistant.switching.check_model", lambda *_args: None)
        patch.setattr("solar_chat.assistant.switching.load_model", lambda *_args, **_kwargs: backend)
        # Looking at the hardware imports torch, which takes longer than all of these tests' first page.
        patch.setattr("solar_chat.assistant.switching.detect", lambda: LAPTOP)
        patch.setattr("solar_chat.assistant.assistant.detect", lambda: LAPTOP)
        patch.setattr("solar_chat.assistant.machine.detect", lambda: LAPTOP)
        with (
            Assistant.open(Home.find(tmp_path_factory.mktemp("home"))) as assistant,
            serve(assistant, host="127.0.0.1", port=free_port(), share=False, password=None, lang=None) as addresses,
        ):
            assistant.start_loading("starter")
            assistant.wait_ready()
            yield House(addresses.owner or "", assistant, backend)


@pytest.fixture
def clean(house: House) -> House:
    """The house without conversations and with the settings of a first start."""
    for conversation in house.store.list():
        house.store.delete(conversation.id)
    house.store.purge_deleted(0)
    Path(house.assistant.home.settings).unlink(missing_ok=True)
    return house


@pytest.fixture(scope="module")
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
