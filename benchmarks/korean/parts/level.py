"""The six levels, 하게체 and 하오체 among them: the 102 sentences of the 54 prompts, and the prompts as wholes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from benchmarks.korean.data import Data, Item, relabelled
from benchmarks.korean.figures import Disputed, Result, against_labels, attempt, joined
from benchmarks.korean.peers import ending_level, regex_level
from solar_chat.language import inspect

_PEERS: Final = {"ending regex": regex_level, "Kiwi": ending_level}


def measure(data: Data, disputed: Disputed) -> Result:
    """Shares of sentences, and of prompts, whose level is the label."""

    def of(what: str, items: Callable[[], list[Item]], goal: float | None) -> Result:
        return attempt("level", what, lambda: against_labels("level", what, items(), _level, _PEERS, disputed, to_beat=goal, goal=goal))

    return joined(
        (
            of("six-level prompts, sentences", lambda: sentences(data.prompts()), 1.0),
            of("six-level prompts, whole", data.prompts, None),
        )
    )


def sentences(prompts: list[Item]) -> list[Item]:
    """Each prompt's sentences: they end in a full stop, and none stands inside one."""
    return [relabelled(prompt, piece) for prompt in prompts for piece in re.split(r"(?<=\.)\s+", prompt.text)]


def _level(text: str) -> str:
    return inspect(text).level
