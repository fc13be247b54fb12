"""From text to search terms, from a query to an FTS5 expression, from a found text to a snippet.

Two columns are indexed: `morphemes`, whatever the given tokenizer returns, and `surface`, made here: lower-cased words, symbols, and the
character pairs of Hangul with the spaces taken out, so that a phrase of pairs finds a word however it was spaced. Every term of a query is
quoted; no input can become query syntax. Knows no tables and no Korean grammar.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

Tokenize = Callable[[str], list[str]]

_HANGUL = "\uac00-\ud7a3"
_HANGUL_WORD = re.compile(f"[{_HANGUL}]+")
# A run of Hangul words with blanks between them, a word of other letters and digits (with the + and # of C++ and C#), or a single symbol.
_STRETCH = re.compile(f"[{_HANGUL}]+(?:[ \\t]+[{_HANGUL}]+)*|[^\\W_{_HANGUL}]+[+#]*|[^\\x00-\\x7f\\s\\w]")
_WORD = re.compile(f"[{_HANGUL}]+|[^\\W_{_HANGUL}]+[+#]*|[^\\x00-\\x7f\\s\\w]")
# More than a person types to find something; a pasted page must not become a query of a thousand phrases.
_QUERY_CHARS = 200
_QUERY_TERMS = 32
_BEFORE_CHARS = 40
_AFTER_CHARS = 80


def simple_tokens(text: str) -> list[str]:
    """Lower-cased words, and the character pairs of each Hangul word: search without a morphological analyser."""
    return [term for word in _words(text) for term in (_pairs(word) or [word] if _is_hangul(word) else [word])]


def surface_terms(text: str) -> list[str]:
    """The terms of the `surface` column, in order."""
    terms: list[str] = []
    for match in _STRETCH.finditer(_folded(text)):
        stretch = "".join(match[0].split())
        if _is_hangul(stretch):
            # The last syllable stands alone, so that every syllable starts one term and can be found by prefix.
            terms += [*_pairs(stretch), stretch[-1]]
        elif _is_searchable(stretch):
            terms.append(stretch)
    return terms


def morpheme_terms(text: str, tokenize: Tokenize) -> list[str]:
    """The terms of the `morphemes` column: the tokenizer's, without what FTS5 could not keep."""
    return [part for token in tokenize(text) for part in _folded(token).replace("\0", " ").split() if _is_term(part)]


@dataclass(frozen=True, slots=True)
class Query:
    """A query, ready to be matched: expressions from exact to loose, and the words to show in a snippet."""

    expressions: tuple[str, ...]
    """FTS5 expressions; all of `sure` count, the rest are tried only while nothing was found."""
    sure: int
    words: tuple[str, ...]
    """What to look for in the text, in this order."""

    @classmethod
    def parse(cls, text: str, tokenize: Tokenize | None) -> Query:
        """Read what a person typed. Nothing searchable gives no expressions.

        Without an analyser nobody knows where a Korean particle starts, so words are also looked for without their last syllable; with one,
        shortened words are a last resort.
        """
        text = text[:_QUERY_CHARS]
        words = list(dict.fromkeys(_words(text)))[:_QUERY_TERMS]
        tokens = list(dict.fromkeys(morpheme_terms(text, tokenize or simple_tokens)))[:_QUERY_TERMS]
        if not words and not tokens:
            return cls((), 0, ())
        exact = " OR ".join(f"({part})" for part in (_all(map(_token, tokens)), _all(_surface(word, 0) for word in words)) if part)
        loose = [_all(_surface(word, cut) for word in words) for cut in (1, 2)]
        expressions = tuple(dict.fromkeys(part for part in (exact, *loose) if part))
        shown = [*words, *sorted(tokens, key=len, reverse=True)]
        shown += [word[: _stem_length(word, cut)] for cut in (1, 2) for word in words]
        return cls(expressions, 1 if tokenize else min(2, len(expressions)), tuple(dict.fromkeys(shown)))


def snippet(text: str, words: Sequence[str]) -> tuple[str, int, int]:
    """One line around the first of `words` that occurs in `text`, and where in it the match is (0, 0 where none does)."""
    match = next(filter(None, (_pattern(word).search(text) for word in words)), None)
    start, end = match.span() if match else (0, 0)
    end = min(end, start + _AFTER_CHARS)
    left, right = max(0, start - _BEFORE_CHARS), min(len(text), end + _AFTER_CHARS)
    head = ("…" if left else "") + _one_line(text[left:start]).lstrip()
    found = _one_line(text[start:end])
    tail = _one_line(text[end:right]).rstrip() + ("…" if right < len(text) else "")
    return head + found + tail, len(head) if match else 0, len(head) + len(found) if match else 0


def _words(text: str) -> list[str]:
    return [match[0] for match in _WORD.finditer(_folded(text)) if _is_searchable(match[0])]


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _is_hangul(word: str) -> bool:
    return _HANGUL_WORD.fullmatch(word) is not None


def _is_searchable(word: str) -> bool:
    """Whether a word or single character can be looked for: symbols and emoji yes, punctuation and joiners no."""
    return len(word) > 1 or word.isalnum() or unicodedata.category(word).startswith("S")


def _is_term(token: str) -> bool:
    """Whether FTS5's ascii tokenizer keeps something of it."""
    return any(character > "\x7f" or character.isalnum() or character in "+#" for character in token)


def _pairs(word: str) -> list[str]:
    return [word[index : index + 2] for index in range(len(word) - 1)]


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _all(parts: Iterator[str]) -> str:
    return " AND ".join(parts)


def _token(token: str) -> str:
    """A token as a morpheme, or as it stands in the text in whatever spacing."""
    morpheme = f"morphemes : {_quoted(token)}"
    if not _is_hangul(token) or len(token) < 2:
        return morpheme
    return f"({morpheme} OR surface : {_quoted(' '.join(_pairs(token)))})"


def _stem_length(word: str, cut: int) -> int:
    # At least two syllables stay: one alone would be found everywhere.
    return max(2, len(word) - cut) if _is_hangul(word) and len(word) > 2 else len(word)


def _surface(word: str, cut: int) -> str:
    """A word as it stands in the text: Hangul as a phrase of pairs, without the last `cut` syllables; others as a beginning."""
    if _is_hangul(word) and len(word) > 1:
        return f"surface : {_quoted(' '.join(_pairs(word[: _stem_length(word, cut)])))}"
    return f"surface : {_quoted(word)} *"


def _pattern(word: str) -> re.Pattern[str]:
    """Finds a word in running text: any case, and Hangul in any spacing; a single syllable only where a word begins."""
    if not _is_hangul(word):
        return re.compile(re.escape(word), re.IGNORECASE)
    return re.compile("[ \\t]*".join(word) if len(word) > 1 else f"(?<![{_HANGUL}]){word}")


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text)
