"""What is asked of an engine, and how long a backend of ours takes. A warm request finds all of its prompt but the last token in the cache."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.inference.vocabulary import SENTENCES
from solar_chat.engine import Backend, Finished, GenerationRequest, Sampling

GREEDY: Final = Sampling(temperature=0)
QUESTION: Final = "\n\n### User:\n{number}. 이 설정을 바꾸면 어떻게 됩니까? What changes then?\n\n### Assistant:\n"

Figures = dict[str, list[float]]
"""Name → one value for each round."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One run, small enough to be handed to a process as JSON."""

    model: str
    """A folder or a GGUF file; on CUDA empty, because the model is made there."""
    layers: int
    toy: bool
    context_tokens: int
    prompt_tokens: int
    reply_tokens: int
    history_tokens: int
    rounds: int
    history_rounds: int
    device: str

    @property
    def path(self) -> Path:
        return Path(self.model)

    @property
    def id(self) -> str:
        return self.path.name


@dataclass(frozen=True, slots=True)
class Timed:
    """One request that was answered."""

    seconds: float
    prompt_tokens: int
    reply_tokens: int

    @property
    def decode_rate(self) -> float:
        """Tokens a second of a warm request: as many steps through the model as tokens of the reply."""
        return self.reply_tokens / self.seconds

    @property
    def prefill_rate(self) -> float:
        """Tokens a second of a cold request for one token."""
        return self.prompt_tokens / self.seconds


def passage(count_tokens: Callable[[str], int], tokens: int, number: int) -> str:
    """A text of at most `tokens` tokens, and hardly fewer, that shares no beginning with that of another number."""
    text = f"{number}번째 글입니다."
    for sentence in itertools.cycle(SENTENCES):
        longer = f"{text} {sentence}"
        if count_tokens(longer) > tokens:
            return text
        text = longer
    raise AssertionError("unreachable: the cycle does not end")


def ask(backend: Backend, prompt: str, reply_tokens: int) -> Timed:
    """Time one request from its text to its last token."""
    started = time.perf_counter()
    *_, finished = backend.stream(GenerationRequest(prompt, reply_tokens, sampling=GREEDY), threading.Event())
    assert isinstance(finished, Finished)
    return Timed(time.perf_counter() - started, finished.prompt_tokens, finished.reply_tokens)


def early_gain(backend: Backend, plan: Plan, number: int) -> float:
    """Seconds to the first token of a prompt that was read before it was sent."""
    text = passage(backend.count_tokens, plan.prompt_tokens, number)
    ask(backend, text, 0)
    return ask(backend, text, 1).seconds
