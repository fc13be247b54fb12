"""A person clicks faster than the server answers: the last click is the one that counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from solar_chat.conversation import Store
from solar_chat.settings import SettingsFile
from tests.ui.house import QUESTIONS, House, ask, eventually

# Gradio and pandas warn about each other in the server's threads, where no test can catch it.
pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore")]

CONVERSATIONS = "#conversations label"
CHOSEN = "#conversations label.selected"


@contextmanager
def held(owner: type, method: str) -> Iterator[Event]:
    """The first call of the method waits inside the server until the block is over; the event says that it came."""
    came, go = Event(), Event()
    real: Callable[..., Any] = getattr(owner, method)

    def wait(*args: Any, **kwargs: Any) -> Any:
        if not came.is_set():
            came.set()
            go.wait(10)
        return real(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, method, wait)
        try:
            yield came
        finally:
            go.set()


@pytest.fixture
def two(page: Page, clean: House) -> Page:
    """Two conversations, the second of them open."""
    ask(page, clean, "첫째입니다.", "알겠습니다.")
    page.click("#new-conversation")
    expect(page.locator(QUESTIONS)).to_have_count(0)
    ask(page, clean, "둘째입니다.", "알겠습니다.")
    expect(page.locator(CONVERSATIONS)).to_have_count(2)
    return page


def test_the_conversation_that_was_clicked_last_stays(two: Page, clean: House) -> None:
    two.click("#new-conversation")
    expect(two.locator(QUESTIONS)).to_have_count(0)
    with held(Store, "tail") as came:
        two.locator(CONVERSATIONS).nth(0).click()
        assert came.wait(10)
        two.locator(CONVERSATIONS).nth(1).click()
        two.click("#new-conversation")
        expect(two.locator(CHOSEN)).to_have_count(0)
        two.locator(CONVERSATIONS).nth(1).click()
        # None of the four may be drawn but the last.
        two.wait_for_timeout(300)
    expect(two.locator(CHOSEN)).to_have_text("첫째입니다.")
    expect(two.locator(QUESTIONS)).to_have_text(["첫째입니다."])
    ask(two, clean, "여기에 적습니다.", "여기 있습니다.")
    assert [message.content for message in clean.newest()][::2] == ["첫째입니다.", "여기에 적습니다."]


def test_the_conversation_just_left_is_one_click_away(two: Page, clean: House) -> None:
    with held(SettingsFile, "load") as came:
        two.click("#new-conversation")
        assert came.wait(10)
        expect(two.locator(CHOSEN)).to_have_count(0)
        two.locator(CONVERSATIONS).nth(0).click()
        two.wait_for_timeout(300)
    expect(two.locator(CHOSEN)).to_have_text("둘째입니다.")
    expect(two.locator(QUESTIONS)).to_have_text(["둘째입니다."])


def test_the_level_that_was_chosen_last_is_kept(two: Page, clean: House) -> None:
    with held(SettingsFile, "update") as came:
        two.locator("#level").get_by_text("반말").click()
        assert came.wait(10)
        two.locator("#level").get_by_text("해라체").click()
        two.wait_for_timeout(300)
    assert eventually(lambda: clean.store.list()[0].level == "plain")
    assert clean.assistant.settings.load().level == "plain"
