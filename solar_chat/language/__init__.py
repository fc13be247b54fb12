"""Which language, which speech level, and how to say the same in another one.

Everything here reads or rewrites text by rule and loads its heavy libraries (Kiwi, langdetect) on first use only. A sentence is never changed unless
its numbers, Latin text, code, quotations, negation and content words survive. No model is asked anything here.
"""

from solar_chat.language.analyser import warm
from solar_chat.language.identify import identify
from solar_chat.language.inspection import inspect
from solar_chat.language.josa import josa
from solar_chat.language.reflex import is_reflex
from solar_chat.language.rewrite import rewrite
from solar_chat.language.segment import split_settled
from solar_chat.language.speech import complies, sentence_complies, sentences
from solar_chat.language.terms import morphemes
from solar_chat.language.types import (
    LEVELS,
    Analysis,
    Family,
    Identification,
    Language,
    Level,
    MatrixLanguage,
    RewriteStatus,
    Rewriting,
    RewrittenSentence,
    Sentence,
    SentenceLevel,
    Span,
    SpanKind,
    SpanLanguage,
    TextFamily,
    TextLevel,
)

__all__ = [
    "LEVELS",
    "Analysis",
    "Family",
    "Identification",
    "Language",
    "Level",
    "MatrixLanguage",
    "RewriteStatus",
    "Rewriting",
    "RewrittenSentence",
    "Sentence",
    "SentenceLevel",
    "Span",
    "SpanKind",
    "SpanLanguage",
    "TextFamily",
    "TextLevel",
    "complies",
    "identify",
    "inspect",
    "is_reflex",
    "josa",
    "morphemes",
    "rewrite",
    "sentence_complies",
    "sentences",
    "split_settled",
    "warm",
]
