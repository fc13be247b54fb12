"""The owner at the visitors' address: nobody without the password gets to the owner's page, by any path; whoever has it does, in a browser, too."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, expect

from solar_chat.ui.owner_door import COOKIE, LEAVE, PATH, SAFE_COOKIE, OwnersPage
from tests.ui.house import BOX, QUESTIONS, REPLIES, SEND, House, free_port, ready

PASSWORD = "주인만 아는 긴 비밀번호"
VISITORS = "방문자용"
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def shared(house: House) -> Iterator[tuple[str, str]]:
    """(the owner's address, the visitors') of a page with a password for each."""
    from solar_chat.ui.server import serve

    with serve(
        house.assistant, host="127.0.0.1", port=free_port(), share=False, password=None, lang=None, visitors=True, owner_password=PASSWORD
    ) as addresses:
        assert addresses.owner is not None
        yield addresses.owner, addresses.visitors[0]


@pytest.fixture
def carried(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that reached the owner's page through the visitors' server."""
    paths: list[str] = []
    carry = OwnersPage.carry

    async def noted(self: OwnersPage, scope: Any, receive: Any, send: Any) -> None:
        paths.append(scope["path"])
        await carry(self, scope, receive, send)

    monkeypatch.setattr(OwnersPage, "carry", noted)
    return paths


def ask(url: str, method: str, path: str, body: str | None = None, **headers: str) -> tuple[int, list[tuple[str, str]], str]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if body is not None:
        sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
    connection.request(method, path, None if body is None else body.encode(), sent)
    answer = connection.getresponse()
    # A stream that does not end by itself (heartbeat) is not read.
    text = "" if "event-stream" in answer.getheader("content-type", "") else answer.read().decode("utf-8", "replace")
    connection.close()
    return answer.status, answer.getheaders(), text


def log_in(url: str, password: str = PASSWORD, **headers: str) -> tuple[int, str]:
    """(status, the cookie that is set) of a login."""
    status, told, _ = ask(url, "POST", PATH, urlencode({"password": password}), **headers)
    return status, next((value for name, value in told if name == "set-cookie" and "Max-Age=0" not in value), "")


def paths_of_the_owners_page(house: House) -> list[tuple[str, str]]:
    """(method, path) of everything that Gradio answers for the owner's page."""
    from gradio.routes import App

    from solar_chat.ui.page import build_page

    found = set()
    routes = App.create_app(build_page(house.assistant)).routes
    # FastAPI keeps what was included from another router as one entry.
    for route in [*routes, *(inner for outer in routes for inner in getattr(getattr(outer, "original_router", None), "routes", ()))]:
        path = re.sub(r"{[^}]*}", "x", getattr(route, "path", ""))
        found |= {(method, path) for method in getattr(route, "methods", None) or {"GET"} if path}
    return sorted(found)


def test_no_path_leads_a_visitor_to_the_owners_page(clean: House, shared: tuple[str, str], carried: list[str]) -> None:
    secret = clean.store.create(title="주인의 비밀")
    tried = paths_of_the_owners_page(clean)
    assert len(tried) > 30
    odd = ["//", "/./", "/owner/", "/owner/config", "/owner/../config", "/OWNER", "/%6fwner/x", "/owner%2fconfig", "/owner;/config", "/?owner=1"]
    tried += [("GET", path) for path in [*odd, "/config?__theme=dark", "/gradio_api/info"]]
    quoted = f'{COOKIE}="a\\"b"'
    cookies = [None, f"{COOKIE}=x", f"{COOKIE}=", quoted, f"{SAFE_COOKIE}={'a' * 43}", f"{COOKIE}={'a' * 43}; {COOKIE}={'b' * 43}", "\xff=\x01"]
    for method, path in tried:
        for cookie in cookies if method == "GET" else cookies[:2]:
            headers = {} if cookie is None else {"Cookie": cookie}
            _, _, text = ask(shared[1], method, path, "{}" if method == "POST" else None, **headers)
            for mark in ("go-models", "view-models", "view-upscale", secret.id, "주인의 비밀", str(clean.assistant.home.data)):
                assert mark not in text, (method, path, cookie, mark)
    # Its answer repeats what was asked for.
    assert ask(shared[1], "GET", "/gradio_api/file=" + quote(str(clean.assistant.home.history)))[0] == 403
    assert carried == []
    # What was looked for is there where it belongs.
    assert "go-models" in ask(shared[0], "GET", "/config")[2]


