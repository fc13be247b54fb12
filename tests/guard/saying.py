"""A model of words for the loop: it says its scripts, counts its tokens, and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Generator, Iterable

from solar_chat.engine import Event, Finished, FinishReason, Prefilled, TextPiece
from solar_chat.guard import Attempt, Guard, GuardedReply, Shown
from solar_chat.language import Level
from solar_chat.language.identification.strays import Expected
from solar_chat.settings import GuardMode

# Foreign script is what no rewriter mends, whatever it learns about endings.
SLIP = "어서 入場하십시오. "
FIRST = "문이 열려 있습니다. "
THIRD = "따뜻하게 입으십시오. "


class Model:
    """Says the scripts in order, one word a token, and remembers what it was asked."""

    def __init__(self, *scripts: str) -> None:
        self.scripts = list(scripts)
        self.attempts: list[Attempt] = []
        self.tokens = 0
        self.open = 0

    def __call__(self, attempt: Attempt) -> Generator[Event, None, None]:
        self.attempts.append(attempt)
        return self._say(attempt)

    def _say(self, attempt: Attempt) -> Generator[Event, None, None]:
        self.open += 1
        try:
            yield Prefilled(7, 7, 0)
            count = 0
            reason: FinishReason = "stop"
            for piece in words(self.scripts.pop(0)):
                if count == attempt.tokens:
                    reason = "length"
                    break
                count += 1
                self.tokens += 1
                yield TextPiece(piece, count)
            yield Finished(reason, 7, count, 0.0)
        finally:
            self.open -= 1


def words(text: str) -> list[str]:
    """Words with the space in front, as models write them."""
    pieces = text.split(" ")
    return [piece for piece in [pieces[0], *(f" {piece}" for piece in pieces[1:])] if piece]


def replied(
    *scripts: str, level: Level | None = "formal", mode: GuardMode = "keep", tokens: int = 400, expected: Expected | None = None
) -> tuple[GuardedReply, Guard, Model]:
    model = Model(*scripts)
    guard = Guard(level, mode, expected or Expected("ko" if level else "en"), asks_again=True)
    reply = GuardedReply(guard, model, tokens)
    check(list(reply.stream()))
    assert model.open == 0
    return reply, guard, model


def check(events: Iterable[Prefilled | Shown]) -> None:
    """Settled text only grows."""
    settled = ""
    for event in events:
        if isinstance(event, Shown):
            assert event.text[: event.settled].startswith(settled)
            settled = event.text[: event.settled]


def told(guard: Guard) -> list[tuple[str, str | None, str | None]]:
    return [(sentence.text.strip(), sentence.how, sentence.reason) for sentence in guard.sentences]
