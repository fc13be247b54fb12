"""One server of the OpenAI protocol: a client, the event loop it lives on, and asking again where that helps.

The client is asynchronous although its caller is not, because a task can be cancelled wherever it stands: while connecting, while the server reads
the prompt and sends nothing, and between two chunks. The rule: after Stop the connection is closed, so that the server stops too. Text and key go to
the one address that was named, never on to where it redirects. Knows no prompts and no stop strings.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import threading
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from solar_chat.engine.refusals import Asked, pause_before_retry, shown_cause, translated
from solar_chat.errors import ModelError
from solar_chat.keys import ApiKey

T = TypeVar("T")

CONNECT_S = 10.0
# A CPU may read a long prompt for minutes before it says the first word.
SILENCE_S = 300.0
# The list of models takes no computing.
LIST_S = 15.0
PAUSES_S = (0.5, 2.0)
# How soon Stop is noticed.
POLL_S = 0.02


class Stopped(Exception):
    """Raised where `stop` was set."""


@dataclass(frozen=True, slots=True)
class RemoteModel:
    """One model that a server offers."""

    id: str
    context_tokens: int | None = None
    """None where the server does not say."""
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Delta:
    """One chunk of a reply."""

    text: str = ""
    reasons: bool = False
    """It holds reasoning, which is not part of the reply."""
    finish: str | None = None
    prompt_tokens: int | None = None
    reply_tokens: int | None = None
    is_usage: bool = False
    """The chunk behind the last one, with nothing but the counts."""


class Endpoint:
    """One server. Made, used and closed by one thread at a time."""

    def __init__(self, base_url: str, key: ApiKey | None = None, *, silence_s: float = SILENCE_S) -> None:
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient, Omit, Timeout

        self.base_url = base_url
        self.key = key
        timeout = Timeout(silence_s, connect=min(CONNECT_S, silence_s))
        # What the environment says about OpenAI's own service is not meant for this server; without a key nothing is said about one.
        self._headers = {name: Omit() for name in ("OpenAI-Organization", "OpenAI-Project", *(() if key else ("Authorization",)))}
        self._client = AsyncOpenAI(
            api_key=key.secret if key else "-",
            base_url=base_url,
            max_retries=0,
            timeout=timeout,
            # A proxy is no way to a server on this machine.
            http_client=DefaultAsyncHttpxClient(timeout=timeout, trust_env=not is_this_machine(base_url), follow_redirects=False),
        )
        self._loop = asyncio.new_event_loop()

    def close(self) -> None:
        """Close the connections. Can be called again."""
        if not self._loop.is_closed():
            self._loop.run_until_complete(self._client.close())
            self._loop.close()

    def models(self, asked: Asked) -> tuple[RemoteModel, ...]:
        """What the server offers (`GET /models`). Raises ModelError; `remote_wrong_address` where there is no such list."""
        try:
            found = self._wait(self._asking_again(self._list))
        except Exception as error:  # the client raises its own errors, JSON's and, in the end, anything
            raise translated(error, asked) from shown_cause(error, asked)
        # Ollama without a model says null.
        data = (found.get("data") or []) if isinstance(found, dict) and "data" in found else None
        if not isinstance(data, list):
            raise ModelError("remote_garbage", url=self.base_url)
        return tuple(_model(entry) for entry in data if isinstance(entry, dict) and entry.get("id"))

    def stream(
        self, model: str, messages: Sequence[Mapping[str, str]], body: Mapping[str, object], stop: threading.Event
    ) -> Generator[Delta, None, None]:
        """A reply, chunk by chunk. Raises Stopped, and whatever the client raises; closing it closes the connection."""

        async def ask() -> Any:
            asked: Any = self._client.chat.completions
            return await asked.create(model=model, messages=list(messages), stream=True, extra_body=dict(body), extra_headers=self._headers)

        chunks = self._wait(self._asking_again(ask), stop)
        try:
            while (chunk := self._wait(_next(chunks), stop)) is not None:
                yield _delta(chunk)
        finally:
            # Closing the endpoint has closed it already.
            if not self._loop.is_closed():
                self._wait(chunks.close())

    async def _list(self) -> Any:
        return await self._client.get("/models", cast_to=object, options={"headers": self._headers, "timeout": LIST_S})

    async def _asking_again(self, ask: Callable[[], Awaitable[T]]) -> T:
        from openai import APIError

        for usual_s in PAUSES_S:
            try:
                return await ask()
            except APIError as error:
                pause_s = pause_before_retry(error, usual_s)
                if pause_s is None:
                    raise
            await asyncio.sleep(pause_s)
        return await ask()

    def _wait(self, work: Coroutine[Any, Any, T], stop: threading.Event | None = None) -> T:
        return self._loop.run_until_complete(_unless_stopped(work, stop or threading.Event()))


def list_remote_models(base_url: str, key: ApiKey | None = None) -> tuple[RemoteModel, ...]:
    """The models of a server, for people to choose from; Ollama's are its tags. Raises ModelError as a reply would."""
    endpoint = Endpoint(base_url, key, silence_s=LIST_S)
    try:
        return endpoint.models(Asked(base_url, "-", key))
    finally:
        endpoint.close()


def is_this_machine(url: str) -> bool:
    """Whether what is sent to `url` stays here."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost" or host.endswith(".localhost")


async def _unless_stopped(work: Coroutine[Any, Any, T], stop: threading.Event) -> T:
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            if stop.is_set():
                raise Stopped
            await asyncio.wait({task}, timeout=POLL_S)
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            # What it may have failed with on the way out is of no interest any more, and asyncio would log it.
            await asyncio.gather(task, return_exceptions=True)


async def _next(chunks: Any) -> Any:
    return await anext(chunks, None)


def _model(entry: Mapping[str, Any]) -> RemoteModel:
    """vLLM and SGLang tell `max_model_len`, llama.cpp `meta.n_ctx`, others `context_length`."""
    meta = entry.get("meta")
    inside = meta.get("n_ctx") if isinstance(meta, dict) else None
    told = [value for value in (entry.get("max_model_len"), inside, entry.get("context_length")) if isinstance(value, int) and value > 0]
    owner = entry.get("owned_by")
    return RemoteModel(str(entry["id"]), told[0] if told else None, owner if isinstance(owner, str) else None)


def _delta(chunk: Any) -> Delta:
    """The library does not check what it was sent: a field may be missing, or something else than it should be. Raises ValueError."""
    from openai.types.chat import ChatCompletionChunk

    if not isinstance(chunk, ChatCompletionChunk):
        raise ValueError("not a chunk of a chat completion")
    choices: Any = getattr(chunk, "choices", None) or []
    usage: Any = getattr(chunk, "usage", None)
    choice = choices[0] if choices else None
    delta: Any = getattr(choice, "delta", None)
    text = getattr(delta, "content", None)
    reasoning = getattr(delta, "reasoning", None) or getattr(delta, "reasoning_content", None)
    finish = getattr(choice, "finish_reason", None)
    return Delta(
        text=text if isinstance(text, str) else "",
        reasons=bool(reasoning),
        # Some servers send an empty reason along with every piece.
        finish=finish if isinstance(finish, str) and finish else None,
        prompt_tokens=_count(usage, "prompt_tokens"),
        reply_tokens=_count(usage, "completion_tokens"),
        is_usage=usage is not None and choice is None,
    )


def _count(usage: Any, name: str) -> int | None:
    value = getattr(usage, name, None)
    return value if isinstance(value, int) and value >= 0 else None
