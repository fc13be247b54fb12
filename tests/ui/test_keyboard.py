"""Shortcuts, the list of them, the window's title and the names of things: by keys as browsers and input methods deliver them."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, CDPSession, Page, expect

from tests.ui.house import BOX, NOTE, REPLIES, SEND, STOP, House, ask, eventually, finished, open_tab, ready, send
from tests.ui.test_page import JAMO, compose

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore")]
ALT = 1
LIST = "#shortcuts"


@pytest.fixture
def keys(page: Page) -> CDPSession:
    return page.context.new_cdp_session(page)


def press(session: CDPSession, code: str, key: str, modifiers: int = 0, **more: object) -> None:
    number = ord(code[-1]) if code.startswith("Key") else {"Comma": 188, "Slash": 191}.get(code, 0)
    session.send(
        "Input.dispatchKeyEvent",
        {"type": "rawKeyDown", "code": code, "key": key, "windowsVirtualKeyCode": number, "modifiers": modifiers, **more},
    )
    session.send("Input.dispatchKeyEvent", {"type": "keyUp", "code": code, "key": key, "windowsVirtualKeyCode": number, "modifiers": modifiers})


@pytest.mark.parametrize("key", ["n", "N", "ㅜ"])
def test_a_new_conversation_with_any_layout(page: Page, clean: House, keys: CDPSession, key: str) -> None:
    ask(page, clean, "안녕하세요.", "안녕하십니까.")
    press(keys, "KeyN", key, ALT)
    expect(page.locator(REPLIES)).to_have_count(0)
    expect(page.locator(BOX)).to_be_focused()


def test_nothing_fires_while_a_syllable_is_composed(page: Page, clean: House, keys: CDPSession) -> None:
    ask(page, clean, "안녕하세요.", "안녕하십니까.")
    clean.will_say("하나 " * 60, pause_s=0.1)
    send(page, "오래 말해 주세요.")
    expect(page.locator(REPLIES).last).to_contain_text("하나 하나")
    page.focus(BOX)
    compose(keys, "누")
    for code, modifiers in (("KeyN", ALT), ("KeyK", ALT), ("Escape", 0), ("Slash", ALT)):
        keys.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", "code": code, "modifiers": modifiers, **JAMO})
    page.wait_for_timeout(300)
    expect(page.locator(STOP)).to_be_visible()
    expect(page.locator(LIST)).not_to_be_visible()
    assert page.input_value(BOX) == "누"
    assert page.evaluate("document.activeElement.closest('#box') !== null")
    keys.send("Input.insertText", {"text": "누"})
    page.keyboard.press("Escape")
    finished(page)
    expect(page.locator(NOTE).last).to_contain_text("중지했습니다")
    # The draft outlives the stop.
    assert page.input_value(BOX) == "누"


def test_search_settings_and_back_to_the_box(page: Page, clean: House, keys: CDPSession) -> None:
    page.click("#conversations-panel > .toggle-button")
    expect(page.locator("#conversations-panel.open")).to_have_count(0)
    press(keys, "KeyK", "ㅏ", ALT)
    expect(page.locator("#search input, #search textarea")).to_be_focused()
    press(keys, "KeyI", "ㅑ", ALT)
    expect(page.locator(BOX)).to_be_focused()
    press(keys, "Comma", ",", ALT)
    expect(page.locator("#settings.open")).to_have_count(1)
    assert eventually(lambda: bool(page.evaluate("document.activeElement.closest('#settings') !== null")))
    page.keyboard.press("Escape")
    expect(page.locator("#settings.open")).to_have_count(0)
    expect(page.locator(BOX)).to_be_focused()


def test_the_box_is_found_from_another_view(page: Page, clean: House, keys: CDPSession) -> None:
    page.click("#go-models")
    expect(page.locator("#models")).to_be_visible()
    press(keys, "KeyI", "i", ALT)
    expect(page.locator(BOX)).to_be_focused()


def test_the_last_reply_is_copied_without_its_note(profile: BrowserContext, clean: House) -> None:
    profile.grant_permissions(["clipboard-read", "clipboard-write"])
    page = open_tab(profile, clean)
    keys = profile.new_cdp_session(page)
    press(keys, "KeyC", "c", ALT)
    expect(page.locator("#said")).to_have_text("복사할 답변이 없습니다.")
    ask(page, clean, "첫 질문입니다.", "첫 답변입니다.")
    clean.will_say("**둘째** 답변입니다.")
    send(page, "둘째 질문입니다.")
    expect(page.locator(REPLIES).last).to_contain_text("둘째 답변입니다.")
    finished(page)
    press(keys, "KeyC", "ㅊ", ALT)
    expect(page.locator("#said").last).to_have_text("답변을 복사했습니다.")
    assert eventually(lambda: page.evaluate("navigator.clipboard.readText()") == "**둘째** 답변입니다.")
    # A question that was stopped before an answer came is passed over.
    page.evaluate("navigator.clipboard.writeText('')")
    last = clean.newest()[-1]
    asked = clean.store.append(last.conversation_id, "user", "셋째 질문입니다.", last.id)
    clean.store.append(last.conversation_id, "assistant", "", asked.id, status="stopped")
    page.reload()
    ready(page)
    press(keys, "KeyC", "c", ALT)
    assert eventually(lambda: page.evaluate("navigator.clipboard.readText()") == "**둘째** 답변입니다.")
    profile.clear_permissions()


def test_the_list_speaks_the_interfaces_language(page: Page, clean: House) -> None:
    page.fill(BOX, "")
    page.keyboard.type("?")
    # In the box it is a question mark.
    assert page.input_value(BOX) == "?"
    page.locator("#new-conversation").focus()
    page.keyboard.press("?")
    expect(page.locator(LIST)).to_be_visible()
    expect(page.locator(f"{LIST} h2")).to_have_text("단축키")
    expect(page.locator(f"{LIST} dl > div").first).to_have_text("새 대화Alt+N")
    expect(page.locator(f"{LIST} .in-window")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.locator(LIST)).to_be_hidden()
    page.click("#open-settings")
    page.locator("#interface-language").get_by_text("English").click()
    expect(page.locator("#show-shortcuts")).to_have_text("Keyboard shortcuts")
    page.click("#show-shortcuts")
    expect(page.locator(f"{LIST} dl > div").first).to_have_text("New conversationAlt+N")
    page.get_by_role("button", name="Close", exact=True).click()
    expect(page.locator(LIST)).to_be_hidden()


def test_escape_closes_what_lies_on_top_first(page: Page, clean: House) -> None:
    clean.will_say("하나 " * 60, pause_s=0.1)
    send(page, "오래 말해 주세요.")
    expect(page.locator(REPLIES)).to_contain_text("하나")
    page.evaluate("window.solarShortcuts()")
    expect(page.locator(LIST)).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(LIST)).to_be_hidden()
    expect(page.locator(STOP)).to_be_visible()
    page.keyboard.press("Escape")
    finished(page)
    expect(page.locator(NOTE)).to_contain_text("중지했습니다")


def test_a_browsers_own_keys_stay_its_own(page: Page, clean: House) -> None:
    page.evaluate(
        """() => { window.taken = []; addEventListener('keydown', (event) => { if (event.defaultPrevented) window.taken.push(event.code) }) }"""
    )
    page.focus(BOX)
    for combination in (
        "Control+n",
        "Control+k",
        "Control+f",
        "Control+Equal",
        "Control+Minus",
        "Control+0",
        "Alt+d",
        "Alt+f",
        "Alt+ArrowLeft",
        "F1",
        "F6",
    ):
        page.evaluate(
            """(combination) => {
                const parts = combination.split('+')
                const key = parts.pop()
                const code = key.length === 1 ? (/[0-9]/.test(key) ? `Digit${key}` : `Key${key.toUpperCase()}`) : key
                const event = {key, code, ctrlKey: parts.includes('Control'), altKey: parts.includes('Alt'), bubbles: true, cancelable: true}
                document.activeElement.dispatchEvent(new KeyboardEvent('keydown', event))
            }""",
            combination,
        )
    assert page.evaluate("window.taken") == []


def test_the_apps_own_window_has_a_zoom_and_remembers_it(page: Page, clean: House) -> None:
    page.evaluate("window.pywebview = {}")
    for code, size in (("Equal", "1.1"), ("NumpadAdd", "1.25"), ("Minus", "1.1")):
        page.keyboard.press(f"Control+{code}")
        assert page.evaluate("document.documentElement.style.zoom") == size
    box = page.locator(BOX).bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 800
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight + 1")
    page.reload()
    ready(page)
    page.evaluate("window.pywebview = {}; dispatchEvent(new Event('pywebviewready'))")
    assert page.evaluate("document.documentElement.style.zoom") == "1.1"
    page.keyboard.press("Control+0")
    assert page.evaluate("document.documentElement.style.zoom") == ""


def test_the_window_is_called_after_what_it_shows(page: Page, clean: House) -> None:
    expect(page).to_have_title("Solar Chat")
    ask(page, clean, "환불이 언제 되나요?", "사흘 안에 됩니다.")
    expect(page).to_have_title("환불이 언제 되나요? - Solar Chat")
    page.click("#go-models")
    expect(page).to_have_title("모델 - Solar Chat")
    page.click("#new-conversation")
    expect(page).to_have_title("Solar Chat")
    expect(page.locator(SEND)).to_be_visible()


def test_no_name_is_left_in_english_in_the_korean_page(page: Page, clean: House) -> None:
    ask(page, clean, "안녕하세요.", "안녕하십니까.")
    page.click("#open-settings")
    page.click("#go-upscale")
    expect(page.locator("#upscale-drop")).to_be_visible()
    names = """() => [...document.querySelectorAll('[aria-label], [title]')].flatMap((part) => [part.ariaLabel, part.title])
      .filter((name) => name && /\\b(toggle|sidebar|conversation|input|slider|for|button|message)\\b/i.test(name))"""
    assert eventually(lambda: page.evaluate(names) == []), page.evaluate(names)
    expect(page.get_by_role("button", name="대화 목록 열고 닫기")).to_be_visible()
    expect(page.get_by_role("slider", name="뺄 층 수 (m)")).to_be_visible()


def test_bold_hangul_is_drawn_in_a_bold_font(page: Page, clean: House) -> None:
    """Of the system or the bundled one; never a regular cut that the browser thickens, never a font picked by chance."""
    clean.will_say("**굵은 한글**과 보통 한글입니다.")
    send(page, "안녕하세요.")
    expect(page.locator(REPLIES)).to_contain_text("보통 한글입니다.")
    finished(page)
    session = page.context.new_cdp_session(page)
    session.send("DOM.enable")
    session.send("CSS.enable")
    root = session.send("DOM.getDocument", {"depth": 0})["root"]["nodeId"]
    for selector, weight in ((f"{REPLIES} strong", "Bold"), (f"{REPLIES} p", "Regular")):
        node = session.send("DOM.querySelector", {"nodeId": root, "selector": selector})["nodeId"]
        fonts = session.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
        assert {font["familyName"] for font in fonts} <= {"Noto Sans CJK KR", "Noto Sans KR", "Malgun Gothic", "Apple SD Gothic Neo", "AppKR"}, fonts
        assert any(weight in font["postScriptName"] for font in fonts), fonts
