"""The words this room speaks in: languages, spans, speech levels and what an analysis holds.

Values only; nothing here loads Kiwi or langdetect. Offsets are in characters of the analysed text, half open.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

Language = Literal["ko", "en", "mixed", "other", "none"]
"""Language of a message: `other` is any language but Korean and English, `none` has no words at all."""
MatrixLanguage = Literal["ko", "en", "both"]
"""The language that supplies the function morphemes."""
SpanLanguage = Literal["ko", "en", "other", "none"]
SpanKind = Literal["text", "term", "code", "url", "quote", "number", "emoji"]

SentenceLevel = Literal["formal", "polite", "casual", "plain", "hao", "hage", "none"]
TextLevel = Literal["formal", "polite", "casual", "plain", "hao", "hage", "mixed", "none"]
Family = Literal["jondaemal", "banmal", "none"]
TextFamily = Literal["jondaemal", "banmal", "mixed", "none"]
RewriteStatus = Literal["kept", "rewritten", "unsafe"]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text in one language and of one kind."""

    start: int
    end: int
    language: SpanLanguage
    kind: SpanKind


@dataclass(frozen=True, slots=True)
class Identification:
    """Which languages a message is in. Spans tile the text: each begins where the one before it ends."""

    language: Language
    other: str | None
    """ISO 639-1 code where `language` is `other`."""
    matrix: MatrixLanguage | None
    romanized: bool
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence and its speech level; `confidence` is 0 to 1, 0 for `none`."""

    start: int
    end: int
    level: SentenceLevel
    family: Family
    confidence: float


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything `inspect` says about a text."""

    language: Language
    other: str | None
    matrix: MatrixLanguage | None
    romanized: bool
    spans: tuple[Span, ...]
    sentences: tuple[Sentence, ...]
    level: TextLevel
    family: TextFamily
    subject_honorific: tuple[str, ...]
    humble: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """The JSON object that `inspect` prints."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class RewrittenSentence:
    before: str
    after: str
    status: RewriteStatus


@dataclass(frozen=True, slots=True)
class Rewriting:
    """A text moved to another speech level, sentence by sentence."""

    text: str
    changed: bool
    sentences: tuple[RewrittenSentence, ...]

    def as_dict(self) -> dict[str, object]:
        """The JSON object that `rewrite` prints."""
        return asdict(self)