def test_the_password_opens_the_owners_page_to_this_session_alone(clean: House, shared: tuple[str, str], carried: list[str]) -> None:
    status, cookie = log_in(shared[1])
    assert status == 303
    name, _, rest = cookie.partition("=")
    assert name == COOKIE
    assert {part.strip().lower() for part in rest.split(";")[1:]} >= {"httponly", "samesite=strict", "path=/", "max-age=43200"}
    own = cookie.split(";")[0]
    assert "go-models" in ask(shared[1], "GET", "/config", Cookie=own)[2]
    assert "go-models" not in ask(shared[1], "GET", "/config")[2]
    _, told, page = ask(shared[1], "GET", "/", Cookie=own)
    assert '"views": ["chat", "models", "upscale"]' in page
    # No cache keeps it for whoever asks for the same address next.
    assert ("cache-control", "no-store") in told
    # What is everybody's may be kept.
    assert ("cache-control", "no-store") not in ask(shared[1], "GET", "/app/assets/page/page.js", Cookie=own)[1]
    assert carried == ["/config", "/", "/app/assets/page/page.js"]
    assert ask(shared[1], "POST", LEAVE, "", Cookie=own)[0] == 303
    status, told, text = ask(shared[1], "GET", "/config", Cookie=own)
    assert status == 401
    assert "go-models" not in text
    # The browser is told to forget it, so that a reload shows the visitors' page.
    assert any(header == "set-cookie" and value.startswith(f'{COOKIE}="";') and "Max-Age=0" in value for header, value in told)
    assert len(carried) == 3


def test_what_is_checked_at_the_visitors_server_is_checked_for_the_owner_too(shared: tuple[str, str]) -> None:
    own = log_in(shared[1])[1].split(";")[0]
    assert ask(shared[1], "GET", "/config", Cookie=own, Host="evil.example")[0] == 403
    assert ask(shared[1], "POST", "/gradio_api/queue/join", "{}", Cookie=own, Origin="http://evil.example")[0] == 403
    assert log_in(shared[1], Origin="http://evil.example")[0] == 403
    assert ask(shared[1], "POST", LEAVE, "", Cookie=own, Origin="null")[0] == 403
    assert ask(shared[1], "GET", "/config", Cookie=own)[0] == 200
    ask(shared[1], "POST", LEAVE, "", Cookie=own)


@pytest.mark.parametrize(
    ("host", "origin"), [("192.168.0.7:7860", "http://192.168.0.7:8080"), ("192.168.0.7:7860", "null"), ("10.0.0.2", "http://a.b")]
)
def test_a_page_of_the_same_site_cannot_read_along(shared: tuple[str, str], host: str, origin: str) -> None:
    # Another port of the same computer, or another tunnel of the same domain, is the same site: its requests carry the cookie, however strict.
    own = log_in(shared[1])[1].split(";")[0]
    for path in ("/", "/config", "/gradio_api/queue/data?session_hash=x", PATH):
        status, _, text = ask(shared[1], "GET", path, Cookie=own, Host=host, Origin=origin)
        assert (status, text) == (403, "forbidden")
    assert ask(shared[1], "GET", "/config", Cookie=own, Host=host, Origin=f"http://{host}")[0] == 200
    ask(shared[1], "POST", LEAVE, "", Cookie=own)


def test_over_tls_the_cookie_is_bound_to_it(shared: tuple[str, str]) -> None:
    # The tunnel's end on this computer says so, as uvicorn takes it from there only.
    status, cookie = log_in(shared[1], X_Forwarded_Proto="https")
    assert status == 303
    assert cookie.startswith(f"{SAFE_COOKIE}=")
    assert "Secure" in cookie
    given = cookie.split(";")[0].partition("=")[2]
    # Neither a plain cookie over TLS nor the bound one without it is taken.
    assert "go-models" in ask(shared[1], "GET", "/config", X_Forwarded_Proto="https", Cookie=f"{SAFE_COOKIE}={given}")[2]
    assert "go-models" not in ask(shared[1], "GET", "/config", X_Forwarded_Proto="https", Cookie=f"{COOKIE}={given}")[2]
    assert "go-models" not in ask(shared[1], "GET", "/config", Cookie=f"{SAFE_COOKIE}={given}")[2]


@pytest.mark.parametrize("body", ["", "password=", "password=x", "x", "password=" + "가" * 5000, "\x00", '{"password": "x"}'])
def test_wrong_passwords_are_told_and_counted(house: House, body: str) -> None:
    from solar_chat.ui.server import serve

    with serve(
        house.assistant, host="127.0.0.1", port=free_port(), share=False, password=None, lang=None, visitors=True, owner_password=PASSWORD
    ) as addresses:
        url = addresses.visitors[0]
        for _ in range(5):
            status, told, text = ask(url, "POST", PATH, body, Accept_Language="ko-KR")
            assert (status, "주인 비밀번호가 아닙니다." in text) == (403, True)
            assert not any(name == "set-cookie" and "Max-Age=0" not in value for name, value in told)
        status, told, text = ask(url, "POST", PATH, urlencode({"password": PASSWORD}))
        assert status == 429
        assert 1 <= int(dict(told)["retry-after"]) <= 300
        assert "too many wrong passwords" in text


