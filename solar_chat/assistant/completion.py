"""A reply as the model gives it, for programs that bring their own prompt: no language, no level, no guard, nothing stored.

Messages go through the model's own chat template and nothing is added to them; a text or token ids are read as they stand. The rule: what a backend
cannot do is refused before anything runs, never left out in silence. `Turn` is the other kind of reply.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Self

from solar_chat.engine import Engine, Event, Feature, GenerationRequest, Sampling
from solar_chat.errors import ModelError
from solar_chat.messages import Message
from solar_chat.models import ModelSpec
from solar_chat.prompts import TEMPLATES, ChatTemplate

Prompt = tuple[Message, ...] | str | tuple[int, ...]
"""Messages for the chat template, a text, or token ids."""


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """What is asked of the model."""

    prompt: Prompt
    sampling: Sampling = field(default_factory=Sampling)
    stop: tuple[str, ...] = ()
    """Beside those that end a turn in the model's template."""
    max_reply_tokens: int | None = None
    """None is all the room there is."""
    logprobs: int | None = None
    """How many of the likeliest tokens to name beside each one; None for no scores at all."""
    score_prompt: bool = False
    json_object: bool = False


class Completion:
    """One reply in the making. `stream` it; `stop` it from any thread."""

    def __init__(self, request: CompletionRequest, engine: Engine, spec: ModelSpec) -> None:
        """Raises ModelError `no_model`, and `no_feature` (feature, model) where the model cannot do what is asked."""
        backend = engine.require_backend()
        for feature in _needed(request):
            if feature not in backend.features:
                raise ModelError("no_feature", feature=feature, model=spec.name)
        read = _Read.of(request.prompt, TEMPLATES[spec.template])
        room = backend.context_tokens - (len(read.ids) or backend.count_tokens(read.text) + 1)
        self._request = GenerationRequest(
            read.text,
            # The backend's own count refuses what does not fit.
            max(1, room) if request.max_reply_tokens is None else request.max_reply_tokens,
            (*read.stop, *request.stop),
            request.sampling,
            messages=read.messages,
            prompt_ids=read.ids,
            logprobs=request.logprobs,
            score_prompt=request.score_prompt,
            json_object=request.json_object,
            # Scores of a prompt would have to be made for all of its rows.
            together=not request.score_prompt,
            with_thoughts=not read.messages,
        )
        self._lease = engine.lease()

    def stream(self) -> Generator[Event, None, None]:
        """The engine's events. Raises ModelError, `prompt_too_long` (tokens, context) for one."""
        with self._lease:
            yield from self._lease.stream(self._request)

    def stop(self) -> None:
        """End it within one token; `stream` ends early then."""
        self._lease.close()


@dataclass(frozen=True, slots=True)
class _Read:
    """A prompt as the backend takes it."""

    text: str = ""
    ids: tuple[int, ...] = ()
    messages: tuple[Message, ...] = ()
    stop: tuple[str, ...] = ()

    @classmethod
    def of(cls, prompt: Prompt, template: ChatTemplate) -> Self:
        if isinstance(prompt, str):
            return cls(prompt)
        messages = in_front([part for part in prompt if isinstance(part, Message)])
        if not messages:
            return cls(ids=tuple(part for part in prompt if isinstance(part, int)))
        # Somebody has to be answered.
        spoken = messages if any(message.role != "system" for message in messages) else (*messages, Message("user", ""))
        return cls(template.render(spoken), messages=spoken, stop=template.stop)


def in_front(messages: Sequence[Message]) -> tuple[Message, ...]:
    """All system messages as one in front, where every template has its place for it."""
    system = [message.content for message in messages if message.role == "system"]
    rest = [message for message in messages if message.role != "system"]
    return (*([Message("system", "\n\n".join(system))] if system else []), *rest)


def _needed(request: CompletionRequest) -> list[Feature]:
    wanted: dict[Feature, bool] = {
        "raw_prompt": isinstance(request.prompt, str) or not any(isinstance(part, Message) for part in request.prompt),
        "logprobs": request.logprobs is not None,
        "prompt_logprobs": request.score_prompt,
        "json": request.json_object,
    }
    return [feature for feature, asked in wanted.items() if asked]
