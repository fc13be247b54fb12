"""One kind of events for every reply, guarded or not: what has begun, text that will not change any more, the end.

The rule: a client never sees text that the guard may still mend, half a character, or U+FFFD. A stream and a whole reply are made of the same events.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from solar_chat.assistant import Answer, Completion, Decided, Draft, Turn
from solar_chat.engine import Finished, FinishReason, Prefilled, ScoredToken, TextPiece

Finish = Literal["stop", "length"]


@dataclass(frozen=True, slots=True)
class Begun:
    """The model has been asked; nothing of the request can be refused any more."""


@dataclass(frozen=True, slots=True)
class Piece:
    """New text."""

    text: str
    scored: tuple[ScoredToken, ...] = ()
    of_prompt: bool = False


@dataclass(frozen=True, slots=True)
class End:
    """The last event."""

    finish: Finish
    prompt_tokens: int
    reply_tokens: int
    guarded: dict[str, Any] | None = None
    """What the guard found and did, where it was asked for."""


ReplyEvent = Begun | Piece | End


class Reply(Protocol):
    """A reply in the making."""

    def pieces(self) -> Generator[ReplyEvent, None, None]:
        """Runs it; in a thread."""

    def stop(self) -> None:
        """Ends it within one token, from any thread."""


class PlainReply:
    """As the model gives it."""

    def __init__(self, completion: Completion) -> None:
        self._completion = completion
        self.stop = completion.stop

    def pieces(self) -> Generator[ReplyEvent, None, None]:
        begun = False
        for event in self._completion.stream():
            if not begun:
                begun = True
                yield Begun()
            if isinstance(event, TextPiece):
                yield Piece(_clean(event.text), event.scored)
            elif isinstance(event, Prefilled) and event.scored:
                yield Piece("".join(token.text for token in event.scored), event.scored, of_prompt=True)
            elif isinstance(event, Finished):
                yield End(_finish(event.reason), event.prompt_tokens, event.reply_tokens)


class GuardedReply:
    """Held to a language and a level."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self.stop = turn.stop

    def pieces(self) -> Generator[ReplyEvent, None, None]:
        shown, decided = "", self._turn.decided
        for event in self._turn.stream():
            if isinstance(event, Decided):
                yield Begun()
            elif isinstance(event, Draft):
                # White space at the end waits: a finished reply has none.
                settled = event.text[: event.settled].strip()
                if len(settled) > len(shown):
                    yield Piece(_clean(settled[len(shown) :]))
                    shown = settled
            elif isinstance(event, Answer):
                if event.reply[len(shown) :]:
                    yield Piece(_clean(event.reply[len(shown) :]))
                yield End(_finish(event.finish), event.prompt_tokens, event.reply_tokens, _report(decided, event))


class Several:
    """Replies one behind the other; each ends with its own `End`."""

    def __init__(self, makers: Sequence[Callable[[], Reply]]) -> None:
        self._makers = makers
        self._current: Reply | None = None
        self._stopped = False

    def pieces(self) -> Generator[ReplyEvent, None, None]:
        for number, make in enumerate(self._makers):
            if self._stopped:
                return
            self._current = make()
            if self._stopped:
                # While it was being made.
                self._current.stop()
            for event in self._current.pieces():
                if not (number and isinstance(event, Begun)):
                    yield event

    def stop(self) -> None:
        self._stopped = True
        if self._current is not None:
            self._current.stop()


def _report(decided: Decided, answer: Answer) -> dict[str, Any]:
    found = answer.as_dict()
    return {
        "language": answer.language,
        "language_reason": decided.language_reason,
        "speech_level": answer.level,
        "asked_level": answer.asked_level,
        "level_reason": decided.level_reason,
        "sentences": found["sentences"],
        "repaired": sum(sentence.repaired for sentence in answer.sentences),
        "slipped": sum(sentence.slipped for sentence in answer.sentences),
        "restarted": answer.restarted,
        "unread_messages": decided.dropped_messages,
    }


def _finish(reason: FinishReason) -> Finish:
    return "length" if reason == "length" else "stop"


def _clean(text: str) -> str:
    """Bytes that form no character say nothing."""
    return text.replace("\N{REPLACEMENT CHARACTER}", "")
