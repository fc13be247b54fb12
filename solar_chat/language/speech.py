"""The speech level of every sentence of a text.

Offsets are the text's own. A line of code, a list of nouns or an English sentence comes back with level `none` and confidence 0, so a caller can walk
the whole text without asking first what is what. Nothing here looks at the language of a message: `identify` does.
"""

from __future__ import annotations

from solar_chat.language.analyser import ParsedSentence, parse
from solar_chat.language.compliance import admits
from solar_chat.language.levels import FAMILY, read
from solar_chat.language.types import Level, Sentence


def sentences(text: str) -> tuple[Sentence, ...]:
    """Sentences of `text` in order with their level and confidence. Fenced code is not part of any sentence. Never raises."""
    return tuple(judged(text, sentence) for sentence in parse(text))


def judged(text: str, sentence: ParsedSentence) -> Sentence:
    """One parsed sentence with its level."""
    level, strength = read(text, sentence)
    return Sentence(sentence.start, sentence.end, level, FAMILY[level], strength if level != "none" else 0.0)


def complies(text: str, level: Level) -> bool:
    """Whether every sentence of `text` may stand in an answer of that level.

    Tolerant (see `compliance.admits`); English, code, noun-form lines and guesses always comply. A text that was just given to `sentences` is not
    analysed again.
    """
    return all(sentence_complies(text, sentence, level) for sentence in sentences(text))


def sentence_complies(text: str, sentence: Sentence, level: Level) -> bool:
    """The same for one sentence of `text` that `sentences` or `inspect` has already judged."""
    return admits(level, sentence.level, sentence.confidence, text[sentence.start : sentence.end])
