"""The page as on a Space: in a frame of another site, under the Space's own name, for visitors only."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import FrameLocator, Page, expect, sync_playwright

from tests.conftest import CHROMIUM_ARGUMENTS, find_chromium
from tests.ui.house import BOX, QUESTIONS, REPLIES, SEND, House, free_port

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore")]
NAME = "someone-solar-chat.hf.space"
HUB = "hub.example"


@pytest.fixture(scope="module")
def space(house: House) -> Iterator[str]:
    from solar_chat.ui.server import serve

    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"SYSTEM": "spaces", "SPACE_ID": "someone/solar-chat", "SPACE_HOST": NAME}.items():
            patch.setenv(name, value)
        port = free_port()
        with serve(house.assistant, host="0.0.0.0", port=port, share=False, password=None, lang=None, visitors=True, owner=False):
            yield f"http://{NAME}:{port}"


@pytest.fixture(scope="module")
def hub(space: str) -> Iterator[str]:
    """A page of another site that shows the Space in a frame."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f'<iframe src="{space}/" style="width:1200px;height:760px;border:0" allow="clipboard-write"></iframe>'.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Not on stderr."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://{HUB}:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def visitor(space: str, hub: str) -> Iterator[Page]:
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium found")
    with sync_playwright() as playwright:
        # What is http here is https on a Space.
        rules = [f"--host-resolver-rules=MAP {NAME} 127.0.0.1, MAP {HUB} 127.0.0.1", f"--unsafely-treat-insecure-origin-as-secure={space}"]
        browser = playwright.chromium.launch(executable_path=path, args=[*CHROMIUM_ARGUMENTS, *rules])
        page = browser.new_context(locale="ko-KR", viewport={"width": 1240, "height": 800}).new_page()
        page.goto(hub)
        yield page
        browser.close()


def frame(page: Page) -> FrameLocator:
    return page.frame_locator("iframe")


def test_a_visitor_chats_inside_the_hubs_page(visitor: Page, clean: House) -> None:
    inside = frame(visitor)
    expect(inside.locator(SEND)).to_be_visible()
    expect(inside.locator(".welcome .guest")).to_have_text("다른 사람이 연 페이지입니다. 대화는 이 방문이 끝나면 지워집니다.")
    expect(inside.locator("#chat .example")).to_have_count(2)
    clean.will_say("네, 반갑습니다.")
    inside.locator(BOX).fill("안녕하세요?")
    inside.locator(BOX).press("Enter")
    expect(inside.locator(REPLIES)).to_contain_text("네, 반갑습니다.")
    expect(inside.locator("#go-models")).to_have_count(0)
    assert clean.store.list() == []
    # A frame's storage is its own, and the visit is in it.
    visitor.reload()
    expect(frame(visitor).locator(QUESTIONS)).to_contain_text("안녕하세요?")
    expect(frame(visitor).locator(REPLIES)).to_contain_text("네, 반갑습니다.")
