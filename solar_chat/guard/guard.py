"""A reply that arrives in pieces, settled sentence by sentence.

A sentence is judged once it is complete, never before, and text that was settled never changes. A guard that may ask again (`asks_again`) stops at
a sentence it cannot mend and leaves the decision to its driver (`loop`): keep it, have it written once more, or begin the reply anew, which is
possible only while nothing is settled. Any other guard marks it and goes on. It generates nothing.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import replace
from typing import Final

from solar_chat.guard.judge import GuardedSentence, SlipReason, Wanted, judge
from solar_chat.language import Expected, Level, Standing, split_settled
from solar_chat.settings import GuardMode

# A beginning that cannot be told from a title or a name is held back no longer than this.
LONGEST_OPENING: Final = 160
# What may end a sentence or open code: without one of these in the newest text nothing new can be complete.
_MAY_END: Final = re.compile(r"[.?!…~。？！\n`]")
# Marks and the quotes behind them still count when the character that proves them an end arrives.
_LOOK_BACK: Final = 16


class Guard:
    """Judges one reply. `level` None (an English reply) keeps no level; mode `off` lets everything through unchanged, sentence by sentence."""

    def __init__(self, level: Level | None, mode: GuardMode, expected: Expected | None = None, *, asks_again: bool = False) -> None:
        self._wanted = Wanted(level, expected, mode == "keep") if mode != "off" else Wanted(None)
        self._asks_again = asks_again and mode == "keep"
        self._opening = self._wanted.expected is not None
        self._restarted = False
        self._closing = False
        self._skips_space = False
        self._rest = ""
        self._pending: deque[str] = deque()
        self._settled = ""
        self._stray: SlipReason = "language"
        self._strays = self._strays_at_start = 0
        self._original: GuardedSentence | None = None
        self.sentences: list[GuardedSentence] = []
        self.slip: GuardedSentence | None = None
        """The sentence that waits for a decision; only where it may be asked for again."""
        self.slips_at_start = False
        """Whether `slip` is the beginning of a reply in the wrong language or script, so that the reply may begin anew."""
        self.failed: tuple[str, ...] = ()
        """The wordings of that sentence that did not do, the model's first one in front."""
        self.mended_characters = 0
        """Length of the sentence that was just written anew and settled, counted as `slip_characters`; what came behind it was dropped."""

    @property
    def settled(self) -> str:
        """What will not change any more."""
        return self._settled

    @property
    def text(self) -> str:
        """The whole reply so far; what follows `settled` is provisional. A sentence that is written once more stands until its first new word."""
        if self._original is not None and not self._pending and not self._rest.strip():
            return self._settled + self._original.text
        return f"{self._settled}{''.join(self._pending)}{self._rest}" if self._pending else self._settled + self._rest

    @property
    def slip_characters(self) -> int:
        """Length of the sentence that waits, as the model wrote it, without the space behind it: that belongs to the next word."""
        return len(self._pending[0].rstrip()) if self.slip is not None else 0

    @property
    def slip_is_last(self) -> bool:
        """Whether the model has said nothing behind the sentence that waits."""
        return self.slip is not None and len(self._pending) == 1 and not self._rest.strip()

    @property
    def unsettled_characters(self) -> int:
        return sum(map(len, self._pending)) + len(self._rest)

    def feed(self, piece: str) -> None:
        """Take new text from the model."""
        if self._skips_space:
            piece = piece.lstrip(" \t")
            self._skips_space = not piece
        fresh = self._rest[-_LOOK_BACK:] + piece
        self._rest += piece
        if _MAY_END.search(fresh):
            complete, self._rest = split_settled(self._rest)
            self._pending += complete
            self._advance()

    def close(self) -> None:
        """The model has stopped: what is left is judged as a sentence too."""
        complete, rest = split_settled(self._rest)
        self._pending += [*complete, rest] if rest else complete
        self._rest = ""
        self._closing = True
        self._advance()

    def resume(self) -> None:
        """The model goes on behind what is settled; it may write the space that is already there once more."""
        self._closing = False
        self.mended_characters = 0
        self._drop()
        self._skips_space = not self._settled or self._settled[-1].isspace()

    def rewrite(self) -> None:
        """Have `slip` written once more: what is not settled is dropped, and the next sentence takes its place if it is any better."""
        self._original = self._original or self.slip
        if self.slip is not None:
            self.failed = (*self.failed, self._pending[0])
        self.resume()

    def restart(self) -> None:
        """Begin the reply anew. Only where `slips_at_start`: nothing is settled then."""
        self._restarted = self._opening = True
        self._settled = ""
        self.sentences.clear()
        self.resume()

    def keep(self) -> None:
        """Settle the waiting sentence marked as slipped, as the model first wrote it, and go on with what it said behind it."""
        if self._original is not None:
            original, self._original, self.failed = self._original, None, ()
            self._drop()
            self._settle(original)
            return
        if self.slips_at_start and self.slip is not None:
            self._stray, self._strays = self.slip.reason or "language", self._strays_at_start
        elif self.slip is not None:
            self._pending.popleft()
            self._settle(self.slip)
        self.slip, self.slips_at_start = None, False
        self._advance()

    def finish(self) -> None:
        """Nothing more will come: keep what waits and judge what is left. A sentence half written anew gives way to the one it was to replace."""
        self._asks_again = False
        if self.slip is not None or self._original is not None:
            self.keep()
        self.close()

    def _drop(self) -> None:
        self._pending.clear()
        self._rest = ""
        self.slip, self.slips_at_start = None, False

    def _advance(self) -> None:
        while self._pending and self.slip is None and (not self._opening or self._opens()):
            self._judge_next()

    def _opens(self) -> bool:
        """Whether the first piece may be judged: its language is right, says nothing, or cannot be helped."""
        assert self._wanted.expected is not None
        opening, pieces = "", 0
        standing: Standing = "open"
        # Of several sentences at once the first that can be told decides.
        while standing == "open" and pieces < len(self._pending):
            opening += self._pending[pieces]
            pieces += 1
            standing = self._wanted.expected.opening(opening)
        if standing == "neutral":
            return True
        if standing == "open" and not self._closing and len(opening) < LONGEST_OPENING:
            return False
        self._opening = False
        if standing == "language" or standing == "script":
            if self._asks_again and not self._restarted and not self._settled.strip():
                self.slip = GuardedSentence(self._pending[0], "none", slipped=True, reason=standing)
                self.slips_at_start, self._strays_at_start = True, pieces
                return False
            if self._restarted or standing == "language":
                self._stray, self._strays = standing, pieces
        return True

    def _judge_next(self) -> None:
        text = self._pending[0]
        if self._strays:
            self._strays -= 1
            verdict = replace(judge(text, Wanted(None)), slipped=True, reason=self._stray)
        else:
            verdict = judge(text, self._wanted)
            if self._original is not None:
                self._judge_rewritten(text, verdict, self._original)
                return
            if verdict.slipped and self._asks_again:
                self.slip = verdict
                return
        self._pending.popleft()
        self._settle(verdict)

    def _judge_rewritten(self, text: str, verdict: GuardedSentence, original: GuardedSentence) -> None:
        expected = self._wanted.expected
        if verdict.slipped or not text.strip() or self._was_said(text) or (expected is not None and expected.strays(text)):
            self.slip = verdict
            return
        self._drop()
        self._original, self.failed = None, ()
        self.mended_characters = len(text.rstrip())
        self._settle(replace(verdict, repaired=True, original=original.text, how="regenerated"))

    def _was_said(self, text: str) -> bool:
        words = text.split()
        return any(words in (said.text.split(), (said.original or "").split()) for said in self.sentences)

    def _settle(self, sentence: GuardedSentence) -> None:
        self.sentences.append(sentence)
        self._settled += sentence.text
