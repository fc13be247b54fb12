"""The page as on a Space: in a frame of another site, under the Space's own name, for visitors only."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import FrameLocator, Page, Playwright, ViewportSize, expect, sync_playwright

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
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(params=["usual window", "private window"])
def visitor(request: pytest.FixtureRequest, playwright: Playwright, space: str, hub: str, tmp_path: Path) -> Iterator[tuple[Page, bool]]:
    """A browser at the Hub's page, and whether it lets a frame of another site keep anything: private windows do not."""
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium found")
    # What is http here is https on a Space.
    rules = [f"--host-resolver-rules=MAP {NAME} 127.0.0.1, MAP {HUB} 127.0.0.1", f"--unsafely-treat-insecure-origin-as-secure={space}"]
    private = request.param == "private window"
    arguments = [*CHROMIUM_ARGUMENTS, *rules]
    size: ViewportSize = {"width": 1240, "height": 800}
    with contextlib.ExitStack() as stack:
        if private:
            browser = playwright.chromium.launch(executable_path=path, args=arguments)
            stack.callback(browser.close)
            context = browser.new_context(locale="ko-KR", viewport=size)
        else:
            # As people have it who have not touched the setting: what another site's frame keeps is its own, and not refused.
            (tmp_path / "Default").mkdir()
            (tmp_path / "Default" / "Preferences").write_text(json.dumps({"profile": {"cookie_controls_mode": 0}}))
            context = playwright.chromium.launch_persistent_context(
                str(tmp_path), executable_path=path, args=arguments, headless=True, locale="ko-KR", viewport=size
            )
        stack.callback(context.close)
        page = context.new_page()
        page.goto(hub)
        yield page, not private


def frame(page: Page) -> FrameLocator:
    return page.frame_locator("iframe")


def test_a_visitor_chats_inside_the_hubs_page(visitor: tuple[Page, bool], clean: House) -> None:
    page, keeps = visitor
    inside = frame(page)
    expect(inside.locator(SEND)).to_be_visible()
    expect(inside.locator(".welcome .guest")).to_have_text("다른 사람이 연 페이지입니다. 대화는 이 방문이 끝나면 지워집니다.")
    expect(inside.locator("#chat .example")).to_have_count(2)
    clean.will_say("네, 반갑습니다.")
    inside.locator(BOX).fill("안녕하세요?")
    inside.locator(BOX).press("Enter")
    expect(inside.locator(REPLIES)).to_contain_text("네, 반갑습니다.")
    expect(inside.locator("#go-models")).to_have_count(0)
    # Nothing was complained about on the way.
    expect(inside.get_by_test_id("toast-body")).to_have_count(0)
    assert clean.store.list() == []
    page.reload()
    inside = frame(page)
    expect(inside.locator(SEND)).to_be_visible()
    if keeps:
        expect(inside.locator(QUESTIONS)).to_contain_text("안녕하세요?")
    else:
        expect(inside.locator(".welcome .guest")).to_be_visible()
