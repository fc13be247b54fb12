"""The words of a text that a search should find: Kiwi's content morphemes, without particles and endings.

"학교에서 먹었던" is found by "학교", "먹다" and "먹었어". Order is kept, repetitions too; what is not Korean passes through lower-cased.
"""

from __future__ import annotations

from solar_chat.language.parsing.analyser import parse

# Nouns, pronouns, numerals, verbs, adjectives, roots, adverbs, determiners; letters, digits and foreign scripts.
_CONTENT = ("N", "VV", "VA", "XR", "XPN", "MA", "MM", "SL", "SN", "SH", "W_HASHTAG")


def morphemes(text: str) -> list[str]:
    """Content morphemes of `text`; words of sentences without Hangul as they are."""
    found: list[str] = []
    for sentence in parse(text, lone_quotes=True):
        if sentence.morphemes:
            found += [morpheme.form.lower() for morpheme in sentence.morphemes if morpheme.kind.startswith(_CONTENT)]
        else:
            found += text[sentence.start : sentence.end].lower().split()
    return found
