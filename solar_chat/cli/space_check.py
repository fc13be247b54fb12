"""`space --check`: the app started as a Space starts it, and a visitor's chat played through the page's own requests.

A process of its own, with a Space's variables, a home that cannot be written to and no keychain. The rule: every line says what was seen, and a line
that failed says what; nothing is left behind. Asks no other host for anything.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from solar_chat.cli.space_head import front_matter
from solar_chat.i18n import Catalogue, InterfaceLanguage

_ROOT: Final = Path(__file__).resolve().parents[2]
README: Final = _ROOT / "README.md"
_NAME: Final = "someone-solar-chat.hf.space"
_START_S: Final = 120.0
_REPLY_S: Final = 180.0
_STOP_S: Final = 20.0
_QUESTION: Final = "안녕하세요? 오늘 기분이 어떠세요?"
_SECRET: Final = "sk-solar-of-the-space-itself"
_HANGUL: Final = re.compile("[가-힣]")
_LONGEST_DESCRIPTION: Final = 60
# Parts of the owner's page.
_OWNERS: Final = frozenset({"view-models", "view-upscale", "go-models", "to-models", "places", "model-in-use", "temperature", "max-reply-tokens"})


class _Failed(Exception):
    """What was seen instead of what should have been."""


def check_space(port: int, catalogue: Catalogue, lang: InterfaceLanguage) -> bool:
    """Print what holds and what does not, line by line; whether all of it holds."""
    passed = True

    def hold(key: str, claim: Callable[[], object]) -> bool:
        nonlocal passed
        sentence = catalogue.tr(lang, f"space.check_{key}")
        try:
            seen = claim()
        except (_Failed, OSError, http.client.HTTPException, ValueError, KeyError) as error:
            passed = False
            print(f"✗ {sentence} {catalogue.tr(lang, 'space.but', seen=str(error) or type(error).__name__)}", flush=True)
            return False
        print(f"✓ {sentence}{f' {seen}' if seen else ''}", flush=True)
        return True

    hold("readme", lambda: check_front_matter(README.read_text(encoding="utf-8"), (_ROOT / "requirements.txt").read_text("utf-8")))
    with tempfile.TemporaryDirectory(prefix="solar-space-") as folder, contextlib.ExitStack() as stack:
        run: list[subprocess.Popen[str]] = []

        def start() -> str:
            began = time.monotonic()
            # Whoever listens there already would be asked in place of the app, and might never answer.
            with socket.socket() as probe:
                if os.name != "nt":
                    # The connections of a check that has just ended are no listener.
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("", port))
            run.append(stack.enter_context(_running(Path(folder), port)))
            _await_page(run[0], port)
            return f"({time.monotonic() - began:.1f} s)"

        if hold("starts", start):
            visitors = [Visitor(port), Visitor(port)]
            hold("framed", lambda: _framed(port))
            hold("foreign", lambda: _foreign(port))
            hold("no_owner", lambda: _no_owner(visitors[0], Path(folder)))
            if hold("answers", lambda: _answered(visitors[0])):
                hold("alone", lambda: _alone(visitors[1]))
                hold("reload", lambda: _reloaded(visitors[0], port))
            hold("api", lambda: _api(port))
            hold("stops", lambda: _stopped(run[0]))
    print(catalogue.tr(lang, "space.all_well" if passed else "space.not_well"), flush=True)
    return passed


def check_front_matter(readme: str, requirements: str) -> str:
    """What the Hub reads agrees with what is installed. Raises `_Failed`."""
    head = front_matter(readme)
    for name in ("title", "sdk", "sdk_version", "python_version", "app_file", "license", "short_description"):
        if name not in head:
            raise _Failed(f"{name}: -")
    if len(head["short_description"]) > _LONGEST_DESCRIPTION:
        raise _Failed(f"short_description: {len(head['short_description'])} > {_LONGEST_DESCRIPTION}")
    if not (_ROOT / head["app_file"]).is_file():
        raise _Failed(f"app_file: {head['app_file']}")
    if not head.get("thumbnail", "https://").startswith("https://"):
        raise _Failed(f"thumbnail: {head['thumbnail']}")
    asked = re.search(r"^gradio>=([\d.]+),<([\d.]+)$", requirements, re.MULTILINE)
    if asked is None or not _numbers(asked[1]) <= _numbers(head["sdk_version"]) < _numbers(asked[2]):
        raise _Failed(f"sdk_version {head['sdk_version']}, {asked[0] if asked else 'gradio -'}")
    return f"(gradio {head['sdk_version']}, Python {head['python_version']})"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


class Visitor:
    """Somebody's browser, as the server sees it: the page's own events, in the page's own order."""

    def __init__(self, port: int, ip_token: str | None = None) -> None:
        """`ip_token` is what a Space's proxy says of whose quota of GPU time pays."""
        self._port = port
        self._headers = {"Origin": f"https://{_NAME}", **({} if ip_token is None else {"X-IP-Token": ip_token})}
        self.session = secrets.token_hex(8)
        self.toasts: list[str] = []
        """What was said in the corner of the page."""
        self.config: dict[str, Any] = json.loads(_ask(port, "GET", "/config")[2])
        self._parts = {part["props"].get("elem_id"): part["id"] for part in self.config["components"]}

    def open(self, visit: str | None = None) -> str | None:
        """Load the page; the pass of the visit, which a browser keeps."""
        event = self._event(lambda event: event["backend_fn"] and any(kind == "load" for _, kind in event["targets"]))
        known = {"spoken": "ko"}
        outputs = self._call(event, {self._parts[name]: value for name, value in known.items()}, {"solar-chat-visit": visit})
        return next((str(value) for value in outputs.values() if isinstance(value, str) and len(value) > 40 and " " not in value), None)

    def send(self, text: str) -> str:
        """Ask, wait for the end of the answer, and say what then stands in the chat."""
        pending, chat = self._parts["pending"], self._parts["chat"]
        sent = self._event(lambda event: pending in event["inputs"] and chat in event["outputs"])
        data = {pending: text, self._parts["level"]: "formal", self._parts["reply-language"]: "follow"}
        self._queue(sent, data)
        settled = self._event(lambda event: event["backend_fn"] and event["trigger_after"] == sent["id"])
        return _words(self._call(settled, {})[chat])

    def chat(self, visit: str | None) -> str:
        """What the chat shows after a reload."""
        event = self._event(lambda event: event["backend_fn"] and any(kind == "load" for _, kind in event["targets"]))
        outputs = self._call(event, {self._parts["spoken"]: "ko"}, {"solar-chat-visit": visit})
        return _words(outputs[self._parts["chat"]])

    def _event(self, fits: Callable[[Mapping[str, Any]], bool]) -> dict[str, Any]:
        found: dict[str, Any] | None = next((event for event in self.config["dependencies"] if fits(event)), None)
        if found is None:
            raise _Failed("/config")
        return found

    def _payload(self, event: Mapping[str, Any], given: Mapping[int, object], kept: Mapping[str, object]) -> dict[str, Any]:
        by_key = {part["props"].get("storage_key"): part["id"] for part in self.config["components"]}
        values = {**given, **{by_key[key]: value for key, value in kept.items() if key in by_key}}
        return {"data": [values.get(part) for part in event["inputs"]], "fn_index": event["id"], "session_hash": self.session}

    def _call(self, event: Mapping[str, Any], given: Mapping[int, object], kept: Mapping[str, object] | None = None) -> dict[int, Any]:
        """An event that does not queue: component → what it is to show."""
        status, _, body = _ask(self._port, "POST", "/gradio_api/run/predict", self._payload(event, given, kept or {}), **self._headers)
        if status != 200:
            raise _Failed(f"{status} {body[:200].decode(errors='replace')}")
        return dict(zip(event["outputs"], json.loads(body)["data"], strict=True))

    def _queue(self, event: Mapping[str, Any], given: Mapping[int, object]) -> None:
        """An event that streams; returns when it is over."""
        status, _, body = _ask(self._port, "POST", "/gradio_api/queue/join", self._payload(event, given, {}), **self._headers)
        if status != 200:
            raise _Failed(f"{status} {body[:200].decode(errors='replace')}")
        for message in _events(self._port, f"/gradio_api/queue/data?session_hash={self.session}"):
            if message["msg"] == "log":
                self.toasts.append(str(message["log"]))
            if message["msg"] == "process_completed":
                if not message["success"]:
                    raise _Failed(str(message["output"])[:200])
                return
        raise _Failed("/gradio_api/queue/data")


