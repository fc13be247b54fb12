"""Which language, which speech level, and how to say the same in another one.

Everything here reads or rewrites text by rule and loads its heavy libraries (Kiwi, langdetect) on first use only. A sentence is never changed unless
its numbers, Latin text, code, quotations, negation and content words survive. No model is asked anything here.
"""

from solar_chat.language.identification.identify import identify
from solar_chat.language.identification.reflex import is_reflex
from solar_chat.language.identification.strays import Expected, Standing
from solar_chat.language.parsing.segment import split_settled
from solar_chat.language.parsing.terms import morphemes
from solar_chat.language.register.inspection import inspect
from solar_chat.language.register.speech import complies, sentence_complies, sentences
from solar_chat.language.requests.wishes import Wish, names_a_level, wishes
from solar_chat.language.rewriting.rewrite import rewrite
from solar_chat.language.types import (
    Analysis,
    Family,
    Identification,
    Language,
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
from solar_chat.language.warming import warm
from solar_chat.levels import LEVELS, Level

__all__ = [
    "LEVELS",
    "Analysis",
    "Expected",
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
    "Standing",
    "TextFamily",
    "TextLevel",
    "Wish",
    "complies",
    "identify",
    "inspect",
    "is_reflex",
    "morphemes",
    "names_a_level",
    "rewrite",
    "sentence_complies",
    "sentences",
    "split_settled",
    "warm",
    "wishes",
]
