"""A small model of how the speech levels sound: character 1- to 4-grams, hashed, and one linear layer.

It is asked where the rules see nothing (chat spelling, dialect, a line without an ending) and knows a fifth class, `none`, for what has no level at
all. Trained by `recipes/register` on MIT data; the file holds plain arrays and loads on first use. It knows letters only, no grammar.
"""

from __future__ import annotations

import functools
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from solar_chat.paths import REGISTER_MODEL

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ModelLevel = Literal["formal", "polite", "casual", "plain", "none"]
CLASSES: Final[tuple[ModelLevel, ...]] = ("formal", "polite", "casual", "plain", "none")
"""Columns of the weights, in order."""
BUCKETS: Final = 1 << 18
LONGEST_GRAM: Final = 4
READ_CHARACTERS: Final = 120
"""Only the end of a sentence is read: the level is there, and the cost stays bounded."""
_TRAILING: Final = " \t\r\n.!?~…,^;:()[]*_\"'”’ㅋㅎㅠㅜㅡ♡♥"


@dataclass(frozen=True, slots=True)
class Guess:
    """Probabilities of the five classes; they add up to 1."""

    formal: float
    polite: float
    casual: float
    plain: float
    none: float

    @property
    def jondaemal(self) -> float:
        """Probability of 존댓말 among the levels, `none` left out."""
        return (self.formal + self.polite) / max(self.formal + self.polite + self.casual + self.plain, 1e-9)

    @property
    def level(self) -> Literal["formal", "polite", "casual", "plain"]:
        """The likelier level inside the likelier family."""
        if self.jondaemal >= 0.5:
            return "formal" if self.formal > self.polite else "polite"
        return "plain" if self.plain > self.casual else "casual"


@dataclass(frozen=True, slots=True)
class CharacterModel:
    """Weights (BUCKETS × 5, int8), a scale for each class, and a bias for each class."""

    weights: NDArray[np.int8]
    scale: NDArray[np.float32]
    bias: NDArray[np.float32]

    def guess(self, text: str) -> Guess:
        """The classes of one sentence or message."""
        import numpy as np

        found = grams(text)
        if not found:
            return Guess(0.0, 0.0, 0.0, 0.0, 1.0)
        total = self.weights[found].sum(axis=0, dtype=np.int32) * self.scale / np.sqrt(np.float32(len(found))) + self.bias
        odds = np.exp(total - total.max())
        return Guess(*(float(share) for share in odds / odds.sum()))


def grams(text: str) -> list[int]:
    """Buckets of the different 1- to 4-grams of the end of `text`, closing punctuation and laughter stripped, the end marked."""
    end = text.rstrip(_TRAILING)[-READ_CHARACTERS:].lstrip()
    if not end:
        return []
    characters = [character.encode("utf-8", "surrogatepass") for character in end] + [b"$"]
    found: set[int] = set()
    for start in range(len(characters)):
        # crc32 is the same on every machine and continues from gram to gram; Python's hash() is not.
        checksum = 0
        for character in characters[start : start + LONGEST_GRAM]:
            checksum = zlib.crc32(character, checksum)
            found.add(checksum % BUCKETS)
    return sorted(found)


@functools.cache
def character_model() -> CharacterModel:
    """The bundled model; the first call reads 1.3 MB."""
    import numpy as np

    with np.load(REGISTER_MODEL, allow_pickle=False) as arrays:
        return CharacterModel(arrays["weights"], arrays["scale"], arrays["bias"])
