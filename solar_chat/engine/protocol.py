"""What every backend offers: a prompt in, a stream of events out.

A backend generates for one caller at a time and knows nothing about conversations, languages or templates; the worker in `worker.py` queues the
callers. Text in an event is always whole characters and never holds part of a stop string. An error is raised from the stream, as a
`solar_chat.errors.ModelError`; after it the backend can be used again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from solar_chat.messages import Message

if TYPE_CHECKING:
    from solar_chat.engine.batch import Batch

FinishReason = Literal["stop", "length", "cancelled"]
Feature = Literal["raw_prompt", "logprobs", "prompt_logprobs", "json"]
"""What not every backend can do: read a prompt as it stands, tell how likely the tokens of its reply or of the prompt were, write JSON only."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen. `temperature` 0 is greedy; `seed` None draws a fresh one."""

    temperature: float = 0.7
    top_p: float = 0.9
    top_k: int = 0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """One reply to generate."""

    prompt: str
    """The rendered prompt; special tokens of the model's template are parsed, no BOS is written in it."""
    max_reply_tokens: int = 512
    stop: tuple[str, ...] = ()
    sampling: Sampling = field(default_factory=Sampling)
    avoid: tuple[str, ...] = ()
    """Wordings that the reply shall not begin with again; a backend that cannot steer its model may leave them unread."""
    messages: tuple[Message, ...] = field(default=(), kw_only=True)
    """What `prompt` was rendered from, for a backend whose server has a template of its own; the others leave it unread. A last one of the assistant
    is the beginning of the reply, as it is at the end of `prompt`."""
    # A caller asks for these only of a backend that has the feature.
    prompt_ids: tuple[int, ...] = field(default=(), kw_only=True)
    """Token ids to read instead of `prompt`, exactly these."""
    logprobs: int | None = field(default=None, kw_only=True)
    """Tell how likely each token was, beside this many of the likeliest; None for neither."""
    score_prompt: bool = field(default=False, kw_only=True)
    """Tell it of the prompt's tokens, whether or not it is told of the reply's."""
    json_object: bool = field(default=False, kw_only=True)
    """The reply is one JSON object, and nothing else."""
    together: bool = field(default=False, kw_only=True)
    """It may be answered together with others, a token of each at a time, and gives way to whoever may not."""
    with_thoughts: bool = field(default=False, kw_only=True)
    """Thoughts in front of the answer are part of it: the prompt is no question, so that what looks like one need not be."""


@dataclass(frozen=True, slots=True)
class TokenChance:
    """A token and how likely the model found it in its place, before sampling changed anything."""

    spelling: str
    """As the vocabulary has it; a piece of a character as `bytes:\\xea`."""
    raw: bytes
    logprob: float | None
    """None for the first token of a prompt, which nothing comes before."""


@dataclass(frozen=True, slots=True)
class ScoredToken:
    """A token that was read or written."""

    chosen: TokenChance
    likeliest: tuple[TokenChance, ...]
    """As many as were asked for, the likeliest first."""
    text: str
    """The characters that it completed; none for a piece of a character."""


@dataclass(frozen=True, slots=True)
class Prefilled:
    """Progress through the prompt; `reused_tokens` came from an earlier turn's KV cache. It comes again while a model thinks before it answers."""

    done_tokens: int
    prompt_tokens: int
    reused_tokens: int
    scored: tuple[ScoredToken, ...] = ()
    """The tokens read since the last event, where `score_prompt` asked for them."""


@dataclass(frozen=True, slots=True)
class TextPiece:
    """New text, in whole characters."""

    text: str
    reply_tokens: int
    """Tokens generated so far."""
    scored: tuple[ScoredToken, ...] = ()
    """The tokens of `text`, where `logprobs` asked for them."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event of a stream that did not fail."""

    reason: FinishReason
    prompt_tokens: int
    reply_tokens: int
    seconds: float


Event = Prefilled | TextPiece | Finished


class Backend(Protocol):
    """A loaded model."""

    @property
    def name(self) -> str:
        """The model's id as the person gave it."""

    @property
    def context_tokens(self) -> int:
        """Prompt and reply together fit in this many tokens."""

    @property
    def device(self) -> str:
        """Where it runs, for people: "cuda", "mps", "cpu", "remote"."""

    @property
    def reads_ahead(self) -> bool:
        """Whether a prompt may be read before it is sent: it never leaves this process, and the next request finds it in the cache."""

    @property
    def can_continue(self) -> bool:
        """Whether a request may hold the beginning of the reply, for the model to go on from."""

    @property
    def features(self) -> frozenset[Feature]:
        """What of a request's special wishes it can fulfil; it leaves the others unread."""

    def count_tokens(self, text: str) -> int:
        """Tokens of `text` in a prompt, without BOS."""

    def batch(self) -> Batch | None:
        """The seats for replies made together, always the same ones; None where it makes one at a time."""

    def stream(self, request: GenerationRequest, stop: threading.Event) -> Iterator[Event]:
        """Generate. Setting `stop`, or closing the iterator, ends it within one token, during prefill too."""

    def close(self) -> None:
        """Free the memory. The backend cannot be used afterwards."""
