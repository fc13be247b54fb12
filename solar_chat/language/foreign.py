"""Latin-script languages that are not English, asked of langdetect only where it can be trusted.

Its answers are random unless seeded, wrong on short text and wrong on lists of names, so it is asked late, once seeded, and believed only when sure.
"""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Callable
from typing import Any, Final

from solar_chat.language.vocabulary import words

MINIMUM_LETTERS: Final = 20
"""Shorter text is guessed wrong more often than not (notes 2.2: 71 % at 15 characters)."""
_SURE_LETTERS: Final = 40
_ENGLISH_WORDS: Final = words(
    """
    the a an is are was were be been am do does did have has had will would can could should may might must shall i you he she it we they
    me him her us them my your his its our their this that these those what which who whom whose when where why how and or but if because
    so than then of in on at to for from with by about into over after before under not no yes there here just please thanks don't it's i'm
    can't let's as all any some more out up
    """
)
_MARKED: Final = re.compile(r"[À-ÖØ-öø-ÿĀ-žȘ-țƠơƯưẠ-ỹ¿¡]")
_lock = threading.Lock()


def foreign_language(text: str) -> str | None:
    """ISO 639-1 code of a Latin-script language other than English, or None where it is English, too short or unsure."""
    letters = sum(character.isalpha() for character in text[:2000])
    if letters < MINIMUM_LETTERS:
        return None
    words = re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)?", text[:2000].lower())
    english = sum(word in _ENGLISH_WORDS for word in words)
    marked = len(_MARKED.findall(text[:2000]))
    capitalised = sum(word[0].isupper() for word in text[:2000].split())
    if not marked and (english * 4 >= len(words) or capitalised * 2 >= len(words)):
        return None  # English, or a list of names
    best = _detect(text[:2000])
    if best is None or best[0] == "en":
        return None
    code, probability = best
    needed = 0.9 if marked else 0.97
    if probability < needed or (letters < _SURE_LETTERS and not marked and english) or (len(words) < 4 and not marked):
        return None
    return code.split("-")[0]


def _detect(text: str) -> tuple[str, float] | None:
    from langdetect import LangDetectException

    with _lock:
        try:
            guesses = _detector()(text)
        except LangDetectException:
            return None
    return (guesses[0].lang, guesses[0].prob) if guesses else None


@functools.cache
def _detector() -> Callable[[str], list[Any]]:
    from langdetect import DetectorFactory, detect_langs

    DetectorFactory.seed = 0  # Process-wide: without it the same text changes language between calls.
    detect: Callable[[str], list[Any]] = detect_langs
    return detect
