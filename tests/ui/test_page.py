"""The page in a real browser: what a person types, sees and loses (nothing)."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, CDPSession, Page, expect

from solar_chat.errors import ModelError
from tests.ui.house import BOX, NOTE, QUESTIONS, REPLIES, SEND, House, ask, eventually, finished, open_tab, ready, send

# Gradio and pandas warn about each other in the server's threads, where no test can catch it.
pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore")]


def test_korean_is_typed_and_answered_with_a_note(page: Page, clean: House) -> None:
    clean.will_say("네, 확인했습니다. 내일 보내 드리겠습니다.")
    send(page, "자료를 보내 주세요.")
    expect(page.locator(REPLIES)).to_contain_text("네, 확인했습니다. 내일 보내 드리겠습니다.")
    finished(page)
    expect(page.locator(NOTE)).to_contain_text("한국어")
    expect(page.locator(NOTE)).to_contain_text("합쇼체 2/2 문장")
    assert [(message.role, message.status) for message in clean.newest()] == [("user", "complete"), ("assistant", "complete")]
    expect(page.locator("#title h1")).to_have_text("자료를 보내 주세요.")
    expect(page.locator("#conversations label.selected")).to_have_text("자료를 보내 주세요.")
    expect(page.locator("#status")).to_have_text("준비됐습니다 · Solar Starter · CPU")


def test_a_repaired_sentence_says_so_and_shows_what_it_was(page: Page, clean: House) -> None:
    clean.will_say("확인했어요.")
    send(page, "확인해 주세요.")
    expect(page.locator(NOTE)).to_contain_text("1문장을 고쳤습니다")
    page.locator(NOTE).locator("summary").click()
    expect(page.locator(NOTE).locator("del")).to_have_text("확인했어요.")
    expect(page.locator(REPLIES)).to_contain_text("확인했습니다.")


def test_the_answer_grows_while_it_is_written(page: Page, clean: House) -> None:
    clean.will_say("하나 둘 셋 넷 다섯 여섯 일곱 여덟 아홉 열", pause_s=0.15)
    send(page, "열까지 세어 주세요.")
    expect(page.locator(REPLIES)).to_contain_text("둘")
    assert "열" not in page.locator(REPLIES).inner_text()
    expect(page.locator(REPLIES)).to_contain_text("아홉 열")
    finished(page)


def test_another_conversation_can_be_read_meanwhile(page: Page, clean: House) -> None:
    ask(page, clean, "첫 대화입니다.", "첫째 답변입니다.")
    page.click("#new-conversation")
    expect(page.locator(REPLIES)).to_have_count(0)
    clean.will_say("천천히 " * 8 + "끝났습니다.", pause_s=0.2)
    send(page, "둘째 대화입니다.")
    expect(page.locator(REPLIES)).to_contain_text("천천히")
    page.locator("#conversations").get_by_text("첫 대화입니다.").click()
    expect(page.locator(REPLIES)).to_contain_text("첫째 답변입니다.")
    finished(page)
    assert "천천히" not in page.locator("#chat").inner_text()
    page.locator("#conversations").get_by_text("둘째 대화입니다.").click()
    expect(page.locator(REPLIES)).to_contain_text("끝났습니다.")


def test_enter_during_an_answer_keeps_the_draft(page: Page, clean: House) -> None:
    clean.will_say("천천히 말합니다. " * 6, pause_s=0.15)
    send(page, "천천히 말해 주세요.")
    expect(page.locator(REPLIES)).to_contain_text("천천히")
    page.fill(BOX, "다음 질문입니다")
    page.press(BOX, "Enter")
    expect(page.locator(QUESTIONS)).to_have_count(1)
    finished(page)
    assert page.input_value(BOX) == "다음 질문입니다"
    assert len(clean.newest()) == 2


def test_empty_text_does_nothing(page: Page, clean: House) -> None:
    page.fill(BOX, "   ")
    page.press(BOX, "Enter")
    page.click(SEND)
    page.wait_for_timeout(300)
    assert page.input_value(BOX) == "   "
    assert clean.store.list() == []


def test_regenerating_makes_a_second_version_and_the_arrows_go_back(page: Page, clean: House) -> None:
    ask(page, clean, "인사해 주세요.", "첫째 답변입니다.")
    clean.will_say("둘째 답변입니다.")
    page.locator("#chat").get_by_role("button", name="다시 생성").click()
    expect(page.locator(REPLIES)).to_contain_text("둘째 답변입니다.")
    finished(page)
    expect(page.locator("#version-label")).to_have_text("답변 2/2")
    page.click("#previous-version")
    expect(page.locator(REPLIES)).to_contain_text("첫째 답변입니다.")
    expect(page.locator("#version-label")).to_have_text("답변 1/2")
    expect(page.locator("#previous-version")).to_be_disabled()
    page.click("#next-version")
    expect(page.locator(REPLIES)).to_contain_text("둘째 답변입니다.")


def test_editing_sends_again_and_keeps_the_old_branch(page: Page, clean: House) -> None:
    ask(page, clean, "첫 질문입니다.", "첫 답변입니다.")
    ask(page, clean, "둘째 질문입니다.", "둘째 답변입니다.")
    clean.will_say("고친 질문의 답변입니다.")
    page.locator("#chat").get_by_role("button", name="고쳐서 다시 보내기").last.click()
    editor = page.locator("#chat textarea")
    expect(editor).to_have_value("둘째 질문입니다.")
    editor.fill("고친 질문입니다.")
    page.locator("#chat").get_by_role("button", name="보내기", exact=True).click()
    expect(page.locator(REPLIES).last).to_contain_text("고친 질문의 답변입니다.")
    finished(page)
    assert [message.content for message in clean.newest()] == ["첫 질문입니다.", "첫 답변입니다.", "고친 질문입니다.", "고친 질문의 답변입니다."]
    expect(page.locator("#version-label")).to_have_text("질문 2/2")
    page.click("#previous-version")
    expect(page.locator(REPLIES).last).to_contain_text("둘째 답변입니다.")


def test_a_correction_that_was_begun_does_not_go_along_to_another_conversation(page: Page, clean: House) -> None:
    ask(page, clean, "첫 질문입니다.", "첫 답변입니다.")
    page.locator("#chat").get_by_role("button", name="고쳐서 다시 보내기").click()
    page.locator("#chat textarea").fill("다른 말입니다.")
    page.click("#new-conversation")
    expect(page.locator(QUESTIONS)).to_have_count(0)
    ask(page, clean, "새 질문입니다.", "새 답변입니다.")
    expect(page.locator(QUESTIONS)).to_contain_text("새 질문입니다.")
    expect(page.locator("#chat textarea")).to_have_count(0)
    page.locator("#chat").get_by_role("button", name="고쳐서 다시 보내기").click()
    page.locator("#conversations label").last.click()
    expect(page.locator(QUESTIONS)).to_contain_text("첫 질문입니다.")
    expect(page.locator("#chat textarea")).to_have_count(0)


def test_level_and_reply_language_are_one_click_and_stay_with_the_conversation(page: Page, clean: House) -> None:
    ask(page, clean, "안녕하세요.", "안녕하십니까.")
    page.locator("#level").get_by_text("해요체").click()
    page.locator("#reply-language").get_by_text("English").click()
    expect(page.locator("#reply-language label.selected")).to_have_text("English")
    assert eventually(lambda: clean.assistant.settings.load().reply_language == "en" and clean.assistant.settings.load().level == "polite")
    page.reload()
    ready(page)
    expect(page.locator("#level label.selected")).to_have_text("해요체")
    conversation = clean.store.list()[0]
    assert (conversation.level, conversation.reply_language) == ("polite", "en")
    settings = clean.assistant.settings.load()
    assert (settings.level, settings.reply_language) == ("polite", "en")
    ask(page, clean, "What is it?", "It is a test.")
    expect(page.locator(NOTE).last).to_contain_text("영어")


def test_another_language_keeps_draft_and_chat(page: Page, clean: House) -> None:
    ask(page, clean, "안녕하세요.", "안녕하십니까.")
    page.fill(BOX, "쓰던 글")
    page.click("#open-settings")
    page.locator("#interface-language").get_by_text("English").click()
    expect(page.locator("#title h1")).to_have_text("안녕하세요.")
    expect(page.locator("#new-conversation")).to_have_text("New conversation")
    expect(page.locator(NOTE)).to_contain_text("Formal 1/1 sentences")
    expect(page.locator(SEND)).to_have_text("Send")
    expect(page.locator("#status")).to_have_text("Ready · Solar Starter · CPU")
    assert page.input_value(BOX) == "쓰던 글"
    page.reload()
    ready(page)
    expect(page.locator("#new-conversation")).to_have_text("New conversation")
    assert page.evaluate("document.documentElement.lang") == "en"
    page.click("#open-settings")
    page.locator("#interface-language").get_by_text("한국어").click()
    expect(page.locator("#new-conversation")).to_have_text("새 대화")
    assert eventually(lambda: clean.assistant.settings.load().interface_language == "ko")


def test_dark_at_once_and_after_a_reload(page: Page, clean: House) -> None:
    page.click("#open-settings")
    page.locator("#theme").get_by_text("어둡게").click()
    expect(page.locator("body.dark")).to_be_attached()
    assert eventually(lambda: clean.assistant.settings.load().theme == "dark")
    page.reload()
    ready(page)
    expect(page.locator("body.dark")).to_be_attached()


def test_a_reload_shows_the_same_conversation(page: Page, clean: House) -> None:
    ask(page, clean, "첫 대화입니다.", "첫째입니다.")
    page.click("#new-conversation")
    expect(page.locator(REPLIES)).to_have_count(0)
    ask(page, clean, "둘째 대화입니다.", "둘째입니다.")
    page.locator("#conversations").get_by_text("첫 대화입니다.").click()
    expect(page.locator(REPLIES)).to_contain_text("첫째입니다.")
    page.reload()
    ready(page)
    expect(page.locator(REPLIES)).to_contain_text("첫째입니다.")


def test_rename_delete_undo_and_search(page: Page, clean: House) -> None:
    ask(page, clean, "환불이 언제 되나요?", "사흘 안에 됩니다.")
    page.click("#new-conversation")
    ask(page, clean, "날씨를 알려 주세요.", "맑습니다.")
    page.click("#rename")
    page.fill("#new-title input, #new-title textarea", "오늘 날씨")
    page.press("#new-title input, #new-title textarea", "Enter")
    expect(page.locator("#title h1")).to_have_text("오늘 날씨")
    page.click("#delete")
    expect(page.locator("#undo-text")).to_have_text("‘오늘 날씨’ 대화를 삭제했습니다.")
    expect(page.locator("#title h1")).to_have_text("환불이 언제 되나요?")
    page.click("#undo")
    expect(page.locator("#title h1")).to_have_text("오늘 날씨")
    expect(page.locator("#conversations label")).to_have_count(2)
    page.fill("#search textarea, #search input", "사흘")
    expect(page.locator("#conversations label")).to_have_count(1)
    expect(page.locator("#conversations label")).to_contain_text("사흘 안에 됩니다.")
    page.locator("#conversations label").click()
    expect(page.locator("#title h1")).to_have_text("환불이 언제 되나요?")


def test_an_older_tab_does_not_write_over_a_newer_one(profile: BrowserContext, clean: House) -> None:
    first = open_tab(profile, clean)
    ask(first, clean, "처음입니다.", "네, 처음입니다.")
    second = open_tab(profile, clean)
    expect(second.locator(REPLIES)).to_contain_text("네, 처음입니다.")
    ask(first, clean, "다음입니다.", "네, 다음입니다.")
    send(second, "늦은 글입니다.")
    expect(second.get_by_test_id("toast-body")).to_contain_text("다른 창에서 이 대화가 이어졌습니다.")
    expect(second.locator(REPLIES).last).to_contain_text("네, 다음입니다.")
    expect(second.locator(BOX)).to_have_value("늦은 글입니다.")
    assert [message.content for message in clean.newest()] == ["처음입니다.", "네, 처음입니다.", "다음입니다.", "네, 다음입니다."]
    clean.will_say("이제 됩니다.")
    second.press(BOX, "Enter")
    expect(second.locator(REPLIES).last).to_contain_text("이제 됩니다.")


def test_an_error_gives_the_text_back(page: Page, clean: House) -> None:
    clean.backend.enqueue([], error=ModelError("empty_reply", model="scripted"))
    send(page, "이 글은 <b>남아야</b> 합니다.")
    expect(page.get_by_test_id("toast-body")).to_contain_text("scripted 모델이 아무 말도 하지 않았습니다.")
    expect(page.locator(BOX)).to_have_value("이 글은 <b>남아야</b> 합니다.")
    expect(page.locator(QUESTIONS)).to_have_count(0)
    finished(page)
    assert clean.store.list() == []
    clean.will_say("이번에는 됩니다.")
    page.press(BOX, "Enter")
    expect(page.locator(REPLIES)).to_contain_text("이번에는 됩니다.")


def test_an_error_after_the_first_words_keeps_both(page: Page, clean: House) -> None:
    clean.backend.enqueue(["여기까지입니다."], error=ModelError("empty_reply", model="scripted"))
    send(page, "말해 주세요.")
    expect(page.locator(NOTE)).to_contain_text("오류로 끊겼습니다")
    expect(page.locator(REPLIES)).to_contain_text("여기까지입니다.")
    finished(page)
    assert page.input_value(BOX) == ""


def test_markdown_code_and_formulas(page: Page, clean: House) -> None:
    clean.backend.enqueue(["**굵게** $x^2$ 그리고 \\(y\\)\n\n```python\nprint(1)\n```\n\n\\[z\\]\n\n<script>window.evil = 1</script>"])
    send(page, "보여 주세요.")
    reply = page.locator(REPLIES)
    expect(page.locator(NOTE)).to_be_visible()
    expect(reply.locator("strong")).to_have_text("굵게")
    expect(reply.locator("pre code")).to_contain_text("print(1)")
    expect(reply.locator(".katex").first).to_be_visible()
    assert reply.locator(".katex").count() >= 3
    assert page.evaluate("window.evil") is None


def test_old_messages_wait_behind_a_button(page: Page, clean: House) -> None:
    conversation = clean.store.create(title="긴 대화")
    parent: str | None = None
    for number in range(40):
        parent = clean.store.append(conversation.id, "user" if number % 2 == 0 else "assistant", f"{number}번", parent).id
    page.reload()
    ready(page)
    expect(page.locator("#chat")).to_contain_text("39번")
    expect(page.locator(QUESTIONS)).to_have_count(15)
    page.click("#earlier")
    expect(page.locator(QUESTIONS)).to_have_count(20)
    expect(page.locator("#earlier")).to_be_hidden()


def test_two_hundred_conversations_stay_quick(page: Page, clean: House) -> None:
    for number in range(200):
        clean.store.create(title=f"대화 {number}")
    page.reload()
    ready(page)
    expect(page.locator("#conversations label")).to_have_count(200)
    before = page.evaluate("performance.now()")
    page.locator("#conversations").get_by_text("대화 150", exact=True).click()
    expect(page.locator("#title h1")).to_have_text("대화 150")
    assert page.evaluate("performance.now()") - before < 3000


def test_a_phone_is_not_covered(profile: BrowserContext, clean: House) -> None:
    tab = profile.new_page()
    tab.set_viewport_size({"width": 390, "height": 780})
    tab.goto(clean.url)
    ready(tab)
    expect(tab.locator(".sidebar.open")).to_have_count(0)
    ask(tab, clean, "안녕하세요.", "안녕하십니까. 반갑습니다.")
    for part in (BOX, "#level", "#reply-language", REPLIES):
        area = tab.locator(part).first.bounding_box()
        assert area is not None
        assert area["x"] >= 0
        assert area["x"] + area["width"] <= 390
        assert area["y"] + area["height"] <= 780
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    tab.locator("#level").get_by_text("반말").click()
    expect(tab.locator("#level label.selected")).to_have_text("반말")
    assert eventually(lambda: clean.assistant.settings.load().level == "casual")
    # The list closes over the conversation that is chosen in it, also where it is the one on show.
    tab.locator("#conversations-panel .toggle-button").click()
    expect(tab.locator(".sidebar.open")).to_have_count(1)
    tab.locator("#conversations label.selected").click()
    expect(tab.locator(".sidebar.open")).to_have_count(0)


def test_controls_have_names_and_the_keyboard_reaches_them(page: Page, clean: House) -> None:
    expect(page.get_by_role("textbox", name="메시지")).to_be_focused()
    expect(page.get_by_role("group", name="말투")).to_be_visible()
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.closest('#reply-language') !== null")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.closest('#level') !== null")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#level label.selected")).to_have_text("해요체")
    assert eventually(lambda: clean.assistant.settings.load().level == "polite")
    assert page.locator("#status [role=status][aria-live=polite]").count() == 1
    nameless = """[...document.querySelectorAll('button, input, textarea')].filter(e => e.offsetParent !== null
      && !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length || e.title)).map(e => e.outerHTML.slice(0, 120))"""
    assert page.evaluate(nameless) == []


JAMO = {"key": "Process", "windowsVirtualKeyCode": 229, "nativeVirtualKeyCode": 229}
ENTER = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "nativeVirtualKeyCode": 13}


def compose(session: CDPSession, text: str) -> None:
    """A syllable that the input method has not handed over yet."""
    session.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **JAMO})
    session.send("Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)})


def key(session: CDPSession, kind: str, **extra: Any) -> None:
    session.send("Input.dispatchKeyEvent", {"type": kind, **extra})


@pytest.mark.parametrize("order", ["swallowed", "commit then Enter", "commit then keydown and keypress", "Enter before commit"])
def test_one_enter_sends_a_composed_text_once_and_whole(page: Page, clean: House, order: str) -> None:
    """The four orders in which input methods deliver Enter (notes on IMEs); `swallowed` is an Enter that only ends the composition."""
    session = page.context.new_cdp_session(page)
    page.focus(BOX)
    session.send("Input.insertText", {"text": "안녕하세"})
    compose(session, "요")
    match order:
        case "swallowed":
            key(session, "rawKeyDown", **JAMO)
            session.send("Input.insertText", {"text": "요"})
            page.wait_for_timeout(200)
            assert page.input_value(BOX) == "안녕하세요"
            assert clean.store.list() == []
            key(session, "keyDown", text="\r", **ENTER)
        case "commit then Enter":
            key(session, "rawKeyDown", **JAMO)
            session.send("Input.insertText", {"text": "요"})
            key(session, "char", text="\r", **ENTER)
        case "commit then keydown and keypress":
            key(session, "rawKeyDown", **JAMO)
            session.send("Input.insertText", {"text": "요"})
            key(session, "rawKeyDown", **ENTER)
            key(session, "char", text="\r", **ENTER)
        case _:
            key(session, "rawKeyDown", **ENTER)
            session.send("Input.insertText", {"text": "요"})
            key(session, "char", text="\r", **ENTER)
    expect(page.locator(REPLIES)).to_contain_text("알겠습니다.")
    finished(page)
    assert page.input_value(BOX) == ""
    assert [message.content for message in clean.newest() if message.role == "user"] == ["안녕하세요"]
