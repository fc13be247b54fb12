"""What the page has read ahead, in a real browser: a draft once it rests, the conversation on show; and that nobody who types or sends notices."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Page, Request, expect

from solar_chat.engine import GenerationRequest, ScriptedBackend
from solar_chat.prompts import system_prompt
from tests.ui.house import BOX, REPLIES, House, ask, eventually, finished, free_port, ready, send

# Gradio and pandas warn about each other in the server's threads, where no test can catch it.
pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore")]

OPEN = f"<|system|>{system_prompt('ko', 'formal')}<|end|><|user|>"
JAMO = {"key": "Process", "windowsVirtualKeyCode": 229, "nativeVirtualKeyCode": 229}
RESTS_MS = 400


def ahead(backend: ScriptedBackend) -> list[str]:
    """The prompts that were only read."""
    return [request.prompt for request in backend.requests if request.max_reply_tokens == 0]


def asked(backend: ScriptedBackend) -> list[GenerationRequest]:
    return [request for request in backend.requests if request.max_reply_tokens]


@pytest.fixture(autouse=True)
def korean(clean: House) -> None:
    """Before a word is typed the interface decides the language, and that follows the machine."""
    clean.assistant.settings.update(interface_language="ko")


@pytest.fixture
def uploads(page: Page, clean: House) -> Iterator[list[str]]:
    """The bodies of what this tab sends to the server while it is typed into; begins when the page has come to rest."""
    seen: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST":
            seen.append(request.post_data or "")

    assert eventually(lambda: bool(ahead(clean.backend)))
    # A heartbeat runs for ever, so the network never falls idle.
    page.wait_for_timeout(700)
    clean.backend.requests.clear()
    page.on("request", note)
    yield seen
    page.remove_listener("request", note)


def test_a_page_that_opens_has_the_system_prompt_read(page: Page, clean: House) -> None:
    clean.backend.requests.clear()
    page.reload()
    ready(page)
    assert eventually(lambda: OPEN in ahead(clean.backend))
    assert asked(clean.backend) == []


def test_a_draft_is_read_once_it_rests(page: Page, clean: House, uploads: list[str]) -> None:
    page.type(BOX, "내일 회의 자료를", delay=30)
    assert ahead(clean.backend) == []
    assert eventually(lambda: ahead(clean.backend) == [f"{OPEN}내일 회의 자료를"])
    page.wait_for_timeout(RESTS_MS)
    assert len(uploads) == 1
    page.type(BOX, " 보내 주세요", delay=30)
    assert eventually(lambda: ahead(clean.backend)[-1] == f"{OPEN}내일 회의 자료를 보내 주세요")
    page.wait_for_timeout(RESTS_MS)
    assert len(uploads) == 2
    assert page.input_value(BOX) == "내일 회의 자료를 보내 주세요"
    assert clean.store.list() == []
    assert page.evaluate("document.activeElement.closest('#box') !== null")
    clean.will_say("보내 드리겠습니다.")
    page.press(BOX, "Enter")
    expect(page.locator(REPLIES)).to_contain_text("보내 드리겠습니다.")
    finished(page)
    assert clean.newest()[0].content == "내일 회의 자료를 보내 주세요"
    assert asked(clean.backend)[0].prompt.startswith(f"{OPEN}내일 회의 자료를 보내 주세요<|end|>")


def test_a_few_letters_and_what_is_deleted_at_once_are_not_read(page: Page, clean: House, uploads: list[str]) -> None:
    page.type(BOX, "네 음")
    page.wait_for_timeout(2 * RESTS_MS)
    page.fill(BOX, "이것은 지울 글입니다")
    page.fill(BOX, "")
    page.wait_for_timeout(2 * RESTS_MS)
    assert uploads == []
    assert ahead(clean.backend) == []


def test_what_is_sent_at_once_is_not_read_before(page: Page, clean: House, uploads: list[str]) -> None:
    clean.will_say("알겠습니다. " * 3, pause_s=0.4)
    send(page, "바로 보내는 글입니다.")
    expect(page.locator(REPLIES)).to_contain_text("알겠습니다.")
    assert [prompt for prompt in ahead(clean.backend) if "바로" in prompt and "알겠" not in prompt] == []
    assert len(asked(clean.backend)) == 1
    finished(page)
    # What comes next is read as soon as the reply has ended.
    assert eventually(
        lambda: ahead(clean.backend)[-1:] == [f"{OPEN}바로 보내는 글입니다.<|end|><|assistant|>알겠습니다. 알겠습니다. 알겠습니다.<|end|><|user|>"]
    )


def test_what_is_typed_during_an_answer_is_read_behind_it(page: Page, clean: House, uploads: list[str]) -> None:
    clean.will_say("천천히 말합니다. " * 4, pause_s=0.3)
    send(page, "천천히 말해 주세요.")
    expect(page.locator(REPLIES)).to_contain_text("천천히")
    page.type(BOX, "그다음 질문입니다")
    page.wait_for_timeout(2 * RESTS_MS)
    assert not any("그다음" in body for body in uploads)
    finished(page)
    assert eventually(lambda: ahead(clean.backend)[-1:] != [] and ahead(clean.backend)[-1].endswith("<|end|><|user|>그다음 질문입니다"))
    assert page.input_value(BOX) == "그다음 질문입니다"


def test_another_conversation_and_another_choice_are_read(page: Page, clean: House) -> None:
    ask(page, clean, "첫 대화입니다.", "첫째 답변입니다.")
    page.click("#new-conversation")
    expect(page.locator(REPLIES)).to_have_count(0)
    assert eventually(lambda: ahead(clean.backend)[-1] == OPEN)
    page.locator("#conversations").get_by_text("첫 대화입니다.").click()
    rest = "<|end|><|user|>첫 대화입니다.<|end|><|assistant|>첫째 답변입니다.<|end|><|user|>"
    assert eventually(lambda: ahead(clean.backend)[-1] == f"<|system|>{system_prompt('ko', 'formal')}{rest}")
    page.locator("#level").get_by_text("해요체").click()
    assert eventually(lambda: ahead(clean.backend)[-1] == f"<|system|>{system_prompt('ko', 'polite')}{rest}")
    page.locator("#reply-language").get_by_text("English").click()
    assert eventually(lambda: ahead(clean.backend)[-1].startswith(f"<|system|>{system_prompt('en', 'polite')}"))
    page.fill(BOX, "쓰던 글입니다")
    assert eventually(lambda: ahead(clean.backend)[-1].endswith("<|user|>쓰던 글입니다"))
    assert ahead(clean.backend)[-1].startswith(f"<|system|>{system_prompt('en', 'polite')}")


def compose(session: CDPSession, text: str) -> None:
    """A syllable that the input method has not handed over yet."""
    session.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **JAMO})
    session.send("Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)})


def test_a_syllable_in_the_making_is_read_and_left_alone(page: Page, clean: House, uploads: list[str]) -> None:
    session = page.context.new_cdp_session(page)
    composing = "window.composing = []; for (const kind of ['compositionstart', 'compositionend'])"
    page.evaluate(f"{composing} document.addEventListener(kind, () => window.composing.push(kind))")
    page.focus(BOX)
    session.send("Input.insertText", {"text": "안녕하세"})
    compose(session, "ㅇ")
    compose(session, "요")
    assert eventually(lambda: ahead(clean.backend) == [f"{OPEN}안녕하세요"])
    # The draft was read in the middle of the composition, which goes on.
    assert page.evaluate("window.composing") == ["compositionstart"]
    compose(session, "욥")
    compose(session, "요")
    session.send("Input.insertText", {"text": "요"})
    assert page.evaluate("window.composing.at(-1)") == "compositionend"
    session.send("Input.insertText", {"text": "?"})
    assert eventually(lambda: ahead(clean.backend)[-1] == f"{OPEN}안녕하세요?")
    assert page.input_value(BOX) == "안녕하세요?"
    clean.will_say("안녕하십니까.")
    page.press(BOX, "Enter")
    finished(page)
    assert [message.content for message in clean.newest() if message.role == "user"] == ["안녕하세요?"]


def test_typing_on_while_drafts_are_read_changes_nothing_and_sends_all(page: Page, clean: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow server: the first draft is still being looked at when the text is sent."""
    real = clean.assistant.prepare
    begun: list[str] = []
    released = threading.Event()

    def slow(conversation_id: str | None, draft: str = "", **chosen: Any) -> bool:
        begun.append(draft)
        released.wait(30)
        return real(conversation_id, draft, **chosen)

    monkeypatch.setattr(clean.assistant, "prepare", slow)
    page.focus(BOX)
    for part in ("하나부터 ", "다섯까지 ", "천천히 ", "세어 주세요"):
        page.keyboard.insert_text(part)
        page.wait_for_timeout(RESTS_MS + 100)
        # On a busy machine the rest may begin later than the text.
        assert eventually(lambda: "하나부터 " in begun)
    assert page.input_value(BOX) == "하나부터 다섯까지 천천히 세어 주세요"
    clean.will_say("하나입니다.")
    page.press(BOX, "Enter")
    expect(page.locator(REPLIES)).to_contain_text("하나입니다.")
    # One draft hangs and the newest waits behind it; the reply has passed both. What the page read when it opened, without a draft, may come late.
    assert next(draft for draft in begun if draft) == "하나부터 "
    assert not released.is_set()
    released.set()
    finished(page)
    assert clean.newest()[0].content == "하나부터 다섯까지 천천히 세어 주세요"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere this computer has one loopback address")
def test_another_computers_browser_keeps_its_draft(chromium: Browser, clean: House) -> None:
    """The page under an address that page.js does not count as home; all else is as ever."""
    # Imports Gradio, which must be prepared first.
    from solar_chat.ui.server import serve

    posted: list[str] = []
    with serve(clean.assistant, host="127.0.0.2", port=free_port(), share=False, password=None, lang=None) as addresses:
        context = chromium.new_context(locale="ko-KR")
        tab = context.new_page()
        tab.on("request", lambda request: posted.append(request.post_data or "") if request.method == "POST" else None)
        tab.goto(addresses.owner or "")
        ready(tab)
        tab.type(BOX, "비밀스러운 초고입니다")
        tab.wait_for_timeout(3 * RESTS_MS)
        tab.locator("#level").get_by_text("해요체").click()
        assert eventually(lambda: ahead(clean.backend)[-1] == f"<|system|>{system_prompt('ko', 'polite')}<|end|><|user|>")
        context.close()
    assert posted
    assert not any("초고" in body for body in posted)
    assert not any("초고" in prompt for prompt in ahead(clean.backend))
