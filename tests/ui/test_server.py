"""Who may ask the page for something, what its head holds, and what is not imported for it."""

from __future__ import annotations

import gc
import http.client
import json
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from solar_chat.errors import StartError
from solar_chat.ui.environment import prepare
from tests.ui.house import House, free_port

pytestmark = pytest.mark.filterwarnings("ignore")


def ask(house: House, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> tuple[int, str]:
    connection = http.client.HTTPConnection(urlsplit(house.url).netloc, timeout=10)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    found = answer.status, answer.read().decode("utf-8", "replace")
    connection.close()
    return found


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:7860", 200),
        ("localhost:7860", 200),
        ("192.168.0.7:7860", 200),
        ("[::1]:7860", 200),
        ("evil.example", 403),
        ("localhost.evil.example", 403),
        ("abc.gradio.live", 403),
        ("8.8.8.8", 403),
        ("", 403),
    ],
)
def test_a_foreign_host_is_refused(house: House, host: str, status: int) -> None:
    assert ask(house, "GET", "/config", {"Host": host})[0] == status


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:1"])
def test_another_site_cannot_make_a_browser_write(house: House, origin: str) -> None:
    headers = {"Origin": origin, "Content-Type": "multipart/form-data; boundary=x"}
    body = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\nhi\r\n--x--\r\n'
    assert ask(house, "POST", "/gradio_api/upload", headers, body)[0] == 403


def test_the_own_origin_may_write(house: House) -> None:
    headers = {"Origin": house.url.rstrip("/"), "Content-Type": "application/json"}
    assert ask(house, "POST", "/gradio_api/queue/join", headers, b"{}")[0] != 403


def test_the_head_carries_language_theme_style_and_script(clean: House) -> None:
    clean.assistant.settings.update(interface_language="en", theme="dark")
    status, page = ask(clean, "GET", "/", {})
    head = page[: page.index("app/assets/page/page.css")]
    assert status == 200
    assert json.dumps({"language": "en", "theme": "dark", "views": ["chat", "models", "upscale"]}) in head
    assert "app/assets/page/page.js" in head
    assert "app/assets/page/marks.js" in head


PAGE = ["page.css", "page.js", "marks.js", "shortcuts.js", "AppKR-Regular.woff2", "AppKR-Bold.woff2"]


@pytest.mark.parametrize("path", [*(f"page/{name}" for name in PAGE), "icon.svg"])
def test_what_the_head_names_is_there(house: House, path: str) -> None:
    assert ask(house, "GET", f"/app/assets/{path}", {})[0] == 200


@pytest.mark.parametrize("path", ["models/starter/config.json", "page/../icon.png", "page/..%2f..%2fapp.py"])
def test_nothing_else_is_served(house: House, path: str) -> None:
    assert ask(house, "GET", f"/app/assets/{path}", {})[0] == 404


def test_a_password_closes_the_page(house: House) -> None:
    prepare()
    from solar_chat.ui.server import serve

    with serve(house.assistant, host="127.0.0.1", port=free_port(), share=False, password="비밀", lang=None) as addresses:
        connection = http.client.HTTPConnection(urlsplit(addresses.owner or "").netloc, timeout=10)
        connection.request("GET", "/config")
        assert connection.getresponse().status == 401
        connection.close()


@pytest.mark.filterwarnings("ignore")
def test_a_taken_port_is_said(house: House) -> None:
    from solar_chat.ui.server import serve

    port = urlsplit(house.url).port
    with pytest.raises(StartError) as caught, serve(house.assistant, host="127.0.0.1", port=port, share=False, password=None, lang=None):
        pass
    assert (caught.value.key, caught.value.params) == ("port_taken", {"port": port})
    # Gradio leaves the socket open that it has tried the port with; it goes here, and not in whatever test comes later.
    del caught
    gc.collect()


def test_the_page_is_built_before_torch_is_imported(tmp_path: object) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from solar_chat import ui; from solar_chat.assistant import Assistant; from solar_chat.paths import Home\n"
        f"with Assistant.open(Home.find(Path({str(tmp_path)!r}))) as assistant: ui.build(assistant)\n"
        "heavy = {'torch', 'transformers', 'kiwipiepy'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "assert sys.modules['gradio.component_meta'].create_or_modify_pyi.__name__ == '<lambda>'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
