"""A model on a server of the OpenAI protocol: Upstage, Ollama, vLLM, SGLang, llama.cpp, or another.

Messages go out and the server applies its own template; `prompt` is not sent. What comes back keeps the protocol of every other backend: whole
characters, no part of a stop string (also where the server ignores them), Stop at once. Reasoning is never part of a reply. The rule: nothing is sent
that the person did not send: no drafts, no prefill ahead of time.
"""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from solar_chat.engine.dialects import Dialect, dialect_of
from solar_chat.engine.endpoint import SILENCE_S, Delta, Endpoint, RemoteModel, Stopped
from solar_chat.engine.protocol import Event, Feature, Finished, FinishReason, GenerationRequest, Prefilled, TextPiece
from solar_chat.engine.refusals import Asked, complaint, shown_cause, translated
from solar_chat.engine.stops import StopScanner
from solar_chat.errors import ModelError
from solar_chat.keys import ApiKey
from solar_chat.messages import Message

# OpenAI's protocol takes four stop strings; the scanner here knows them all.
MOST_STOPS: Final = 4
# Tokens that a character costs, so that the sum is a little too high on SOLAR's vocabulary of 32,000 pieces: 1.1 times the count on Korean chat, on
# Python and on Markdown. Vocabularies with Korean pieces need half as many for a syllable. Digits and signs are a token each.
SYLLABLE_TOKENS: Final = 1.7
LETTER_TOKENS: Final = 0.28
SPACE_TOKENS: Final = 0.1
SIGN_TOKENS: Final = 1.0
# Of the other scripts and of emoji.
BYTE_TOKENS: Final = 0.6
# Fields that a server may refuse, and that a reply can do without; OpenAI's own calls the first one otherwise now.
_DISPENSABLE = ("max_tokens", "stream_options", "seed", "stop", "top_k", "min_p", "repetition_penalty", "repeat_penalty", "top_p", "temperature")


def connect(
    base_url: str, model: str, *, name: str, key: ApiKey | None = None, context_tokens: int | None = None, silence_s: float = SILENCE_S
) -> RemoteBackend:
    """A backend for `model` at `base_url`, after the server has been asked what it offers; `name` is what the person typed.

    `context_tokens` None takes what the server tells, else what is usual for its kind. Raises ModelError: `remote_unreachable`, `remote_timeout`,
    `remote_tls`, `remote_key_missing`, `remote_key_refused`, `remote_forbidden`, `remote_model_unknown`, `remote_garbage` and the like.
    """
    endpoint = Endpoint(base_url, key, silence_s=silence_s)
    try:
        offered = _offered(endpoint, Asked(base_url, model, key))
        found = next((each for each in offered or () if each.id in (model, f"{model}:latest")), None)
        dialect = dialect_of(base_url, (found or offered[0]).owner if offered else None)
        if found is None and offered is not None and dialect.lists_all:
            raise ModelError("remote_model_unknown", url=base_url, model=model)
        context = context_tokens or (found.context_tokens if found else None) or dialect.usual_context_tokens
    except BaseException:
        endpoint.close()
        raise
    return RemoteBackend(endpoint, model, name=name, context_tokens=context, dialect=dialect)


def _offered(endpoint: Endpoint, asked: Asked) -> tuple[RemoteModel, ...] | None:
    """None where the server keeps no list: then the first reply tells whether the model is there."""
    try:
        return endpoint.models(asked)
    except ModelError as error:
        if error.key in ("remote_wrong_address", "remote_model_unknown"):
            return None
        raise


