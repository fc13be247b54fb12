"""One sentence of a reply in, the verdict and the mended sentence out.

Pure: no buffer, no model, no memory of the sentences before. A sentence without a level (English, code, a list, a heading) fits everywhere; one that
slips is re-inflected only where the rewriter calls it safe and the result passes the same judgement.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from solar_chat.language import Expected, Level, Sentence, SentenceLevel, rewrite, sentence_complies, sentences

SlipReason = Literal["level", "language", "script"]
Mending = Literal["inflected", "regenerated"]

# A word without an ending (a number, a name) has a level only by the looks of its letters, which is never this sure.
CERTAIN: Final = 0.9
# One word that may be an answer or a noun is given half.
DOUBTFUL: Final = 0.5
# Letters that Kiwi works with and nobody writes: in a result they are a piece of an ending that did not join.
_LOOSE_LETTER: Final = re.compile("[\u1100-\u11ff]")


@dataclass(frozen=True, slots=True)
class GuardedSentence:
    """A settled stretch of the reply: one sentence or line, with its trailing white space."""

    text: str
    level: SentenceLevel
    repaired: bool = False
    original: str | None = None
    """What the model wrote first, where `repaired`."""
    slipped: bool = False
    """Not as it was asked for, and left so."""
    how: Mending | None = None
    """How it was repaired."""
    reason: SlipReason | None = None
    """What is wrong, where `slipped`."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What every sentence of a reply is held to."""

    level: Level | None
    """None: the reply has no speech level to keep (English), or is not guarded."""
    expected: Expected | None = None
    """None: any language and script."""
    inflects: bool = True


def judge(text: str, wanted: Wanted) -> GuardedSentence:
    """`text` as it may be shown: as it is, re-inflected, or marked as slipped."""
    found = sentences(text)
    level = _level_of(found)
    if wanted.expected is not None and wanted.expected.strays_in_script(text):
        return GuardedSentence(text, level, slipped=True, reason="script")
    if wanted.level is None or _fits(text, found, wanted.level):
        return GuardedSentence(text, level)
    moved = rewrite(text, wanted.level)
    if wanted.inflects and moved.changed and not _LOOSE_LETTER.search(moved.text):
        after = sentences(moved.text)
        if _fits(moved.text, after, wanted.level):
            return GuardedSentence(moved.text, _level_of(after), repaired=True, original=text, how="inflected")
    surest = max(sentence.confidence for sentence in found)
    if surest <= DOUBTFUL or (surest < CERTAIN and all(part.status == "kept" for part in moved.sentences)):
        # A guess, and nothing in it that could be re-inflected: no reason to write a sentence once more.
        return GuardedSentence(text, level)
    return GuardedSentence(text, level, slipped=True, reason="level")


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
