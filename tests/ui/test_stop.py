"""Stop in a real browser: while a reply grows, while nothing comes, and before the turn has begun."""

from __future__ import annotations

from concurrent.futures import Future

import pytest
from playwright.sync_api import Page, expect

from tests.ui.house import NOTE, QUESTIONS, REPLIES, STOP, House, ask, finished, ready, send

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore")]


def test_stop_keeps_what_was_said(page: Page, clean: House) -> None:
    clean.will_say("처음입니다. " + "그리고 " * 200, pause_s=0.1)
    send(page, "길게 말해 주세요.")
    expect(page.locator(REPLIES)).to_contain_text("그리고")
    page.click(STOP)
    finished(page)
    expect(page.locator(NOTE)).to_contain_text("중지했습니다")
    expect(page.locator(REPLIES)).to_contain_text("처음입니다.")
    reply = clean.newest()[-1]
    assert reply.status == "stopped"
    assert reply.content.startswith("처음입니다.")
    # The engine is free at once: the next turn is answered, by another reply.
    ask(page, clean, "다시요.", "다음 답변입니다.")
    expect(page.locator(REPLIES).last).to_contain_text("다음 답변입니다.")


def test_stop_is_heard_while_the_model_is_silent(page: Page, clean: House) -> None:
    clean.will_say("나중에.", pause_s=600)
    send(page, "거기 있어요?")
    page.click(STOP)
    finished(page)
    expect(page.locator(REPLIES)).to_have_text("답변이 나오기 전에 중지했습니다")
    ask(page, clean, "다시요.", "네, 있습니다.")
    expect(page.locator(REPLIES).last).to_contain_text("네, 있습니다.")


def test_stop_pressed_the_moment_it_is_offered_loses_nothing(page: Page, clean: House) -> None:
    """The turn has not begun on the server by then."""
    questions = [f"{number}번 질문입니다." for number in range(4)]
    for text in questions:
        clean.will_say("나중에.", pause_s=600)
        page.evaluate(
            """selector => {
              window.pressed = false
              const press = () => {
                const stop = document.querySelector(selector)
                if (!stop) return requestAnimationFrame(press)
                stop.click()
                window.pressed = true
              }
              requestAnimationFrame(press)
            }""",
            STOP,
        )
        send(page, text)
        page.wait_for_function("window.pressed")
        finished(page)
        # Most are stopped before they have reached the model.
        clean.backend._scripts.clear()
    expect(page.locator(QUESTIONS)).to_have_text(questions)
    expect(page.locator(REPLIES)).to_have_text(["답변이 나오기 전에 중지했습니다"] * 4)
    assert [message.content for message in clean.newest() if message.role == "user"] == questions


def test_questions_that_were_stopped_early_stand_alone_and_say_so(page: Page, clean: House, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as loading:
        # A model that does not come.
        loading.setattr(clean.assistant, "ready", lambda: Future())
        for text in ("첫 질문입니다.", "둘째 질문입니다."):
            send(page, text)
            expect(page.locator("#chat .waiting")).to_be_visible()
            page.click(STOP)
            finished(page)
    page.reload()
    ready(page)
    expect(page.locator(QUESTIONS)).to_have_text(["첫 질문입니다.", "둘째 질문입니다."])
    expect(page.locator(REPLIES)).to_have_text(["답변이 나오기 전에 중지했습니다"] * 2)
    # There is nothing to copy; to ask again there is.
    answer = page.locator("#chat .message-buttons-left").get_by_role("button")
    expect(answer).to_have_count(1)
    clean.will_say("둘째 답변입니다.")
    answer.click()
    expect(page.locator(REPLIES).last).to_contain_text("둘째 답변입니다.")
    finished(page)
    assert [message.content for message in clean.newest()] == ["첫 질문입니다.", "", "둘째 질문입니다.", "둘째 답변입니다."]
    with page.expect_download() as saved:
        page.click("#export")
    exported = saved.value.path().read_text(encoding="utf-8")
    assert exported == "# 첫 질문입니다.\n\n## 나\n\n첫 질문입니다.\n\n## 나\n\n둘째 질문입니다.\n\n## Solar Chat\n\n둘째 답변입니다.\n"
    clean.will_say("고친 질문의 답변입니다.")
    page.locator("#chat").get_by_role("button", name="고쳐서 다시 보내기").first.click()
    page.locator("#chat textarea").fill("고친 질문입니다.")
    page.locator("#chat").get_by_role("button", name="보내기", exact=True).click()
    expect(page.locator(REPLIES).first).to_contain_text("고친 질문의 답변입니다.")
    finished(page)
    assert [message.content for message in clean.newest()] == ["고친 질문입니다.", "고친 질문의 답변입니다."]
