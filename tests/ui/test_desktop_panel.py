"""The owner's way to the program around the page, in Chromium: a report without the conversations, updates, Quit, and who is counted as there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from solar_chat.cli.doctor import report
from solar_chat.desktop.ending import Ending, Presence
from solar_chat.errors import SolarChatError
from solar_chat.i18n import InterfaceLanguage
from solar_chat.ui import Services
from tests.ui.house import House, ask, eventually, free_port, ready

pytestmark = pytest.mark.browser


@dataclass
class Around:
    """The program around the page, as far as it goes here."""

    url: str = ""
    presence: Presence = field(default_factory=Presence)
    ending: Ending = field(default_factory=Ending)
    folder_opens: bool = True
    newest: tuple[str, str | None] | SolarChatError = ("", None)

    def look(self, _lang: InterfaceLanguage) -> tuple[str, str | None]:
        if isinstance(self.newest, SolarChatError):
            raise self.newest
        return self.newest


@pytest.fixture(scope="module")
def running(house: House) -> Iterator[Around]:
    from solar_chat.ui.server import serve

    around, assistant = Around(), house.assistant
    services = Services(
        log=assistant.home.log,
        report=lambda lang: report(assistant.home, assistant, assistant.catalogue, lang, shown_in="browser"),
        open_logs=lambda: around.folder_opens,
        newest=around.look,
        quit=around.ending.ask,
    )
    with serve(
        assistant, host="127.0.0.1", port=free_port(), share=False, password=None, lang=None, services=services, presence=around.presence
    ) as addresses:
        around.url = addresses.owner or ""
        yield around


@pytest.fixture
def browser(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(locale="ko-KR")
    yield context
    context.close()


def settings(browser: BrowserContext, around: Around) -> Page:
    page = browser.new_page()
    page.goto(around.url)
    ready(page)
    page.locator("#open-settings").click()
    return page


def test_the_report_has_versions_and_hardware_and_nothing_that_was_said(clean: House, running: Around, browser: BrowserContext) -> None:
    page = settings(browser, running)
    ask(page, clean, "비밀번호는 참깨입니다", "참깨를 기억하겠습니다.")
    page.locator("#show-report").click()
    text = page.locator("#report textarea")
    expect(text).to_be_visible()
    found = text.input_value()
    assert "Solar Chat" in found
    assert "torch" in found
    assert str(clean.assistant.home.log).replace(str(Path.home()), "~") in found
    assert "참깨" not in found


def test_the_log_is_shown_or_its_place_is_said(clean: House, running: Around, browser: BrowserContext) -> None:
    page = settings(browser, running)
    running.folder_opens = False
    page.locator("#open-logs").click()
    expect(page.locator("#report-said")).to_contain_text("폴더를 열 수 없습니다")
    expect(page.locator("#report-said")).to_contain_text(str(clean.assistant.home.log))
    running.folder_opens = True
    page.locator("#open-logs").click()
    expect(page.locator("#report-said")).not_to_contain_text("폴더를 열 수 없습니다")


def test_updates_are_asked_for_and_every_answer_is_said(clean: House, running: Around, browser: BrowserContext) -> None:
    page = settings(browser, running)
    running.newest = ("새 버전 9.9.9가 있습니다.", "https://example.org/?a=1&b=2")
    page.locator("#check-updates").click()
    expect(page.locator("#newest a")).to_have_attribute("href", "https://example.org/?a=1&b=2")
    running.newest = SolarChatError("update_unreachable", url="https://example.org", reason="<offline>")
    page.locator("#check-updates").click()
    expect(page.locator("#newest")).to_contain_text("<offline>")
    expect(page.locator("#newest a")).to_have_count(0)


def test_an_open_page_is_somebody_and_a_closed_one_says_goodbye(clean: House, running: Around, browser: BrowserContext) -> None:
    assert eventually(lambda: running.presence.is_over(-1, 1_000))
    page = browser.new_page()
    page.goto(running.url)
    ready(page)
    # Long after its last answer the page still keeps a request open.
    page.wait_for_timeout(500)
    assert not running.presence.is_over(-1, -1)
    page.reload()
    ready(page)
    assert not running.presence.is_over(-1, -1)
    page.close(run_before_unload=True)
    assert eventually(lambda: running.presence.is_over(-1, 1_000))


def test_quit_ends_the_program_and_the_page_says_so(clean: House, running: Around, browser: BrowserContext) -> None:
    page = settings(browser, running)
    page.locator("#quit").click()
    expect(page.locator("#over")).to_contain_text("Solar Chat을 끝냈습니다")
    expect(page.get_by_role("status")).to_have_count(1)
    expect(page.locator("#box")).to_have_count(0)
    assert running.ending


def test_visitors_and_pages_without_a_program_have_none_of_it(clean: House, browser: BrowserContext) -> None:
    from solar_chat.ui.server import serve

    services = Services(log=Path("log"), report=lambda _lang: "", open_logs=lambda: True, quit=lambda: None)
    with serve(
        clean.assistant, host="127.0.0.1", port=free_port(), share=False, password=None, lang=None, visitors=True, owner=False, services=services
    ) as addresses:
        for url in (addresses.visitors[0], clean.url):
            page = browser.new_page()
            page.goto(url)
            ready(page)
            page.locator("#open-settings").click()
            expect(page.locator("#guard")).to_be_visible()
            for name in ("#show-report", "#open-logs", "#check-updates", "#quit"):
                expect(page.locator(name)).to_have_count(0)
