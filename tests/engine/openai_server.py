"""A real HTTP server on this machine that answers as a test tells it: byte by byte, late, wrongly, or not to the end."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "test-model"


class Answer:
    """One request as it came, and the means to answer it."""

    def __init__(self, handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        self.path = handler.path
        self.body = body
        self.headers = {name.lower(): value for name, value in handler.headers.items()}
        self._handler = handler

    def json(self, status: int, content: object, **headers: str) -> None:
        data = json.dumps(content, ensure_ascii=False).encode()
        self.whole(status, data, content_type="application/json", **headers)

    def whole(self, status: int, data: bytes, *, content_type: str = "text/html", **headers: str) -> None:
        self._handler.send_response(status)
        for name, value in {"content-type": content_type, "content-length": str(len(data)), **headers}.items():
            self._handler.send_header(name.replace("_", "-"), value)
        self._handler.end_headers()
        self._handler.wfile.write(data)

    def begin(self, *, chunked: bool = True, content_type: str = "text/event-stream") -> None:
        self._handler.send_response(200)
        self._handler.send_header("content-type", content_type)
        self._handler.send_header(*(("transfer-encoding", "chunked") if chunked else ("connection", "close")))
        self._handler.end_headers()
        self._chunked = chunked

    def send(self, data: bytes) -> None:
        self._handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data) if self._chunked else data)

    def event(self, content: object) -> None:
        self.send(b"data: " + (content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode()) + b"\n\n")

    def end(self) -> None:
        if self._chunked:
            self._handler.wfile.write(b"0\r\n\r\n")

    def drop(self) -> None:
        """Break the connection."""
        self._handler.connection.shutdown(socket.SHUT_RDWR)
        self._handler.close_connection = True

    def gone(self, within_s: float) -> bool:
        """Whether the client closes its end in time."""
        self._handler.connection.settimeout(within_s)
        try:
            return not self._handler.connection.recv(1)
        except TimeoutError:
            return False
        except ConnectionError:
            return True


Script = Callable[[Answer], None]


class OpenAIServer(ThreadingHTTPServer):
    """Answers `POST /v1/chat/completions` with its scripts, the last one again and again; `GET /v1/models` with `models`."""

    daemon_threads = True

    def __init__(self, *scripts: Script, owner: str = "vllm", **told: object) -> None:
        self.scripts = list(scripts)
        self.models: Script = lambda answer: answer.json(200, {"object": "list", "data": [{"id": MODEL, "owned_by": owner, **told}]})
        self.seen: list[Answer] = []
        """Replies that were asked for."""
        self.listed: list[Answer] = []
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what some tests want."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: OpenAIServer

    def do_GET(self) -> None:
        answer = Answer(self, {})
        self.server.listed.append(answer)
        self.server.models(answer)

    def do_POST(self) -> None:
        answer = Answer(self, json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.server.seen.append(answer)
        scripts = self.server.scripts
        (scripts.pop(0) if len(scripts) > 1 else scripts[0])(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing to stderr."""


def chunk(text: str | None = None, finish: str | None = None, **delta: object) -> dict[str, object]:
    """A chunk as vLLM, Ollama and Upstage send it."""
    said = {} if text is None else {"content": text}
    choice = {"index": 0, "delta": {**said, **delta}, "finish_reason": finish}
    return {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": MODEL, "choices": [choice]}


def usage(prompt: int, reply: int) -> dict[str, object]:
    """The chunk behind the last one."""
    return {**chunk(), "choices": [], "usage": {"prompt_tokens": prompt, "completion_tokens": reply, "total_tokens": prompt + reply}}


def says(*events: object, done: bool = True) -> Script:
    """Send `events` (a string is a piece of text) and `[DONE]`."""

    def script(answer: Answer) -> None:
        answer.begin()
        for event in events:
            answer.event(chunk(event) if isinstance(event, str) else event)
        if done:
            answer.event(b"[DONE]")
        answer.end()

    return script


def refuses(status: int, content: object, **headers: str) -> Script:
    return lambda answer: answer.json(status, content, **headers)


def talks(pieces: Iterable[str], *, context_tokens: int = 256, pause_s: float = 0.0) -> Script:
    """Like vLLM with a model that always says the same: a word is a token, the limit, the stop strings and the context are kept."""
    said = list(pieces)

    def script(answer: Answer) -> None:
        prompt = sum(len(message["content"].split()) for message in answer.body["messages"])
        if prompt > context_tokens:
            words = f"This model's maximum context length is {context_tokens} tokens. However, your messages resulted in {prompt} tokens."
            answer.json(400, {"error": {"message": words, "type": "BadRequestError", "code": 400}})
            return
        answer.begin()
        answer.event(chunk("", role="assistant"))
        limit = answer.body["max_tokens"]
        for piece in said[:limit]:
            time.sleep(pause_s)
            answer.event(chunk(piece))
        answer.event(chunk("", "stop" if limit > len(said) else "length"))
        answer.event(usage(prompt, min(limit, len(said))))
        answer.event(b"[DONE]")
        answer.end()

    return script
