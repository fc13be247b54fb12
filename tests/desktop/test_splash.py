"""The splash in a real browser: what it says in which language and colours, where it leads, and what it says when nothing follows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from solar_chat.desktop.door import Door
from solar_chat.desktop.splash import splash_html
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.paths import Home
from solar_chat.settings import Settings

pytestmark = pytest.mark.browser

expect.set_options(timeout=15_000)


def door_for(settings: Settings, home: Path, chosen: InterfaceLanguage | None = None) -> Door:
    catalogue = Catalogue.load()
    return Door(lambda nonce: splash_html(catalogue, settings, "en", chosen, Home.find(home), nonce))


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    with door_for(Settings(), tmp_path / "</script><b>집") as opened:
        yield opened


def page_of(browser: Browser, door: Door, locale: str, scheme: Literal["light", "dark"] = "light") -> Page:
    page = browser.new_context(locale=locale, color_scheme=scheme, viewport={"width": 390, "height": 700}).new_page()
    page.on("request", lambda request: foreign.append(request.url) if not request.url.startswith(door.url) else None)
    page.goto(door.url)
    return page


foreign: list[str] = []


@pytest.fixture(autouse=True)
def no_foreign_request() -> Iterator[None]:
    foreign.clear()
    yield
    assert foreign == []


@pytest.mark.parametrize(
    ("locale", "words"), [("ko-KR", "화면을 준비하고 있습니다…"), ("en-GB", "Getting the page ready…"), ("de-DE", "Getting the page ready…")]
)
def test_it_speaks_the_browsers_language_and_says_how_far_it_is(chromium: Browser, door: Door, locale: str, words: str) -> None:
    page = page_of(chromium, door, locale)
    expect(page.get_by_role("status")).to_have_text(words)
    door.stage = "history"
    expect(page.get_by_role("status")).not_to_have_text(words)
    page.context.close()


def test_settings_and_the_command_line_beat_the_browser(chromium: Browser, tmp_path: Path) -> None:
    with door_for(Settings(interface_language="ko"), tmp_path) as korean:
        page = page_of(chromium, korean, "en-GB")
        expect(page.get_by_role("status")).to_have_text("화면을 준비하고 있습니다…")
        page.context.close()
    with door_for(Settings(interface_language="ko"), tmp_path, "en") as english:
        page = page_of(chromium, english, "ko-KR")
        expect(page.get_by_role("status")).to_have_text("Getting the page ready…")
        page.context.close()


@pytest.mark.parametrize(
    ("theme", "scheme", "ground"),
    [
        ("system", "light", "rgb(251, 250, 248)"),
        ("system", "dark", "rgb(23, 21, 19)"),
        ("dark", "light", "rgb(23, 21, 19)"),
        ("light", "dark", "rgb(251, 250, 248)"),
    ],
)
def test_it_has_the_pages_own_ground(
    chromium: Browser, tmp_path: Path, theme: Literal["system", "light", "dark"], scheme: Literal["light", "dark"], ground: str
) -> None:
    with door_for(Settings(theme=theme), tmp_path) as door:
        page = page_of(chromium, door, "ko-KR", scheme)
        expect(page.locator("body")).to_have_css("background-color", ground)
        page.context.close()


def test_it_makes_way_for_the_page_and_back_does_not_return_to_it(chromium: Browser, door: Door, tmp_path: Path) -> None:
    with Door(lambda _nonce: "<title>the page</title>") as real:
        page = chromium.new_page()
        page.goto(door.url)
        door.page_url = real.url
        page.wait_for_url(real.url)
        assert page.evaluate("history.length") <= 2
        page.close()


def test_what_goes_wrong_is_said_instead(chromium: Browser, door: Door) -> None:
    page = page_of(chromium, door, "ko-KR")
    assert not door.told.is_set()
    door.error = "대화 파일 <b>/home/a b</b>를 읽을 수 없습니다."
    expect(page.get_by_role("alert")).to_have_text(door.error)
    expect(page.get_by_role("heading")).to_have_text("Solar Chat을 열지 못했습니다")
    assert door.told.is_set()
    page.context.close()


def test_a_program_that_is_gone_is_said_with_its_log(chromium: Browser, tmp_path: Path) -> None:
    home = tmp_path / "</script><b>집"
    with door_for(Settings(), home) as door:
        page = page_of(chromium, door, "ko-KR")
        expect(page.get_by_role("status")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text(str(Home.find(home).log))
    page.context.close()
