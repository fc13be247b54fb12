"""The guard's marks in the drawn reply: underlined where they stand, explained on a click, gone from what is copied."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.ui.house import NOTE, REPLIES, House, ready

# Gradio and pandas warn about each other in the server's threads, where no test can catch it.
pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore")]

BUBBLE = "#mark-bubble"
TEXT = """알겠어. **환불**은 사흘 안에 돼.

1. 주문 내역을 열어.
2. `환불` 버튼을 눌러.

```python
print("그대로")
```

알겠어. 문의는 고객센터로 해 주세요. Please wait."""


def judged(text: str, **what: object) -> dict[str, object]:
    return {"text": text, "level": "casual", "repaired": False, "original": None, "slipped": False, "how": None, "reason": None, **what}


SENTENCES = [
    judged("알겠어."),
    judged("**환불**은 사흘 안에 돼.", repaired=True, original="**환불**은 사흘 안에 됩니다.", how="inflected"),
    judged("1. 주문 내역을 열어."),
    judged("2. `환불` 버튼을 눌러.", repaired=True, original="2. `환불` 버튼을 누르십시오.", how="regenerated"),
    judged("알겠어.", repaired=True, original="알겠습니다.", how="inflected"),
    judged("문의는 고객센터로 해 주세요.", level="polite", slipped=True, reason="level"),
    judged("Please wait.", level=None, slipped=True, reason="language"),
]


@pytest.fixture
def marked(page: Page, clean: House) -> Page:
    """A tab that shows a reply with every kind of mark."""
    conversation = clean.store.create(title="환불", level="casual")
    question = clean.store.append(conversation.id, "user", "환불은?", None)
    meta: dict[str, Any] = {"language": "ko", "level": "mixed", "asked_level": "casual", "sentences": SENTENCES, "restarted": True}
    clean.store.append(conversation.id, "assistant", TEXT, question.id, meta=meta)
    page.reload()
    ready(page)
    page.locator("#conversations label").first.click()
    expect(page.locator(NOTE)).to_be_visible()
    page.wait_for_function("CSS.highlights.get('solar-strayed')?.size === 1")
    return page


def underlined(page: Page, kind: str) -> list[str]:
    found: list[str] = page.evaluate("kind => [...CSS.highlights.get(`solar-${kind}`)].map(range => range.toString())", kind)
    return found


def click_on(page: Page, kind: str, number: int = 0) -> None:
    """In the middle of the first line of a marked sentence."""
    where = """([kind, number]) => { const box = [...CSS.highlights.get(`solar-${kind}`)][number].getClientRects()[0];
      return [box.left + box.width / 2, box.top + box.height / 2] }"""
    x, y = page.evaluate(where, [kind, number])
    page.mouse.click(x, y)


def test_each_sentence_is_underlined_where_it_stands(marked: Page) -> None:
    assert underlined(marked, "inflected") == ["환불은 사흘 안에 돼.", "알겠어."]
    assert underlined(marked, "regenerated") == ["환불 버튼을 눌러."]
    assert underlined(marked, "slipped") == ["문의는 고객센터로 해 주세요."]
    # The second of two equal sentences: behind the code, not in the first line.
    second = """() => [...CSS.highlights.get('solar-inflected')][1].getBoundingClientRect().top
      > document.querySelector('#chat pre').getBoundingClientRect().bottom"""
    assert marked.evaluate(second) is True
    reply = marked.locator(REPLIES)
    expect(reply.locator("strong")).to_have_text("환불")
    expect(reply.locator("ol li")).to_have_count(2)
    expect(reply.locator("pre code")).to_contain_text('print("그대로")')
    assert "다시 썼습니다" in marked.locator(NOTE).inner_text()


def test_a_click_shows_the_original_and_another_hides_it(marked: Page) -> None:
    click_on(marked, "inflected")
    expect(marked.locator(BUBBLE)).to_contain_text("고치기 전: 환불은 사흘 안에 됩니다.")
    expect(marked.locator(BUBBLE)).to_contain_text("문장 끝을 고쳤습니다.")
    click_on(marked, "inflected")
    expect(marked.locator(BUBBLE)).to_have_count(0)
    click_on(marked, "slipped")
    expect(marked.locator(BUBBLE)).to_have_text("이 문장은 해요체로 남았습니다.")
    click_on(marked, "inflected", 1)
    expect(marked.locator(BUBBLE)).to_contain_text("알겠습니다.")
    marked.keyboard.press("Escape")
    expect(marked.locator(BUBBLE)).to_have_count(0)


def test_the_keyboard_steps_through_the_sentences(marked: Page) -> None:
    chip = marked.get_by_role("button", name="2문장을 고쳤습니다")
    chip.focus()
    for shown in ("환불은 사흘 안에 됩니다.", "알겠습니다."):
        marked.keyboard.press("Enter")
        expect(marked.locator(BUBBLE)).to_contain_text(shown)
        expect(chip).to_have_attribute("aria-expanded", "true")
    marked.keyboard.press("Enter")
    expect(marked.locator(BUBBLE)).to_have_count(0)
    expect(chip).to_have_attribute("aria-expanded", "false")


def test_kinds_differ_without_colour(marked: Page) -> None:
    kinds = ("inflected", "regenerated", "slipped", "strayed")
    style = "kind => getComputedStyle(document.querySelector('#chat .bot-row p'), `::highlight(solar-${kind})`).textDecorationStyle"
    assert [marked.evaluate(style, kind) for kind in kinds] == ["dotted", "double", "wavy", "dashed"]


def test_what_is_copied_is_the_markdown_alone(marked: Page) -> None:
    marked.context.grant_permissions(["clipboard-read", "clipboard-write"])
    marked.locator(REPLIES).hover()
    marked.locator("#chat .bot-row ~ .message-buttons, #chat .message-buttons").get_by_role("button", name="복사").last.click()
    assert marked.evaluate("navigator.clipboard.readText()").strip() == TEXT


def test_a_fresh_reply_is_marked_without_a_reload(page: Page, clean: House) -> None:
    clean.will_say("확인했어요. 감사합니다.")
    page.fill("#box textarea", "확인해 주세요.")
    page.press("#box textarea", "Enter")
    page.wait_for_function("CSS.highlights.get('solar-inflected')?.size === 1")
    assert underlined(page, "inflected") == ["확인했습니다."]
    click_on(page, "inflected")
    expect(page.locator(BUBBLE)).to_contain_text("확인했어요.")


def test_without_the_api_the_list_in_the_note_says_it_all(marked: Page) -> None:
    marked.add_init_script("delete window.Highlight")
    marked.reload()
    ready(marked)
    expect(marked.locator(NOTE)).to_be_visible()
    marked.locator(NOTE).locator("summary").click()
    expect(marked.locator(NOTE).locator("li.mark")).to_have_count(5)
    expect(marked.locator(NOTE).locator("li.regenerated del")).to_have_text("환불 버튼을 누르십시오.")
