"""Keeps a sentence that is written once more from coming out the same, whatever the temperature.

A model that is sure of a sentence says it again from any seed. So the old wording is a path to leave: every token on it is weakened a little, which
makes the model leave it where another word was nearly as likely, and before the sentence's ending it is left in any case. Words off the path are as
likely as ever. Works on token ids; which wordings to avoid is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from torch import Tensor

# In nats: a word that was e² = 7 times less likely than the old one is now as likely.
WEAKENED: Final = 2.0
# A Korean ending and its full stop are two to four tokens: what has to change is among them.
ENDING_TOKENS: Final = 4


class Detour:
    """Follows one reply along the wordings to avoid."""

    def __init__(self, paths: Iterable[list[int]]) -> None:
        self._paths = [path for path in paths if path]
        self._position = 0

    def weaken(self, logits: Tensor) -> Tensor:
        """`logits` [vocabulary] with the next token of every wording that the reply has followed so far made less likely."""
        if not self._paths:
            return logits
        logits = logits.clone()
        for token in {path[self._position] for path in self._paths}:
            logits[token] -= WEAKENED
        for path in self._paths:
            if self._position >= len(path) - ENDING_TOKENS:
                logits[path[self._position]] = float("-inf")
        return logits

    def take(self, token: int) -> None:
        """The reply went on with `token`."""
        if self._paths:
            self._position += 1
            self._paths = [path for path in self._paths if path[self._position - 1] == token and len(path) > self._position]
