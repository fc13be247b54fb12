"""Which language a text is in, and which one supplies its grammar where two meet.

Sentences and posts hold Latin letters outside code and links; two kinds are made here from parts whose language is known: a sentence of each language
side by side, and an English sentence around one Korean noun.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from benchmarks.korean.data import Data, Item
from benchmarks.korean.figures import Disputed, Result, against_labels, attempt, joined
from benchmarks.korean.paragraphs import document_paragraphs, mixed_sentences, mixes
from benchmarks.korean.peers import langdetect_language, script_ratio
from solar_chat.language import inspect

_PEERS: Final = {"langdetect": langdetect_language, "script ratio": script_ratio}
_NOUNS: Final = (
    "김치", "비빔밥", "한복", "설날", "추석", "온돌", "눈치", "정", "효도", "막걸리", "떡볶이", "한글", "판소리", "태권도", "반말",
    "존댓말", "회식", "수능", "찜질방", "노래방", "포장마차", "사투리", "사주", "제사", "세배", "족발", "삼겹살", "된장찌개", "한옥", "아리랑",
)  # fmt: skip
_FRAMES: Final = (
    "Can you explain what {} means in English?",
    "How do I use the word {} in a sentence?",
    "What is the difference between {} and a similar word in English?",
    "I saw {} on a sign in Seoul and I don't know what it is.",
    "Please tell me about the history of {}.",
    "My teacher said that {} is very important in Korea.",
    "Is {} popular with young people these days?",
    "Where can I find good {} in New York?",
    "Write a short paragraph about {} for my blog.",
    "We talked about {} in class today and it was fun.",
)


def measure(data: Data, disputed: Disputed) -> Result:
    """Shares of texts whose matrix language, or whose language, is the label."""

    def of(
        what: str,
        items: Callable[[], list[Item]],
        to_beat: float | None = None,
        goal: float | None = None,
        peers: Mapping[str, Callable[[str], str]] = _PEERS,
    ) -> Result:
        return attempt("matrix", what, lambda: against_labels("matrix", what, items(), _matrix, peers, disputed, to_beat=to_beat, goal=goal))

    def language(kind: str, code: str) -> Result:
        return of(f"lingua {kind}, {code}", lambda: data.lingua(kind, code))

    return joined(
        (
            of("React sentences", lambda: mixed_sentences(document_paragraphs(data, "docs-ko-formal-react", "ko")), 1.0, 1.0),
            of("Toss sentences", lambda: mixed_sentences(document_paragraphs(data, "docs-ko-haeyo-toss-ff", "ko")), 1.0, 1.0),
            of("KpopMT mixed posts", lambda: [item for item in data.kpopmt() if mixes(item.text)], 0.957, 0.98),
            of("KITE prompts with Latin", lambda: [item for item in data.kite() if mixes(item.text)], 0.921, 0.98),
            of("a sentence of each language", lambda: both_languages(data), 1.0, peers={}),
            of("English around one Korean noun", lambda: list(framed_nouns()), 1.0),
            *(language(kind, code) for kind in ("sentences", "word-pairs", "single-words") for code in ("ko", "en")),
        )
    )


def both_languages(data: Data) -> list[Item]:
    """Every CoCoA English line with its Korean one, in both orders."""
    pairs = data.cocoa()
    return [Item(pair.polite.set, pair.polite.line, text, "both") for pair in pairs for text in _orders(pair.english.strip(), pair.polite.text)]


def framed_nouns() -> tuple[Item, ...]:
    """Ten English frames around thirty Korean nouns."""
    return tuple(
        Item("made here", number, frame.format(noun), "en") for number, (frame, noun) in enumerate(((f, n) for f in _FRAMES for n in _NOUNS), 1)
    )


def _orders(english: str, korean: str) -> tuple[str, str]:
    return f"{english} {korean}", f"{korean} {english}"


def _matrix(text: str) -> str:
    return inspect(text).matrix or "none"
