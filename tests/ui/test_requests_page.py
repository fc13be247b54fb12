"""Asking for a level or a language in a message, as the page shows it: the choosers follow, the note says so, Undo takes it back."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.ui.house import BOX, NOTE, REPLIES, House, ask, eventually, finished, open_tab, ready, send

# Gradio and pandas warn about each other in the server's threads, where no test can catch it.
pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore")]

LEVEL = "#level label.selected"
LANGUAGE = "#reply-language label.selected"
CHANGE = "#chat .reply-note .change"
UNDO = "#chat .undo-change"


def test_a_request_changes_the_level_at_once_and_from_then_on(page: Page, clean: House) -> None:
    clean.will_say("그럴게. " + "천천히 말할게. " * 8, pause_s=0.15)
    send(page, "앞으로 반말로 해줘")
    # While the reply is still being written.
    expect(page.locator(LEVEL)).to_have_text("반말")
    assert page.evaluate("window.solarBusy") is True
    finished(page)
    expect(page.locator(CHANGE)).to_contain_text("이 대화를 반말로 바꿨습니다.")
    assert clean.store.list()[0].level == "casual"
    assert clean.assistant.settings.load().level == "formal"
    clean.will_say("확인했습니다.")
    send(page, "고마워!")
    expect(page.locator(REPLIES).last).to_contain_text("확인했어.")
    finished(page)
    page.click("#new-conversation")
    expect(page.locator(LEVEL)).to_have_text("합쇼체")


def test_undo_restores_and_both_outlive_a_reload(page: Page, clean: House) -> None:
    ask(page, clean, "반말로, 한국어로 해줘", "그럴게.")
    expect(page.locator(LEVEL)).to_have_text("반말")
    expect(page.locator(LANGUAGE)).to_have_text("한국어")
    page.reload()
    ready(page)
    expect(page.locator(CHANGE)).to_contain_text("이 대화를 반말로 바꿨습니다. 이 대화에서는 이제 한국어로 답합니다.")
    expect(page.locator(LEVEL)).to_have_text("반말")
    page.locator(UNDO).focus()
    page.keyboard.press("Enter")
    expect(page.locator(LEVEL)).to_have_text("합쇼체")
    expect(page.locator(LANGUAGE)).to_have_text("따라가기")
    expect(page.locator(CHANGE)).to_contain_text("그 뒤에 되돌렸습니다.")
    expect(page.locator(UNDO)).to_have_count(0)
    stored = clean.store.list()[0]
    assert (stored.level, stored.reply_language) == ("formal", "follow")
    page.reload()
    ready(page)
    expect(page.locator(LEVEL)).to_have_text("합쇼체")
    expect(page.locator(CHANGE)).to_contain_text("그 뒤에 되돌렸습니다.")
    ask(page, clean, "고마워요.", "괜찮습니다.")


def test_the_keyboard_reaches_undo(page: Page, clean: House) -> None:
    ask(page, clean, "반말로 해줘", "그럴게.")
    page.focus(BOX)
    for _ in range(12):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("document.activeElement.classList.contains('undo-change')"):
            break
    page.keyboard.press("Space")
    expect(page.locator(LEVEL)).to_have_text("합쇼체")


def test_another_choice_takes_the_way_back_away(page: Page, clean: House) -> None:
    ask(page, clean, "반말로 해줘", "그럴게.")
    page.locator("#level").get_by_text("해라체").click()
    assert eventually(lambda: clean.store.list()[0].level == "plain")
    page.reload()
    ready(page)
    expect(page.locator(CHANGE)).to_contain_text("이 대화를 반말로 바꿨습니다.")
    expect(page.locator(UNDO)).to_have_count(0)


def test_another_window_sees_it_when_it_draws_again(profile: BrowserContext, clean: House) -> None:
    first = open_tab(profile, clean)
    ask(first, clean, "안녕하세요.", "안녕하십니까.")
    second = open_tab(profile, clean)
    expect(second.locator(LEVEL)).to_have_text("합쇼체")
    ask(first, clean, "반말로 해줘", "그럴게.")
    second.click("#new-conversation")
    expect(second.locator("#conversations label.selected")).to_have_count(0)
    second.locator("#conversations label").first.click()
    expect(second.locator(LEVEL)).to_have_text("반말")
    expect(second.locator(UNDO)).to_be_visible()


def test_the_note_speaks_english_too(page: Page, clean: House) -> None:
    clean.assistant.settings.update(interface_language="en")
    page.reload()
    ready(page)
    ask(page, clean, "please answer in casual Korean", "그럴게.")
    expect(page.locator(CHANGE)).to_contain_text("This conversation is now in casual Korean. This conversation is now answered in Korean.")
    expect(page.locator(UNDO)).to_have_text("Undo")
    expect(page.locator(LANGUAGE)).to_have_text("한국어")


def test_talk_about_a_level_changes_nothing(page: Page, clean: House) -> None:
    ask(page, clean, "'반말로 해줘'가 영어로 뭐예요?", "영어로는 그렇게 말하지 않습니다.")
    expect(page.locator(NOTE)).to_be_visible()
    expect(page.locator(CHANGE)).to_have_count(0)
    expect(page.locator(LEVEL)).to_have_text("합쇼체")
