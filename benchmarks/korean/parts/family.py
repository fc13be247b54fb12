"""존댓말 or 반말: whole messages against the register that the set says they are in. An answer of neither, or of both, is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from benchmarks.korean.data import Data, Item
from benchmarks.korean.figures import Disputed, Result, against_labels, attempt, joined
from benchmarks.korean.peers import ending_family, regex_family
from solar_chat.language import inspect

_PEERS: Final = {"ending regex": regex_family, "Kiwi": ending_family}


def measure(data: Data, disputed: Disputed) -> Result:
    """Shares of messages whose family is the label."""

    def of(what: str, items: Callable[[], list[Item]], to_beat: float, goal: float) -> Result:
        return attempt("family", what, lambda: against_labels("family", what, items(), _family, _PEERS, disputed, to_beat=to_beat, goal=goal))

    return joined(
        (
            of("KHT valid", data.honorific_translation, 0.990, 0.995),
            of("CoCoA-ko train", lambda: [item for pair in data.cocoa() for item in (pair.casual, pair.polite)], 0.994, 0.997),
            of("StyleKQC dev", data.stylekqc, 0.997, 0.999),
        )
    )


def _family(text: str) -> str:
    return inspect(text).family
