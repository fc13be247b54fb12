"""Keeps a streaming reply in the speech level that was asked for.

Sits between the engine and every door. Text comes in as the model writes it; a sentence is judged once it is complete, never before, and text that
was settled never changes. In mode `keep` a sentence that slips is re-inflected, accepted only where the rewriter calls it safe and the result
passes the same judgement; otherwise it stays as the model wrote it and says so. It generates nothing, and it leaves English, code, lists and
headings alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from solar_chat.language import Level, Sentence, SentenceLevel, rewrite, sentence_complies, sentences, split_settled
from solar_chat.settings import GuardMode


@dataclass(frozen=True, slots=True)
class GuardedSentence:
    """A settled stretch of the reply: one sentence or line, with its trailing white space."""

    text: str
    level: SentenceLevel
    repaired: bool = False
    original: str | None = None
    """What the model wrote, where `repaired`."""
    slipped: bool = False
    """Not in the asked level, and not repaired."""


class Guard:
    """Judges one reply. `level` None (an English reply) or mode `off` lets everything through unchanged, sentence by sentence."""

    def __init__(self, level: Level | None, mode: GuardMode) -> None:
        self._level = level if mode != "off" else None
        self._repairs = mode == "keep"
        self._rest = ""
        self._settled: list[str] = []
        self.sentences: list[GuardedSentence] = []

    def feed(self, piece: str) -> None:
        """Take new text from the model."""
        complete, self._rest = split_settled(self._rest + piece)
        for text in complete:
            self._settle(text)

    def close(self) -> None:
        """The model has stopped: what is left is judged as a sentence too."""
        if self._rest:
            rest, self._rest = self._rest, ""
            self._settle(rest)

    @property
    def settled(self) -> str:
        """What will not change any more."""
        return "".join(self._settled)

    @property
    def text(self) -> str:
        """The whole reply so far; what follows `settled` is provisional."""
        return self.settled + self._rest

    def _settle(self, text: str) -> None:
        sentence = self._judge(text)
        self.sentences.append(sentence)
        self._settled.append(sentence.text)

    def _judge(self, text: str) -> GuardedSentence:
        found = sentences(text)
        level = _level_of(found)
        if self._level is None or _fits(text, found, self._level):
            return GuardedSentence(text, level)
        if self._repairs:
            repaired = rewrite(text, self._level)
            after = sentences(repaired.text)
            if repaired.changed and _fits(repaired.text, after, self._level):
                return GuardedSentence(repaired.text, _level_of(after), repaired=True, original=text)
        return GuardedSentence(text, level, slipped=True)


def _fits(text: str, found: Sequence[Sentence], wanted: Level) -> bool:
    """Whether every sentence found in `text` may stand in a reply of the `wanted` level."""
    return all(
        sentence_complies(text, sentence, wanted)
        # Good 해요체 prose does mix in 합쇼체, but models fall back to 합쇼체 for whole replies, and then it is not what was asked for.
        and not (wanted == "polite" and sentence.level == "formal")
        for sentence in found
    )


def _level_of(found: Sequence[Sentence]) -> SentenceLevel:
    """The level of the last sentence that has one."""
    return next((sentence.level for sentence in reversed(found) if sentence.level != "none"), "none")
