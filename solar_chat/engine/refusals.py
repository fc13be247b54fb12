"""What a server, the network or the client's library mean by an error, as one of ours.

The rule: every failure says what a person can do, and none shows the key. Knows no events and opens no sockets.
"""

from __future__ import annotations

import email.utils
import re
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from solar_chat.errors import ModelError
from solar_chat.keys import ApiKey, variable_for

if TYPE_CHECKING:
    from openai import APIError, APIStatusError

# Longer than this nobody waits in front of a page that says nothing: then the error says how long it would have been.
LONGEST_PAUSE_S = 20.0
# Of a server's own words, as many as fit a line.
LONGEST_REASON = 200

_TOO_LONG = re.compile(r"context[_ ]?(length|size|window)|longer than the model|maximum model length|too many (input )?tokens", re.IGNORECASE)
_CONTEXT = re.compile(r"(?:context (?:length|size|window)|model length)\D{0,40}(\d{2,})", re.IGNORECASE)
_NO_CREDIT = re.compile(r"insufficient_quota|insufficient (funds|credit|balance)|exceeded your current quota", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """What was being asked for when it failed."""

    url: str
    model: str
    key: ApiKey | None = None
    prompt_tokens: int = 0
    context_tokens: int = 0
    answered: bool = False
    """Whether the server had begun to answer."""


def translated(error: Exception, asked: Asked) -> ModelError:
    """Our error for what `openai`, JSON or the HTTP library raised."""
    from openai import APIConnectionError, APIError, APIStatusError, APITimeoutError

    if isinstance(error, APITimeoutError):
        return ModelError("remote_timeout", url=asked.url)
    if isinstance(error, APIConnectionError):
        broken = next((link for link in _links(error) if isinstance(link, ssl.SSLError)), None)
        if broken is not None:
            return ModelError("remote_tls", url=asked.url, reason=_reason(broken.reason or str(broken), asked))
        return ModelError("remote_cut", model=asked.model) if asked.answered else ModelError("remote_unreachable", url=asked.url)
    if isinstance(error, APIStatusError):
        return _refused(error.status_code, error, asked, retry_after_s(error))
    if isinstance(error, APIError):
        # Said in the middle of a stream: the body is the server's own, with or without a number in it.
        code = _number(error.body.get("code")) if isinstance(error.body, dict) else None
        return _refused(code or 500, error, asked, None)
    return ModelError("remote_garbage", url=asked.url)


def shown_cause(error: Exception, asked: Asked) -> Exception | None:
    """What a traceback may show as the cause: not an error in which the server repeats the key."""
    return None if asked.key is not None and asked.key.secret in f"{error}{getattr(error, 'body', '')}" else error


def pause_before_retry(error: APIError, usual_s: float) -> float | None:
    """Seconds after which to ask again; None where that would not help or would take too long."""
    from openai import APIConnectionError, APIStatusError, APITimeoutError

    if isinstance(error, APIStatusError):
        if error.status_code not in (408, 429) and error.status_code < 500:
            return None
        pause = retry_after_s(error)
        if _NO_CREDIT.search(_words(error)) or (pause or 0) > LONGEST_PAUSE_S:
            return None
        return usual_s if pause is None else pause
    if not isinstance(error, APIConnectionError) or isinstance(error, APITimeoutError):
        # A server that is still computing is not helped by being asked twice.
        return None
    # Nobody there, no such name, not to be trusted: it will be the same in a second. A connection that broke may have been an old one.
    hopeless = (ConnectionRefusedError, socket.gaierror, ssl.SSLError)
    return None if any(isinstance(link, hopeless) for link in _links(error)) else usual_s


def retry_after_s(error: APIStatusError) -> float | None:
    """What the server says in `Retry-After`: seconds or a date."""
    written = error.response.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", written):
        return float(written)
    date = email.utils.parsedate_tz(written) if written else None
    return None if date is None else max(0.0, email.utils.mktime_tz(date) - time.time())


def complaint(error: APIStatusError) -> str:
    """The server's words about a request whose form it did not like (400 or 422); empty for everything else."""
    words = _words(error) if error.status_code in (400, 422) else ""
    return "" if _TOO_LONG.search(words) else words


def _refused(status: int, error: APIError, asked: Asked, pause_s: float | None) -> ModelError:
    words = _words(error)
    if status in (400, 413, 422, 500) and _TOO_LONG.search(words):
        return _too_long(error, words, asked)
    if status == 401:
        if asked.key is None:
            return ModelError("remote_key_missing", url=asked.url, variable=variable_for(asked.url))
        return ModelError("remote_key_refused", url=asked.url)
    if status == 402 or _NO_CREDIT.search(words):
        return ModelError("remote_no_credit", url=asked.url)
    if status == 403:
        return ModelError("remote_forbidden", url=asked.url, model=asked.model)
    if status == 404:
        known = re.search(r"\bmodel\b", words, re.IGNORECASE)
        return ModelError("remote_model_unknown", url=asked.url, model=asked.model) if known else ModelError("remote_wrong_address", url=asked.url)
    if status == 429:
        if pause_s is None:
            return ModelError("remote_busy", url=asked.url)
        return ModelError("remote_rate_limited", url=asked.url, seconds=round(pause_s))
    if 300 <= status < 400:
        return ModelError("remote_moved", url=asked.url, target=_target(error))
    return ModelError("remote_failed", url=asked.url, status=status, reason=_reason(words, asked))


def _too_long(error: APIError, words: str, asked: Asked) -> ModelError:
    """The server counts better than we do: its numbers where it tells them (llama.cpp in fields of their own)."""
    body: dict[str, Any] = error.body if isinstance(error.body, dict) else {}
    found = _CONTEXT.search(words)
    context = _number(body.get("n_ctx")) or (int(found[1]) if found else 0) or asked.context_tokens
    return ModelError("prompt_too_long", tokens=_number(body.get("n_prompt_tokens")) or asked.prompt_tokens, context=context)


def _words(error: APIError) -> str:
    """Message, type and code as the server wrote them."""
    if not isinstance(error.body, dict):
        return str(error.body) if isinstance(error.body, str) else error.message
    inner = error.body.get("error", error.body)
    if not isinstance(inner, dict):
        return str(inner)
    return " ".join(str(inner[name]) for name in ("message", "detail", "type", "code", "param") if inner.get(name) is not None)


def _reason(words: str, asked: Asked) -> str:
    """One line, without the key: some servers repeat what they were sent."""
    if asked.key is not None:
        words = words.replace(asked.key.secret, "•••")
    line = " ".join(re.sub(r"<[^>]*>", " ", words).split())
    return line if len(line) <= LONGEST_REASON else line[: LONGEST_REASON - 1] + "…"


def _target(error: APIError) -> str:
    response = getattr(error, "response", None)
    return str(response.headers.get("location", "-")) if response is not None else "-"


def _number(value: object) -> int | None:
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _links(error: BaseException) -> Iterator[BaseException]:
    """`error` and what caused it, also where several addresses were tried at once."""
    waiting, seen = [error], set[int]()
    while waiting:
        link = waiting.pop()
        if id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        waiting += [cause for cause in (link.__cause__, link.__context__) if cause is not None]
        if isinstance(link, BaseExceptionGroup):
            waiting += link.exceptions
