"""Switching between the views: the browser's alone, kept in the address, and nothing in the chat is lost by it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from solar_chat.ui.views import views_css
from tests.ui.house import BOX, REPLIES, House, ask, finished, open_tab, ready, send

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore")]


def test_a_draft_and_a_running_answer_outlive_a_look_at_another_view(page: Page, clean: House) -> None:
    expect(page.locator("#models")).to_have_count(0)
    clean.will_say("하나 둘 셋 넷 다섯 여섯 일곱 여덟 아홉 열", pause_s=0.2)
    send(page, "열까지 세어 주세요.")
    expect(page.locator(REPLIES)).to_contain_text("둘")
    page.fill(BOX, "쓰던 글")
    page.click("#go-models")
    expect(page.locator("#models")).to_be_visible()
    expect(page.locator("#box")).to_be_hidden()
    expect(page.locator("#title")).to_be_hidden()
    expect(page.get_by_role("heading", name="모델", exact=True)).to_be_visible()
    page.go_back()
    expect(page.locator("#go-chat")).to_have_attribute("aria-current", "page")
    finished(page)
    expect(page.locator(REPLIES)).to_contain_text("아홉 열")
    assert page.input_value(BOX) == "쓰던 글"
    ask(page, clean, "다시요.", "다음 답변입니다.")


def test_a_reload_stays_in_the_view_and_a_conversation_leads_back(page: Page, clean: House) -> None:
    ask(page, clean, "안녕하세요.", "안녕하십니까.")
    page.click("#go-models")
    page.reload()
    expect(page.locator("#models")).to_be_visible()
    expect(page.locator("#go-models")).to_have_attribute("aria-current", "page")
    page.locator("#conversations label.selected").click()
    expect(page.locator(REPLIES)).to_contain_text("안녕하십니까.")
    expect(page.locator("#models")).to_be_hidden()


def test_the_keyboard_reaches_the_views(page: Page, clean: House) -> None:
    page.focus("#go-chat")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#models")).to_be_visible()
    assert page.evaluate("location.hash") == "#models"


def test_an_address_that_names_no_view_shows_the_chat(page: Page, clean: House) -> None:
    page.goto(f"{clean.url}#secret")
    page.reload()
    ready(page)
    expect(page.locator("#box")).to_be_visible()


def test_on_a_phone_the_list_closes_over_the_view(page: Page, clean: House) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    tab = open_tab(page.context, clean)
    tab.set_viewport_size({"width": 390, "height": 844})
    tab.reload()
    ready(tab)
    tab.click("#conversations-panel .toggle-button")
    tab.click("#go-models")
    expect(tab.locator(".sidebar.open")).to_have_count(0)
    expect(tab.locator("#models")).to_be_visible()
    page.set_viewport_size({"width": 1280, "height": 800})


def test_each_view_hides_the_parts_of_the_others() -> None:
    assert views_css(["chat", "models"]) == (
        "html:not([data-view='chat']) .of-chat{display:none!important}html:not([data-view='models']) .of-models{display:none!important}"
    )


def test_a_page_for_visitors_has_the_chat_alone(clean: House) -> None:
    """Neither components nor handlers nor a way: what is not built cannot be asked for."""
    # Imports Gradio, which the house has prepared by now.
    from solar_chat.ui.layers import head_html
    from solar_chat.ui.page import build_page

    def ids(views: tuple[str, ...]) -> set[str]:
        config = build_page(clean.assistant, views).get_config_file()
        return {str(component["props"].get("elem_id")) for component in config["components"]}

    everything, visitor = ids(("chat", "models", "upscale")), ids(("chat",))
    assert {"go-models", "opened-models", "models", "downloads", "server-key", "to-models"} <= everything
    assert not {"go-models", "go-chat", "opened-models", "refresh-models", "models", "downloads", "server-key", "to-models"} & visitor
    mine = {"go-upscale", "opened-upscale", "refresh-upscale", "upscale-source", "upscale-name", "upscale-build", "upscale-job"}
    assert mine <= everything
    assert not mine & visitor
    assert "box" in visitor
    head = head_html(clean.assistant.settings.load(), None, ("chat",))
    assert '"views": ["chat"]' in head
    assert "of-models" not in head