@dataclass(slots=True)
class _Reply:
    """Where one reply stands."""

    scanner: StopScanner
    prompt_tokens: int
    tokens: int = 0
    finish: str | None = None
    complete: bool = False
    reasoned: bool = False
    half: str = ""
    """The first half of a character of two UTF-16 units, which some servers send in two escapes."""
    counted: bool = False
    """Whether `tokens` is the server's count."""
    pieces: int = 0
    """Chunks of text, about a token each; reasoning left out."""

    def take(self, delta: Delta) -> str:
        """What may be shown now."""
        self.reasoned |= delta.reasons
        self.finish = delta.finish or self.finish
        self.complete |= delta.is_usage or delta.finish is not None
        if delta.prompt_tokens:
            self.prompt_tokens = delta.prompt_tokens
        if delta.reply_tokens is not None and (delta.is_usage or delta.finish):
            self.tokens, self.counted = delta.reply_tokens, True
        if not delta.text:
            return ""
        self.pieces += 1
        if not self.counted:
            # Nearly every server sends one token a chunk.
            self.tokens += 1
        return self.scanner.push(self._whole(delta.text))

    def _whole(self, text: str) -> str:
        text = self.half + text
        self.half = text[-1] if "\ud800" <= text[-1] <= "\udbff" else ""
        text = text[: len(text) - len(self.half)]
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class RemoteBackend:
    """One model on one server. Make it with `connect`."""

    def __init__(self, endpoint: Endpoint, model: str, *, name: str, context_tokens: int, dialect: Dialect) -> None:
        self._endpoint: Endpoint | None = endpoint
        self._model = model
        self.name = name
        self.device = "remote"
        self.reads_ahead = False
        self.features: frozenset[Feature] = frozenset()
        self.context_tokens = context_tokens
        """What the server said, or what is usual for its kind: an Ollama that was given more room is not asked about it."""
        self._dialect = dialect
        self._continues = dialect.continues
        self._refused: frozenset[str] = frozenset()
        """Fields that this server does not take."""

    @property
    def can_continue(self) -> bool:
        """Where the server is known to go on with a last message of the assistant: vLLM and SGLang are told to (`continue_final_message`), Ollama
        and llama.cpp do it by themselves. Upstage and servers that do not say who they are begin a new reply, so they are not asked."""
        return self._continues

    def batch(self) -> None:
        return None

    def count_tokens(self, text: str) -> int:
        """An estimate, from the characters alone, and rather too high than too low: the vocabulary stays on the server. An overestimate drops old
        turns early; an underestimate would lose the system prompt on a server that cuts silently. `Finished` has the server's own count."""
        letters = sum(sign.isascii() and sign.isalpha() for sign in text)
        spaces = text.count(" ")
        signs = sum(sign.isascii() for sign in text) - letters - spaces
        syllables = sum("\uac00" <= sign <= "\ud7a3" for sign in text)
        other_bytes = len(text.encode("utf-8", "surrogatepass")) - letters - spaces - signs - 3 * syllables
        latin = LETTER_TOKENS * letters + SPACE_TOKENS * spaces + SIGN_TOKENS * signs
        return math.ceil(latin + SYLLABLE_TOKENS * syllables + BYTE_TOKENS * other_bytes)

    def stream(self, request: GenerationRequest, stop: threading.Event) -> Iterator[Event]:
        """See `Backend`. A request without `messages` sends its prompt as one message of the user. With `max_reply_tokens` 0 nothing is sent.

        `Prefilled` and the counts in `TextPiece` are estimates; those of `Finished` are the server's, where it tells them and was not stopped. Raises
        ModelError: `engine_closed`, `remote_cannot_continue`, `remote_cut` where the stream broke off, `remote_filtered`, `only_reasoning`,
        `prompt_too_long` as the server counts, and those of `connect`.
        """
        started = time.perf_counter()
        if self._endpoint is None:
            raise ModelError("engine_closed")
        messages = request.messages or (Message("user", request.prompt),)
        if messages[-1].role == "assistant" and not self.can_continue:
            raise ModelError("remote_cannot_continue", model=self.name)
        estimate = sum(self.count_tokens(message.content) for message in messages)
        reply = _Reply(StopScanner(request.stop), estimate)
        yield Prefilled(0, estimate, 0)
        if stop.is_set() or not request.max_reply_tokens:
            yield Finished("cancelled" if stop.is_set() else "length", estimate, 0, time.perf_counter() - started)
            return
        reason: FinishReason = "cancelled"
        try:
            yield from self._read(self._endpoint, request, messages, reply, stop)
            reason = self._reason(reply)
        except Stopped:
            pass
        if rest := reply.scanner.flush():
            yield TextPiece(rest, reply.tokens)
        yield Finished(reason, reply.prompt_tokens, reply.tokens, time.perf_counter() - started)

    def close(self) -> None:
        if self._endpoint is not None:
            self._endpoint.close()
            self._endpoint = None

    def _read(
        self, endpoint: Endpoint, request: GenerationRequest, messages: tuple[Message, ...], reply: _Reply, stop: threading.Event
    ) -> Generator[Event, None, None]:
        """The text of the reply, up to its end or a stop string."""
        answered = False
        try:
            with closing(self._deltas(endpoint, request, messages, reply.prompt_tokens, stop)) as deltas:
                for delta in deltas:
                    if not answered:
                        answered = True
                        yield Prefilled(reply.prompt_tokens, reply.prompt_tokens, 0)
                    if text := reply.take(delta):
                        yield TextPiece(text, reply.tokens)
                    elif delta.reasons:
                        yield Prefilled(reply.prompt_tokens, reply.prompt_tokens, 0)
                    if reply.scanner.stopped:
                        return
                    if self._dialect.reasoning_tokens and reply.pieces >= request.max_reply_tokens and reply.finish is None:
                        # The limit that was sent has room for reasoning in it. Elsewhere the server ends by itself, and tells its counts.
                        reply.finish, reply.complete = "length", True
                        return
        except (Stopped, ModelError):
            raise
        except Exception as error:  # the client raises its own errors, JSON's and, in the end, anything
            asked = Asked(endpoint.base_url, self._model, endpoint.key, reply.prompt_tokens, self.context_tokens, answered)
            raise translated(error, asked) from shown_cause(error, asked)
        if not answered:
            raise ModelError("remote_garbage", url=endpoint.base_url)

    def _deltas(
        self, endpoint: Endpoint, request: GenerationRequest, messages: tuple[Message, ...], prompt_tokens: int, stop: threading.Event
    ) -> Generator[Delta, None, None]:
        """The reply's chunks; asks again without a field that the server does not take, and remembers it."""
        from openai import APIStatusError

        # Half a character cannot be sent at all.
        sent = [{"role": message.role, "content": message.content.encode("utf-8", "replace").decode()} for message in messages]
        while True:
            body = {name: value for name, value in self._body(request, messages, prompt_tokens).items() if name not in self._refused}
            try:
                yield from endpoint.stream(self._model, sent, body, stop)
                return
            except APIStatusError as error:
                words = complaint(error)
                refused = next((name for name in _DISPENSABLE if name in body and re.search(rf"\b{name}\b", words)), None)
                if refused is not None:
                    self._refused |= {refused}
                elif words and messages[-1].role == "assistant":
                    # llama.cpp with a model that reasons, for one.
                    self._continues = False
                    raise ModelError("remote_cannot_continue", model=self.name) from error
                else:
                    raise

    def _body(self, request: GenerationRequest, messages: tuple[Message, ...], prompt_tokens: int) -> dict[str, object]:
        sampling = request.sampling
        room = max(0, self.context_tokens - prompt_tokens - request.max_reply_tokens)
        body: dict[str, object] = {
            "max_completion_tokens" if "max_tokens" in self._refused else "max_tokens": request.max_reply_tokens
            + min(self._dialect.reasoning_tokens, room),
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "stream_options": {"include_usage": True},
        }
        if request.stop:
            body["stop"] = list(request.stop[:MOST_STOPS])
        if sampling.seed is not None:
            body["seed"] = sampling.seed
        neutral = {"top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0}
        body |= {theirs: getattr(sampling, ours) for ours, theirs in self._dialect.sampling.items() if getattr(sampling, ours) != neutral[ours]}
        return body | dict(self._dialect.continuing) if messages[-1].role == "assistant" else body

    def _reason(self, reply: _Reply) -> FinishReason:
        if reply.scanner.stopped:
            return "stop"
        if not reply.complete:
            # Neither a reason nor the counts behind the last chunk: the connection was closed in the middle. `[DONE]` alone is not asked for.
            raise ModelError("remote_cut", model=self.name)
        if reply.finish == "content_filter":
            raise ModelError("remote_filtered", model=self.name)
        if reply.finish == "length" and reply.reasoned and not reply.pieces:
            raise ModelError("only_reasoning", model=self.name)
        return "length" if reply.finish == "length" else "stop"