def test_the_login_page_is_safe_to_show(shared: tuple[str, str]) -> None:
    status, told, text = ask(shared[1], "GET", PATH, Accept_Language="ko")
    headers = dict(told)
    assert (status, headers["cache-control"]) == (200, "no-store")
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert '<html lang="ko">' in text
    assert "암호화되지 않아" in text
    assert "암호화되지" not in ask(shared[1], "GET", PATH, Accept_Language="ko", X_Forwarded_Proto="https")[2]
    assert ask(shared[1], "PUT", PATH)[0] == 405
    assert ask(shared[1], "GET", LEAVE)[0] == 303
    # There is no such door on the owner's own server, nor anywhere without a password for it.
    assert ask(shared[0], "POST", PATH, urlencode({"password": PASSWORD}))[0] in (404, 405)


def test_without_an_owners_password_there_is_no_way_in(house: House) -> None:
    from solar_chat.ui.server import serve

    with serve(house.assistant, host="127.0.0.1", port=free_port(), share=False, password=None, lang=None, visitors=True) as addresses:
        assert ask(addresses.visitors[0], "POST", PATH, urlencode({"password": ""}))[0] in (404, 405)
        assert "go-models" not in ask(addresses.visitors[0], "GET", "/config", Cookie=f"{COOKIE}=x")[2]


def test_the_visitors_password_cannot_be_guessed_fast(house: House) -> None:
    from solar_chat.ui.server import serve

    with serve(
        house.assistant, host="127.0.0.1", port=free_port(), share=False, password=VISITORS, lang=None, visitors=True, owner_password=PASSWORD
    ) as addresses:
        url = addresses.visitors[0]
        for path in ("/login", "/login/", "/login", "/login", "/login"):
            assert ask(url, "POST", path, urlencode({"username": "solar", "password": "x"}))[0] in (400, 307)
        for _ in range(2):
            status = ask(url, "POST", "/login", urlencode({"username": "solar", "password": "x"}))[0]
        assert status == 429
        assert ask(url, "POST", "/login", urlencode({"username": "solar", "password": VISITORS}))[0] == 429
        # The owner's login counts its own tries, and needs no visitor's password.
        status, cookie = log_in(url)
        assert status == 303
        assert "go-models" in ask(url, "GET", "/config", Cookie=cookie.split(";")[0])[2]


def test_many_guesses_at_once_are_not_more_guesses(house: House) -> None:
    from solar_chat.ui.server import serve

    with serve(house.assistant, host="127.0.0.1", port=free_port(), share=False, password=VISITORS, lang=None, visitors=True) as addresses:
        body = urlencode({"username": "solar", "password": "x"})
        guessers = [http.client.HTTPConnection(urlsplit(addresses.visitors[0]).netloc, timeout=20) for _ in range(12)]
        # Each is past the check before the first one has said what it guesses.
        for guesser in guessers:
            guesser.putrequest("POST", "/login")
            guesser.putheader("Content-Type", "application/x-www-form-urlencoded")
            guesser.putheader("Content-Length", str(len(body)))
            guesser.endheaders()
        assert ask(addresses.visitors[0], "GET", "/config")[0] == 401
        for guesser in guessers:
            guesser.send(body.encode())
        found = [guesser.getresponse().status for guesser in guessers]
        for guesser in guessers:
            guesser.close()
        assert found.count(400) == 5
        assert found.count(429) == 7


@pytest.mark.browser
def test_the_owner_works_from_another_device(clean: House, shared: tuple[str, str], chromium: Browser) -> None:
    own = clean.store.create(title="주인의 대화")
    phone, stranger = chromium.new_context(locale="ko-KR", viewport={"width": 390, "height": 800}), chromium.new_context(locale="ko-KR")
    try:
        tab = phone.new_page()
        tab.goto(f"{shared[1]}owner")
        tab.fill("#password", "틀린 비밀번호입니다")
        tab.press("#password", "Enter")
        expect(tab.locator("[role=alert]")).to_have_text("주인 비밀번호가 아닙니다. 다시 입력하십시오.")
        tab.fill("#password", PASSWORD)
        tab.press("#password", "Enter")
        ready(tab)
        expect(tab.locator("#go-models")).to_have_count(1)
        clean.will_say("네, 주인님 말씀을 적었습니다.")
        tab.fill(BOX, "밖에서 묻습니다.")
        tab.click(SEND)
        expect(tab.locator(REPLIES)).to_contain_text("네, 주인님 말씀을 적었습니다.")
        # In the owner's own history: the page had opened the newest conversation of it.
        assert [message.content for message in clean.store.path(own.id)] == ["밖에서 묻습니다.", "네, 주인님 말씀을 적었습니다."]

        other = stranger.new_page()
        other.goto(shared[1])
        ready(other)
        expect(other.locator("#go-models")).to_have_count(0)
        expect(other.locator("body")).not_to_contain_text("밖에서 묻습니다.")

        tab.goto(f"{shared[1]}owner")
        tab.click("button.quiet")
        expect(tab.locator("#password")).to_be_visible()
        tab.goto(shared[1])
        ready(tab)
        expect(tab.locator("#go-models")).to_have_count(0)
        expect(tab.locator(QUESTIONS)).to_have_count(0)
        assert json.dumps(phone.cookies()).count(COOKIE) == 0
    finally:
        phone.close()
        stranger.close()
