"""The visitors' page in Chromium: two people who do not know of each other, and an owner of whom they see nothing."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from solar_chat.errors import ModelError
from solar_chat.prompts import system_prompt
from tests.ui.house import BOX, QUESTIONS, REPLIES, SEND, STOP, House, free_port, ready

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def visitors_url(house: House) -> Iterator[str]:
    from solar_chat.ui.server import serve

    with serve(house.assistant, host="127.0.0.1", port=free_port(), share=False, password=None, lang=None, visitors=True, owner=False) as addresses:
        assert addresses.owner is None
        yield addresses.visitors[0]


@pytest.fixture
def people(chromium: Browser) -> Iterator[tuple[BrowserContext, BrowserContext]]:
    """Two browsers. Fails where one of them asked another host for something."""
    both = chromium.new_context(locale="ko-KR", accept_downloads=True), chromium.new_context(locale="en-US")
    foreign: list[str] = []
    for context in both:
        context.on(
            "request", lambda request: None if request.url.startswith(("http://127.0.0.1:", "data:", "blob:")) else foreign.append(request.url)
        )
    yield both
    for context in both:
        context.close()
    assert foreign == []


def enter(context: BrowserContext, url: str) -> Page:
    tab = context.new_page()
    tab.goto(url)
    ready(tab)
    return tab


def say(tab: Page, text: str) -> None:
    tab.fill(BOX, text)
    tab.click(SEND)


def test_two_visitors_and_the_owner_see_their_own(clean: House, visitors_url: str, people: tuple[BrowserContext, BrowserContext]) -> None:
    clean.assistant.settings.update(level="plain", interface_language="en", theme="dark")
    own = clean.store.create(title="주인의 비밀")
    first, second = (enter(context, visitors_url) for context in people)
    clean.will_say("반갑습니다.")
    say(first, "저는 첫째입니다.")
    expect(first.locator(REPLIES)).to_contain_text("반갑습니다.")
    clean.will_say("Welcome.")
    say(second, "I am the second one.")
    expect(second.locator(REPLIES)).to_contain_text("Welcome.")

    expect(first.locator("#conversations label")).to_have_count(1)
    expect(second.locator("#conversations label")).to_have_count(1)
    for tab, strange in ((first, "second"), (second, "첫째")):
        expect(tab.locator("body")).not_to_contain_text(strange)
        expect(tab.locator("body")).not_to_contain_text("주인의 비밀")
    # The visitor's page is as the visitor's browser is, not as the owner left theirs.
    assert first.evaluate("document.documentElement.lang") == "ko"
    assert not first.evaluate("document.body.classList.contains('dark')")
    expect(first.locator("#level label.selected")).to_have_text("합쇼체")
    assert [conversation.id for conversation in clean.store.list()] == [own.id]


def test_a_reload_finds_the_visit_and_its_end_leaves_nothing(clean: House, visitors_url: str, people: tuple[BrowserContext, BrowserContext]) -> None:
    first = enter(people[0], visitors_url)
    clean.will_say("기억하겠습니다.")
    say(first, "기억해 주세요.")
    expect(first.locator(REPLIES)).to_contain_text("기억하겠습니다.")
    first.reload()
    ready(first)
    expect(first.locator(QUESTIONS)).to_contain_text("기억해 주세요.")

    with first.expect_download() as saved:
        first.click("#export")
    assert Path(saved.value.path()).read_text(encoding="utf-8") == "# 기억해 주세요.\n\n## 나\n\n기억해 주세요.\n\n## Solar Chat\n\n기억하겠습니다.\n"

    folders = set(clean.assistant.home.visits.iterdir())
    first.click("#open-settings")
    first.click("#leave-visit")
    expect(first.locator(QUESTIONS)).to_have_count(0)
    ready(first)
    expect(first.locator("#conversations label")).to_have_count(0)
    assert len(folders - set(clean.assistant.home.visits.iterdir())) == 1


def test_one_visitors_stop_stops_nobody_else(clean: House, visitors_url: str, people: tuple[BrowserContext, BrowserContext]) -> None:
    first, second = (enter(context, visitors_url) for context in people)
    clean.will_say(" ".join(["하나"] * 40), pause_s=0.05)
    say(first, "오래 말해 주세요.")
    expect(first.locator(REPLIES)).to_contain_text("하나 하나")
    clean.will_say("Second answer, whole and unharmed.")
    say(second, "What about me?")
    second.wait_for_selector(STOP)
    first.click(STOP)
    expect(second.locator(REPLIES)).to_contain_text("Second answer, whole and unharmed.")
    expect(first.locator(STOP)).to_have_count(0)
    clean.will_say(" ".join(["둘"] * 30), pause_s=0.05)
    say(first, "다시 말해 주세요.")
    expect(first.locator(REPLIES).last).to_contain_text("둘 둘")
    # Stopped while it waits, so that no reply is written for it.
    say(second, "And now?")
    second.click(STOP)
    # The first one's answer runs to its end.
    expect(first.locator(REPLIES).last).to_contain_text(" ".join(["둘"] * 30))


def test_nothing_of_the_owners_is_on_the_page(clean: House, visitors_url: str, people: tuple[BrowserContext, BrowserContext]) -> None:
    tab = enter(people[0], visitors_url)
    tab.click("#open-settings")
    expect(tab.locator("#visit-about")).to_contain_text("다른 사람의 컴퓨터")
    for part in ("#go-models", "#to-models", "#places", "#temperature", "#max-reply-tokens", "#model-in-use", "#view-models"):
        expect(tab.locator(part)).to_have_count(0)
    tab.evaluate("location.hash = 'models'")
    assert tab.evaluate("document.documentElement.dataset.view") == "chat"
    with urllib.request.urlopen(f"{visitors_url}config", timeout=10) as answer:
        config = json.loads(answer.read())
    told = json.dumps(config, ensure_ascii=False)
    for secret in (str(clean.assistant.home.data), str(clean.assistant.home.models), "conversations.sqlite3"):
        assert secret not in told, secret
    assert all(dependency["api_visibility"] == "private" for dependency in config["dependencies"])


def test_level_and_language_are_each_visitors_own(clean: House, visitors_url: str, people: tuple[BrowserContext, BrowserContext]) -> None:
    clean.assistant.settings.update(level="plain", interface_language="ko")
    first, second = (enter(context, visitors_url) for context in people)
    first.locator("#level label", has_text="반말").click()
    first.click("#open-settings")
    first.locator("#interface-language label", has_text="English").click()
    first.wait_for_function("document.documentElement.lang === 'en'")
    clean.will_say("응, 알았어.")
    say(first, "잘 지냈어?")
    expect(first.locator(REPLIES)).to_contain_text("응, 알았어.")
    assert system_prompt("ko", "casual") in clean.backend.requests[-1].prompt
    clean.will_say("네, 알겠습니다.")
    say(second, "잘 지내셨습니까?")
    expect(second.locator(REPLIES)).to_contain_text("네, 알겠습니다.")
    assert system_prompt("ko", "formal") in clean.backend.requests[-1].prompt
    second.reload()
    ready(second)
    assert second.evaluate("document.documentElement.lang") == "en"
    expect(second.locator("#level label.selected")).not_to_have_text("Casual")
    first.reload()
    ready(first)
    # In the language that was chosen, from the first paint on.
    assert first.evaluate("document.documentElement.lang") == "en"
    expect(first.locator("#level label.selected")).to_have_text("반말 · Casual")
    first.click("#open-settings")
    first.click("#leave-visit")
    first.wait_for_function("document.documentElement.lang === 'ko'")
    ready(first)
    expect(first.locator("#level label.selected")).to_have_text("합쇼체")
    # The owner's stay what they were.
    settings = clean.assistant.settings.load()
    assert (settings.level, settings.interface_language) == ("plain", "ko")


def test_the_handlers_of_the_owners_views_are_not_there(visitors_url: str, clean: House) -> None:
    def handlers(url: str) -> set[str]:
        with urllib.request.urlopen(f"{url}config", timeout=10) as answer:
            return {str(dependency["api_name"]).rstrip("0123456789_") for dependency in json.loads(answer.read())["dependencies"]}

    theirs, own = handlers(visitors_url), handlers(clean.url)
    # What only the owner can do: models, downloads, keys, up-scaling, settings of the machine.
    only_own = own - theirs
    assert len(only_own) > 15
    for word in ("download", "key", "server", "upscale", "model", "build", "temperature", "max_reply_tokens"):
        assert not any(word in name for name in theirs), word


def test_an_error_shows_no_path_and_is_text(clean: House, visitors_url: str, people: tuple[BrowserContext, BrowserContext]) -> None:
    tab = enter(people[0], visitors_url)
    secret = str(clean.assistant.home.models / "secret")
    clean.will_say("", error=ModelError("generation_failed", model=secret, reason=f"<img src=x onerror=window.hit=1> {secret}"))
    say(tab, "무엇이 잘못됐습니까?")
    toast = tab.locator("[data-testid=toast-body]")
    expect(toast).to_contain_text("지금은 답할 수 없습니다.")
    expect(tab.locator("body")).not_to_contain_text("secret")
    assert str(clean.assistant.home.data) not in tab.content()
    # The owner is told, and what the library said is no HTML.
    own = people[1].new_page()
    own.goto(clean.url)
    ready(own)
    clean.will_say("", error=ModelError("generation_failed", model="tiny", reason="<img src=x onerror=window.hit=1>"))
    say(own, "What went wrong?")
    expect(own.locator("[data-testid=toast-body]")).to_contain_text("<img src=x onerror=window.hit=1>")
    expect(own.locator("[data-testid=toast-body] img")).to_have_count(0)
    assert own.evaluate("window.hit === undefined")


def test_a_visitor_who_asks_too_fast_keeps_nobody_waiting(
    clean: House, visitors_url: str, people: tuple[BrowserContext, BrowserContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("solar_chat.assistant.visits.TURNS_A_MINUTE", 1)
    first, second = (enter(context, visitors_url) for context in people)
    clean.will_say("하나입니다.")
    say(first, "하나?")
    expect(first.locator(REPLIES)).to_contain_text("하나입니다.")
    expect(first.locator(SEND)).to_be_visible()
    say(first, "둘?")
    expect(first.locator("[data-testid=toast-body]")).to_contain_text("초 뒤에 다시 보내십시오.")
    expect(first.locator(BOX)).to_have_value("둘?")
    clean.will_say("Here you are.")
    say(second, "And me?")
    expect(second.locator(REPLIES)).to_contain_text("Here you are.")


def test_a_visit_that_is_over_is_said_and_the_text_stays(clean: House, visitors_url: str, people: tuple[BrowserContext, BrowserContext]) -> None:
    first, second = enter(people[0], visitors_url), enter(people[0], visitors_url)
    first.click("#open-settings")
    first.click("#leave-visit")
    ready(first)
    say(second, "아직 계십니까?")
    expect(second.locator("[data-testid=toast-body]")).to_contain_text("방문이 끝나 대화가 지워졌습니다.")
    expect(second.locator(BOX)).to_have_value("아직 계십니까?")
    expect(second.locator(SEND)).to_be_visible()
