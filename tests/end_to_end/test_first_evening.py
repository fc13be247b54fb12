"""The whole path as a stranger walks it: `python app.py`, a real browser, the model in the box, and the evening's chats found again.

One process serves the tests of this file in order, as one person would use it; the last ones kill it and start it again.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from solar_chat.language import Level, sentences

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
BOX, SEND = "#box textarea", "#box .submit-button"
QUESTIONS, REPLIES, NOTE = "#chat [data-testid=user]", "#chat .bot-row", "#chat .reply-note"
# A model of eleven million parameters answers in a second; loading torch and Kiwi on two busy cores takes longer.
FIRST_ANSWER_MS = 90_000
ANSWER_MS = 30_000
START_S = 60
BUBBLE_MS = 3_000


@dataclass
class App:
    """A running `python app.py`."""

    home: Path
    process: subprocess.Popen[bytes]
    url: str

    @classmethod
    def start(cls, home: Path, *options: str) -> App:
        environment = {**os.environ, "SOLAR_CHAT_HOME": str(home), "HF_HUB_OFFLINE": "1"}
        console = home / "console.txt"
        with console.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "app.py", "--no-browser", "--lang", "ko", *options],
                cwd=ROOT,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        for _ in range(START_S * 10):
            if address := re.search(r"http://127\.0\.0\.1:\d+", console.read_text(encoding="utf-8")):
                return cls(home, process, address[0])
            if process.poll() is not None:
                break
            time.sleep(0.1)
        process.kill()
        process.wait()
        raise AssertionError("the app gave no address: " + console.read_text(encoding="utf-8"))

    def kill(self) -> None:
        """As a crash or the task manager would."""
        self.process.kill()
        self.process.wait(START_S)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    running = App.start(tmp_path_factory.mktemp("첫날"))
    yield running
    running.kill()


@pytest.fixture(scope="module")
def page(chromium: Browser, app: App) -> Iterator[Page]:
    context = chromium.new_context(locale="ko-KR", viewport={"width": 1280, "height": 800})
    tab = context.new_page()
    tab.goto(app.url)
    expect(tab.locator(SEND)).to_be_visible(timeout=ANSWER_MS)
    yield tab
    context.close()


def send(page: Page, text: str) -> None:
    """Send `text`; returns when its bubble is there, which is at once."""
    questions = page.locator(QUESTIONS).count()
    page.fill(BOX, text)
    page.press(BOX, "Enter")
    expect(page.locator(QUESTIONS)).to_have_count(questions + 1, timeout=BUBBLE_MS)


def finished(page: Page, timeout: float = ANSWER_MS) -> None:
    page.wait_for_function("window.solarBusy === false", timeout=timeout)
    expect(page.locator(SEND)).to_be_visible()


def reply(page: Page) -> str:
    """The text of the last reply, without its note."""
    return str(
        page.locator(REPLIES)
        .last.locator(".prose")
        .first.evaluate(
            "node => { const copy = node.cloneNode(true);"
            " copy.querySelectorAll('.reply-note').forEach(note => note.remove()); return copy.innerText.trim() }"
        )
    )


def assert_level(text: str, level: Level) -> None:
    found = [sentence.level for sentence in sentences(text)]
    assert level in found, text
    assert set(found) <= {level, "none"}, text


def choose_level(page: Page, name: str) -> None:
    page.locator("#level").get_by_text(name, exact=True).click()
    expect(page.locator("#level label.selected")).to_have_text(name)


def test_a_korean_question_is_answered_in_the_default_level(page: Page) -> None:
    send(page, "안녕하세요! 이 앱은 무엇을 하는 앱인가요?")
    expect(page.locator(QUESTIONS)).to_contain_text("이 앱은 무엇을 하는 앱인가요?")
    finished(page, FIRST_ANSWER_MS)
    assert_level(reply(page), "formal")
    expect(page.locator(NOTE).last).to_contain_text("한국어")
    expect(page.locator(NOTE).last).to_contain_text("합쇼체")


@pytest.mark.parametrize(("name", "level"), [("해요체", "polite"), ("반말", "casual"), ("해라체", "plain")])
def test_the_level_is_switched_with_one_click(page: Page, name: str, level: Level) -> None:
    choose_level(page, name)
    send(page, "대화는 어디에 저장돼?")
    finished(page)
    assert_level(reply(page), level)
    expect(page.locator(NOTE).last).to_contain_text(name)


def test_english_is_answered_in_english(page: Page) -> None:
    send(page, "Where are my conversations stored?")
    finished(page)
    text = reply(page)
    assert re.search(r"[a-z]{3}", text)
    assert not re.search(r"[가-힣]", text), text
    expect(page.locator(NOTE).last).to_contain_text("영어")


def test_regenerate_keeps_both_versions(page: Page) -> None:
    before = page.locator(REPLIES).count()
    page.locator("#chat").get_by_role("button", name="다시 생성").last.click()
    expect(page.locator("#version-label")).to_have_text("답변 2/2", timeout=ANSWER_MS)
    finished(page)
    expect(page.locator(REPLIES)).to_have_count(before)


def test_edit_and_resend(page: Page) -> None:
    page.locator("#chat").get_by_role("button", name="고쳐서 다시 보내기").last.click()
    page.locator("#chat textarea").fill("How do I share this page?")
    page.locator("#chat").get_by_role("button", name="보내기", exact=True).click()
    expect(page.locator(QUESTIONS).last).to_contain_text("How do I share this page?", timeout=ANSWER_MS)
    expect(page.locator("#version-label")).to_have_text("질문 2/2", timeout=ANSWER_MS)
    finished(page)


def test_the_interface_speaks_english_without_losing_chat_and_draft(page: Page) -> None:
    questions = page.locator(QUESTIONS).count()
    page.fill(BOX, "아직 쓰는 중")
    page.locator("#open-settings").click()
    page.locator("#interface-language").get_by_text("English", exact=True).click()
    expect(page.locator("#level")).to_contain_text("Casual")
    assert page.input_value(BOX) == "아직 쓰는 중"
    assert page.locator(QUESTIONS).count() == questions
    page.locator("#interface-language").get_by_text("한국어", exact=True).click()
    expect(page.locator("#level")).to_contain_text("반말")
    page.fill(BOX, "")


def test_a_reload_finds_everything_again(page: Page) -> None:
    questions, last = page.locator(QUESTIONS).all_inner_texts(), reply(page)
    page.reload()
    expect(page.locator(QUESTIONS)).to_have_count(len(questions), timeout=ANSWER_MS)
    assert page.locator(QUESTIONS).all_inner_texts() == questions
    assert reply(page) == last
    expect(page.locator("#level label.selected")).to_have_text("해라체")


def test_stop_ends_a_reply_and_the_next_one_comes(page: Page) -> None:
    # So small a model is faster than a hand: Stop is pressed in the moment it appears.
    page.evaluate(
        "() => { window.pressed = false; const press = setInterval(() => { const stop = document.querySelector('#box .stop-button');"
        " if (stop) { clearInterval(press); window.pressed = true; stop.click() } }, 5) }"
    )
    send(page, "깊이 확장이 무엇인지 자세히 설명해 줘")
    page.wait_for_function("window.pressed === true", timeout=ANSWER_MS)
    finished(page)
    send(page, "대화는 어디에 저장돼?")
    finished(page)
    assert_level(reply(page), "plain")


def test_the_chat_survives_a_kill_in_the_middle(app: App, chromium: Browser, page: Page) -> None:
    send(page, "말투 네 가지를 모두 설명해 줘")
    # The promise: a killed process loses at most its last second.
    page.wait_for_timeout(1_000)
    app.kill()
    again = App.start(app.home)
    context = chromium.new_context(locale="ko-KR")
    try:
        tab = context.new_page()
        tab.goto(again.url)
        expect(tab.locator(QUESTIONS).last).to_contain_text("말투 네 가지를 모두 설명해 줘", timeout=ANSWER_MS)
        expect(tab.locator(QUESTIONS).first).to_contain_text("이 앱은 무엇을 하는 앱인가요?")
        send(tab, "대화는 어디에 저장돼?")
        finished(tab, FIRST_ANSWER_MS)
        assert_level(reply(tab), "plain")
    finally:
        context.close()
        again.kill()