def _words(chat: object) -> str:
    """Everything that stands in the messages of a chat."""
    found = json.dumps(chat, ensure_ascii=False)
    return re.sub(r"<[^>]+>", " ", " ".join(re.findall(r'"text": "((?:[^"\\]|\\.)*)"', found)))


@contextlib.contextmanager
def _running(folder: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    home = folder / "home"
    home.mkdir()
    home.chmod(0o555)
    # For root nothing is read-only but what is no folder.
    unwritable = home if not os.access(home, os.W_OK) else Path(os.devnull) / "home"
    here = {name: value for name, value in os.environ.items() if not name.startswith(("SOLAR_CHAT_", "GRADIO_", "XDG_", "SPACE"))}
    space = {
        "SYSTEM": "spaces",
        "SPACE_ID": "someone/solar-chat",
        "SPACE_HOST": _NAME,
        "SPACE_AUTHOR_NAME": "someone",
        "SPACE_REPO_NAME": "solar-chat",
        "HOME": str(unwritable),
        "USERPROFILE": str(unwritable),
        "TMPDIR": str(folder),
        "TEMP": str(folder),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        "PYTHONIOENCODING": "utf-8",
        "SOLAR_CHAT_SERVE_KEY": _SECRET,
    }
    with (folder / "log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [sys.executable, "app.py", "--port", str(port)], cwd=_ROOT, env={**here, **space}, stdout=log, stderr=subprocess.STDOUT, text=True
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        home.chmod(0o755)


def _await_page(process: subprocess.Popen[str], port: int) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end:
        if process.poll() is not None:
            raise _Failed(f"exit {process.returncode}")
        with contextlib.suppress(OSError):
            if _ask(port, "GET", "/config")[0] == 200:
                return
        time.sleep(0.2)
    raise _Failed(f"{_START_S:.0f} s")


def _framed(port: int) -> str:
    status, headers, body = _ask(port, "GET", "/")
    forbids = headers.get("x-frame-options") or ("frame-ancestors" in headers.get("content-security-policy", "") and "frame-ancestors")
    if status != 200 or forbids or b"page.js" not in body:
        raise _Failed(f"{status} {forbids or ''}")
    return ""


def _foreign(port: int) -> str:
    seen = [
        _ask(port, "GET", "/config", Host="evil.example")[0],
        _ask(port, "POST", "/gradio_api/run/predict", {"data": [], "fn_index": 0, "session_hash": "x"}, Origin="https://evil.example")[0],
    ]
    if seen != [403, 403]:
        raise _Failed(", ".join(map(str, seen)))
    return ""


def _no_owner(visitor: Visitor, folder: Path) -> str:
    parts = {part["props"].get("elem_id") for part in visitor.config["components"]}
    told = json.dumps(visitor.config, ensure_ascii=False)
    shown = [*sorted(_OWNERS & parts), *(name for name in (str(folder), "conversations.sqlite3") if name in told)]
    public = [event["id"] for event in visitor.config["dependencies"] if event["api_visibility"] != "private"]
    if shown or public:
        raise _Failed(", ".join(map(str, [*shown, *public])))
    return ""


_passes: dict[str, str | None] = {}


def _answered(visitor: Visitor) -> str:
    began = time.monotonic()
    _passes[visitor.session] = visitor.open()
    said = visitor.send(_QUESTION)
    reply = said.replace(_QUESTION, "", 1).strip()
    if _QUESTION not in said or not _HANGUL.search(reply):
        raise _Failed(said[:200] or "-")
    return f"({time.monotonic() - began:.1f} s) “{_QUESTION}” → “{' '.join(reply.split())[:80]}”"


def _alone(other: Visitor) -> str:
    other.open()
    if _QUESTION in (said := other.chat(None)):
        raise _Failed(said[:200])
    return ""


def _reloaded(visitor: Visitor, port: int) -> str:
    again = Visitor(port)
    if _QUESTION not in (said := again.chat(_passes[visitor.session])):
        raise _Failed(said[:200] or "-")
    return ""


def _api(port: int) -> str:
    closed = _ask(port, "GET", "/v1/models")[0]
    opened = _ask(port, "GET", "/v1/models", Authorization=f"Bearer {_SECRET}")[0]
    if (closed, opened) != (401, 200):
        raise _Failed(f"{closed}, {opened}")
    return ""


def _stopped(process: subprocess.Popen[str]) -> str:
    began = time.monotonic()
    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired as error:
        raise _Failed(f"{_STOP_S:.0f} s") from error
    return f"({time.monotonic() - began:.1f} s)"


def _ask(port: int, method: str, path: str, body: object = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """(status, headers, body) of a request as a Space's proxy passes it on."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_REPLY_S)
    with contextlib.closing(connection):
        sent = {"Host": _NAME, "Content-Type": "application/json", "X-Forwarded-Proto": "https", **headers}
        connection.request(method, path, None if body is None else json.dumps(body), sent)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()


def _events(port: int, path: str) -> Iterator[dict[str, Any]]:
    """Server-sent events, as they come."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_REPLY_S)
    with contextlib.closing(connection):
        connection.request("GET", path, headers={"Host": _NAME, "Accept": "text/event-stream"})
        for line in connection.getresponse():
            if line.startswith(b"data:"):
                yield json.loads(line[5:])


def free_port() -> int:
    """A port that nobody listens at just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
