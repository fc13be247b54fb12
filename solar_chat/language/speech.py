"""The speech level of every sentence of a text.

Offsets are the text's own. A line of code, a list of nouns or an English sentence comes back with level `none` and confidence 0, so a caller can walk
the whole text without asking first what is what. Nothing here looks at the language of a message: `identify` does.
"""

from __future__ import annotations

from solar_chat.language.analyser import ParsedSentence, parse
from solar_chat.language.levels import FAMILY, read
from solar_chat.language.types import Sentence


def sentences(text: str) -> tuple[Sentence, ...]:
    """Sentences of `text` in order with their level and confidence. Fenced code is not part of any sentence. Never raises."""
    return tuple(judged(text, sentence) for sentence in parse(text))


def judged(text: str, sentence: ParsedSentence) -> Sentence:
    """One parsed sentence with its level."""
    level, strength = read(text, sentence)
    return Sentence(sentence.start, sentence.end, level, FAMILY[level], strength if level != "none" else 0.0)
