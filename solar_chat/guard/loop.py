"""A guarded reply over as many generations as it takes.

The model writes, the guard settles; at a sentence that cannot be mended the running generation ends and the sentence is written once more from its
beginning, with what is settled as the prompt, so that the model re-reads next to nothing. The rule: a bad model never costs multiples (see the
limits), and at every moment there is a reply that can be shown. Knows neither templates nor the history: `generate` does.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from solar_chat.engine.protocol import Event, Finished, FinishReason, Prefilled, TextPiece
from solar_chat.guard.guard import Guard

# A sentence gets two more chances: the first alone mends most, and a third would be spent on a sentence that the model has no other words for.
MOST_REWRITES: Final = 2
# A model that slips in a fourth sentence does so in all of them; marking them is more honest than trying.
MOST_SENTENCES: Final = 3
# Tokens spent on rewriting: two tries at the first sentence (20 words of Korean are about 60 tokens on a Llama vocabulary), and a quarter of what is
# kept. So a reply costs at most 1.25 times what it costs without a guard, and 128 tokens.
FREE_TOKENS: Final = 128
SHARE: Final = 4
# A rewritten sentence that runs past twice the first one (and a few words for a very short one) says something else.
LONGER: Final = 2
SPARE_TOKENS: Final = 16


@dataclass(frozen=True, slots=True)
class Attempt:
    """What the model is to write."""

    said: str
    """The reply so far, which it continues."""
    tokens: int
    """At most this many."""
    rewrite: int = 0
    """1 or 2 where a sentence is written once more, and shall not come out the same."""
    avoid: tuple[str, ...] = ()
    """Then, the wordings that failed."""
    firmer: bool = False
    """The reply begins anew because it was in the wrong language; the prompt says so more firmly."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The reply so far. `text[:settled]` will not change any more."""

    text: str
    settled: int


Generate = Callable[[Attempt], Generator[Event, None, None]]


class _Run:
    """One generation: how many tokens its text took, and how long."""

    def __init__(self) -> None:
        self.tokens = 0
        self.characters = 0
        self.ended: Finished | None = None
        self._started: float | None = None
        self._ends: list[int] = []
        self._counts: list[int] = []

    def see(self, event: Event) -> None:
        # The wait in the queue is not the model's time.
        self._started = self._started or time.perf_counter()
        if isinstance(event, TextPiece):
            self.characters += len(event.text)
            self.tokens = event.reply_tokens
            self._ends.append(self.characters)
            self._counts.append(event.reply_tokens)
        elif isinstance(event, Finished):
            self.ended = event
            self.tokens = event.reply_tokens

    def tokens_of(self, characters: int) -> int:
        """Tokens that the first `characters` took."""
        if not characters:
            return 0
        place = bisect_left(self._ends, characters)
        return self._counts[place] if place < len(self._counts) else self.tokens

    @property
    def seconds(self) -> float:
        if self.ended is not None and self.ended.seconds:
            return self.ended.seconds
        return time.perf_counter() - self._started if self._started is not None else 0.0


