"""The speech level of every sentence of a text.

Rules first (`levels`); where they have no evidence the character model is asked, and it must be sure. Offsets are the text's own. A line of code, a
list of nouns or an English sentence comes back with level `none` and confidence 0, so a caller can walk the whole text without asking first what is
what. Nothing here looks at the language of a message: `identify` does.
"""

from __future__ import annotations

from typing import Final

from solar_chat.language.parsing.analyser import ParsedSentence, parse
from solar_chat.language.register.character_model import character_model
from solar_chat.language.register.compliance import admits
from solar_chat.language.register.levels import FAMILY, Reading, goes_on, meaningful, read
from solar_chat.language.types import Sentence
from solar_chat.levels import Level

GUESS_BELOW: Final = 0.5
"""Strength under which a reading of the rules is no evidence."""
SURE: Final = 0.7
"""Probability that the model must give to one family before its guess is taken: a wrong level costs more than a missing one."""

LEANING: Final = 0.45
"""Highest confidence of an unfinished clause."""


def sentences(text: str) -> tuple[Sentence, ...]:
    """Sentences of `text` in order with their level and confidence. Fenced code is not part of any sentence. Never raises."""
    return tuple(judged(text, sentence) for sentence in parse(text))


def judged(text: str, sentence: ParsedSentence) -> Sentence:
    """One parsed sentence with its level. Confidence: 1 for a plain final ending, less where Kiwi may err, the model's probability for a guess."""
    return weighed(text, sentence)[0]


def weighed(text: str, sentence: ParsedSentence) -> tuple[Sentence, bool]:
    """The same, and whether it is the rules that say so."""
    reading = read(text, sentence)
    ruled = reading[1] >= GUESS_BELOW
    level, strength = reading if ruled else _guess(text, sentence, reading)
    return Sentence(sentence.start, sentence.end, level, FAMILY[level], strength if level != "none" else 0.0), ruled


def _guess(text: str, sentence: ParsedSentence, reading: Reading) -> Reading:
    """The character model's reading where it is sure, else the weak one that the rules had. It is not asked about lists and tails."""
    if sentence.listed or not meaningful(sentence.morphemes) or _is_tail(text, sentence) or goes_on(text, sentence):
        return reading
    found = character_model().guess(text[sentence.start : sentence.end])
    family = max(found.jondaemal, 1 - found.jondaemal) * (1 - found.none)
    if family < SURE:
        return reading
    # A clause left open (…하고 싶다면) may lean to one family, but nobody can say that it breaks a level.
    return found.level, round(min(family, LEANING) if reading[0] != "none" else family, 3)


def _is_tail(text: str, sentence: ParsedSentence) -> bool:
    """Whether the sentence is only what was put behind the one before it (뭐예요 | 이게): no mark and no line break stand between."""
    before = text[max(0, sentence.start - 8) : sentence.start].rstrip(" \t")
    return before[-1:].isalpha()


def complies(text: str, level: Level) -> bool:
    """Whether every sentence of `text` may stand in an answer of that level.

    Tolerant (see `compliance.admits`); English, code, noun-form lines and guesses always comply. A text that was just given to `sentences` is not
    analysed again.
    """
    return all(sentence_complies(text, sentence, level) for sentence in sentences(text))


def sentence_complies(text: str, sentence: Sentence, level: Level) -> bool:
    """The same for one sentence of `text` that `sentences` or `inspect` has already judged."""
    return admits(level, sentence.level, sentence.confidence, text[sentence.start : sentence.end])
