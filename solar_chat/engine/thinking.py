"""What a model thinks before it answers, kept out of its reply: `<think>…</think>` at the beginning, as Qwen 3, DeepSeek's distillations and Solar
Open write it.

A person reads an answer, and the guard judges one. The rule: only a block at the very beginning is taken away, and what may still become its mark
waits; the same letters in the middle of an answer are text. A server whose template opens the block itself sends only the end of it: by then the
thought has been shown, so it is remembered for the replies that follow. Reasoning that a server sends in a field of its own is left out by `remote`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Final

from solar_chat.engine.protocol import Event, GenerationRequest, Prefilled, ScoredToken, TextPiece
from solar_chat.errors import ModelError

_MARKS: Final = {
    "<think>": ("</think>",),
    "<thinking>": ("</thinking>",),
    "[THINK]": ("[/THINK]",),
    # Solar Open closes the turn of its thoughts and opens another for the answer.
    "<|think|>": ("</|think|>", "<|/think|>", "<|content|>"),
}


# On a line of its own, as templates and models write it; in a sentence about marks it is a word.
_LONE_END: Final = "\n</think>\n"


@dataclass(slots=True)
class Habit:
    """What was learnt of one model from its replies."""

    begins_thinking: bool = False
    """Its replies begin inside a block that somebody else opened."""


class ThinkingScanner:
    """Text in, text without the thoughts at its beginning out."""

    def __init__(self, *, begins_thinking: bool = False) -> None:
        """`begins_thinking` takes a block for open; where its end never comes, it was an answer, and `flush` returns it."""
        self._held = ""
        self._closers: tuple[str, ...] = _MARKS["<think>"] if begins_thinking else ()
        self.supposed = begins_thinking
        """Whether the open block is one that nobody has seen open."""
        self._untold = ""
        self._begun = False
        self.thought = False
        """Whether there was a block, closed or not."""

    @property
    def thinking(self) -> bool:
        """Whether a block is open."""
        return bool(self._closers)

    def push(self, text: str) -> str:
        """What may be shown now that `text` arrived."""
        if self._begun:
            return text
        self._held += text
        while True:
            if self._closers and not self._closed():
                return ""
            start = self._held.lstrip()
            opener = next((mark for mark in _MARKS if start.startswith(mark)), None)
            if opener is None:
                break
            self._held, self._closers, self.thought = start.removeprefix(opener), _MARKS[opener], True
        if any(mark.startswith(start) for mark in _MARKS):
            # Nothing but white space so far, or the beginning of a mark.
            return ""
        self._begun = True
        return self.flush()

    def flush(self) -> str:
        """What was held back: the text is over, so it was no mark. Thoughts that were never closed are no text."""
        held, self._held = self._held, ""
        if self.supposed:
            return self._untold + held
        if self._closers:
            return ""
        # The blank lines behind a block belong to it.
        return held.lstrip() if self.thought else held

    def _closed(self) -> bool:
        """Whether the open block ends in what is held; thoughts are thrown away as they come."""
        ends = [(at, len(mark)) for mark in self._closers if (at := self._held.find(mark)) >= 0]
        if not ends:
            kept = max(map(len, self._closers))
            if self.supposed:
                self._untold += self._held[:-kept]
            self._held = self._held[-kept:]
            return False
        at, length = min(ends)
        self._held, self._closers = self._held[at + length :], ()
        self.thought, self.supposed = True, False
        return True


def without_thinking(events: Iterator[Event], request: GenerationRequest, model: str, habit: Habit) -> Generator[Event, None, None]:
    """`events` of `model` without its thoughts. While it thinks, the last `Prefilled` comes again as a sign of life; their tokens count. What is
    learnt of the model is written into `habit`.

    Raises ModelError `only_reasoning` where the limit was met before the answer began.
    """
    if request.messages and request.messages[-1].role == "assistant":
        # It goes on with an answer that has begun.
        yield from events
        return
    scanner = ThinkingScanner(begins_thinking=habit.begins_thinking)
    shown_end = "\n"
    read = Prefilled(0, 0, 0)
    said = False
    scored: tuple[ScoredToken, ...] = ()
    for event in events:
        if isinstance(event, TextPiece):
            # Of what is held back the scores wait as well; those of thoughts go with them.
            scored += event.scored
            if text := scanner.push(event.text):
                said = True
                if not scanner.thought:
                    shown_end = (shown_end + text)[-len(_LONE_END) - len(text) :]
                    habit.begins_thinking |= _LONE_END in shown_end
                yield TextPiece(text, event.reply_tokens, scored)
                scored = ()
            elif scanner.thinking:
                scored = scored if scanner.supposed else ()
                yield read
        elif isinstance(event, Prefilled):
            read = event
            yield event
        else:
            if scanner.supposed and event.reason == "stop":
                # It ended, and no thought with it: an answer.
                habit.begins_thinking = False
            thinking = scanner.thinking and event.reason == "length"
            if (rest := scanner.flush()) and not thinking:
                yield TextPiece(rest, event.reply_tokens, scored)
            elif (scanner.thought or thinking) and not said and event.reason == "length":
                raise ModelError("only_reasoning", model=model)
            yield event