class GuardedReply:
    """One reply in the making. Iterate `stream`; the other attributes are true at any moment, also after a Stop in the middle."""

    def __init__(self, guard: Guard, generate: Generate, max_tokens: int, *, can_continue: bool = True) -> None:
        """`max_tokens` counts over the whole reply, what is thrown away left out. Without `can_continue` the model cannot go on with a reply it has
        begun: then no sentence is written once more, and only the whole reply may be begun anew.
        """
        self._guard = guard
        self._can_continue = can_continue
        self._generate = generate
        self._max_tokens = max_tokens
        self._run = _Run()
        self._seconds = 0.0
        self._kept = 0
        self._spent = 0
        self._rewritten = 0
        self._slip_tokens = 0
        """Of the sentence that is being written once more; 0 where none is."""
        self._slip_ended: FinishReason | None = None
        """Why the model stopped behind that sentence, where it did."""
        self.finish: FinishReason = "cancelled"
        self.prompt_tokens = 0
        """Of the prompt without the reply, once the model has begun to read it."""
        self.restarted = False
        """Whether the reply was begun anew, because the first one was in the wrong language or script."""

    @property
    def reply_tokens(self) -> int:
        """Tokens of what is kept."""
        return self._kept + (self._slip_tokens or self._run.tokens)

    @property
    def seconds(self) -> float:
        return self._seconds + self._run.seconds

    def stream(self) -> Generator[Prefilled | Shown, None, None]:
        """Prefilled …, Shown …, and Prefilled again where the reply begins anew. Closing it ends the running generation."""
        attempt: Attempt | None = Attempt("", self._max_tokens)
        while attempt is not None:
            yield from self._write(attempt)
            attempt = self._next(attempt)
        self._guard.finish()

    def _write(self, attempt: Attempt) -> Generator[Prefilled | Shown, None, None]:
        """One generation, up to its end or to a sentence that has to be decided upon."""
        run = self._run = _Run()
        from_start = not attempt.said and not attempt.rewrite
        with closing(self._generate(attempt)) as events:
            for event in events:
                run.see(event)
                if isinstance(event, TextPiece):
                    if attempt.firmer and not self.restarted:
                        # Until now a Stop would have kept the first beginning: it was what there was.
                        self.restarted = True
                        self._guard.restart()
                    self._guard.feed(event.text)
                    yield self._shown()
                    if self._stops_here(attempt):
                        return
                elif isinstance(event, Prefilled):
                    self.prompt_tokens = event.prompt_tokens if from_start else self.prompt_tokens
                    # Of a continued reply it is only a sign of life, at which the reader may stop.
                    yield event if from_start else self._shown()
        if from_start and run.ended is not None and run.ended.prompt_tokens:
            # A server counts only now.
            self.prompt_tokens = run.ended.prompt_tokens
        ended = run.ended.reason if run.ended else "cancelled"
        if ended != "cancelled" and not (attempt.rewrite and ended == "length"):
            self._guard.close()
            self._stops_here(attempt)

    def _shown(self) -> Shown:
        return Shown(self._guard.text, len(self._guard.settled))

    def _stops_here(self, attempt: Attempt) -> bool:
        """Whether the guard waits for something to be written anew. What cannot be is kept, and the generation goes on."""
        if attempt.rewrite:
            return self._guard.slip is not None or self._guard.mended_characters > 0
        while self._guard.slip is not None:
            if self._guard.slips_at_start or self._may_rewrite(self._slip_size()):
                return True
            self._guard.keep()
        return False

    def _slip_size(self) -> int:
        """Tokens of the sentence that waits."""
        end = self._run.characters - self._guard.unsettled_characters + self._guard.slip_characters
        return max(1, self._run.tokens_of(end) - self._run_kept())

    def _may_rewrite(self, tokens: int) -> bool:
        # A sentence that was cut off at the limit would be cut off again.
        whole = self._run.ended is None or self._run.ended.reason == "stop"
        return self._can_continue and whole and self._rewritten < MOST_SENTENCES and self._room(self._run_kept()) >= tokens

    def _run_kept(self) -> int:
        """Tokens of this generation that are settled."""
        settled = self._guard.settled
        spaces = len(settled) - len(settled.rstrip())
        return self._run.tokens_of(max(0, self._run.characters - self._guard.unsettled_characters - spaces))

    def _room(self, kept: int) -> int:
        """Tokens that rewriting may still take, `kept` of the running generation counted in."""
        kept += self._kept
        return min(self._max_tokens - kept, FREE_TOKENS + kept // SHARE - self._spent)

    def _next(self, attempt: Attempt) -> Attempt | None:
        """What to write next, after a generation is over; None at the end of the reply."""
        run, guard = self._run, self._guard
        ended = run.ended.reason if run.ended else None
        if attempt.rewrite:
            return self._after_rewrite(attempt, ended)
        while attempt.firmer and not self.restarted and guard.slip is not None:
            # Nothing came the second time.
            guard.keep()
        if guard.slip is None or ended == "cancelled":
            return self._over(ended or "cancelled")
        if guard.slips_at_start:
            self._account(0)
            return Attempt("", self._max_tokens, firmer=True)
        tokens, self._slip_ended = self._slip_size(), ended if guard.slip_is_last else None
        self._account(self._run_kept())
        self._slip_tokens = tokens
        self._rewritten += 1
        return self._rewrite(1)

    def _after_rewrite(self, attempt: Attempt, ended: FinishReason | None) -> Attempt | None:
        guard, tokens = self._guard, self._run.tokens
        self._spent += tokens
        if guard.mended_characters:
            self._slip_tokens = 0
            self._account(self._run.tokens_of(guard.mended_characters))
            return self._over(ended) if ended == "stop" else self._go_on()
        self._account(0)
        if ended == "cancelled":
            return self._over(ended)
        if attempt.rewrite < MOST_REWRITES and self._room(0) >= self._slip_tokens:
            return self._rewrite(attempt.rewrite + 1)
        guard.keep()
        self._kept += self._slip_tokens
        self._slip_tokens = 0
        return self._over(self._slip_ended) if self._slip_ended else self._go_on()

    def _rewrite(self, attempt: int) -> Attempt:
        self._guard.rewrite()
        most = max(1, min(self._room(0), LONGER * self._slip_tokens + SPARE_TOKENS))
        return Attempt(self._guard.settled, most, rewrite=attempt, avoid=self._guard.failed)

    def _go_on(self) -> Attempt | None:
        left = self._max_tokens - self._kept
        if left <= 0:
            return self._over("length")
        self._guard.resume()
        return Attempt(self._guard.settled, left)

    def _account(self, kept: int) -> None:
        """Close the books of a generation of which `kept` tokens stay."""
        self._kept += kept
        self._seconds += self._run.seconds
        self._run = _Run()

    def _over(self, reason: FinishReason) -> Attempt | None:
        self.finish = reason
        return None
