"""What a model thinks before it answers, kept out of its reply: `<think>…</think>` at the beginning, as Qwen 3, DeepSeek's distillations and Solar
Open write it.

A person reads an answer, and the guard judges one. The rule: only a block at the very beginning is taken away, and what may still become its mark
waits; the same letters in the middle of an answer are text. Reasoning that a server sends in a field of its own is left out by `remote`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
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


class ThinkingScanner:
    """Text in, text without the thoughts at its beginning out."""

    def __init__(self) -> None:
        self._held = ""
        self._closers: tuple[str, ...] = ()
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
        if self._closers:
            return ""
        # The blank lines behind a block belong to it.
        return held.lstrip() if self.thought else held

    def _closed(self) -> bool:
        """Whether the open block ends in what is held; thoughts are thrown away as they come."""
        ends = [(at, len(mark)) for mark in self._closers if (at := self._held.find(mark)) >= 0]
        if not ends:
            self._held = self._held[-max(map(len, self._closers)) :]
            return False
        at, length = min(ends)
        self._held, self._closers = self._held[at + length :], ()
        return True


def without_thinking(events: Iterator[Event], request: GenerationRequest, model: str) -> Generator[Event, None, None]:
    """`events` of `model` without its thoughts. While it thinks, the last `Prefilled` comes again as a sign of life; their tokens count.

    Raises ModelError `only_reasoning` where the limit was met before the answer began.
    """
    if request.messages and request.messages[-1].role == "assistant":
        # It goes on with an answer that has begun.
        yield from events
        return
    scanner = ThinkingScanner()
    read = Prefilled(0, 0, 0)
    said = False
    scored: tuple[ScoredToken, ...] = ()
    for event in events:
        if isinstance(event, TextPiece):
            # Of what is held back the scores wait as well; those of thoughts go with them.
            scored += event.scored
            if text := scanner.push(event.text):
                said = True
                yield TextPiece(text, event.reply_tokens, scored)
                scored = ()
            elif scanner.thinking:
                scored = ()
                yield read
        elif isinstance(event, Prefilled):
            read = event
            yield event
        else:
            if rest := scanner.flush():
                yield TextPiece(rest, event.reply_tokens, scored)
            elif scanner.thought and not said and event.reason == "length":
                raise ModelError("only_reasoning", model=model)
            yield event
