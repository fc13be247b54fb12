"""The matrix language: which of Korean and English supplies the grammar of a message that has both.

Judged clause by clause from the function words, endings and particles of `grammar`. A greeting, an interjection or a title does not make a language
the matrix; a request about other text is in the language of the request. Every word is looked at once.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from solar_chat.language.identification.grammar import (
    CONTRACTIONS,
    EMBEDDED_QUESTIONS,
    FORMULAS,
    FUNCTION_WORDS,
    KOREAN_FORMULAS,
    MENTIONING,
    QUOTATIVES,
    REQUEST_VERBS,
    asks,
    has_clause,
    is_predicate,
    korean_weight,
    stands_alone,
)
from solar_chat.language.identification.spans import Piece
from solar_chat.language.identification.utterance import Clause, sentences_of
from solar_chat.language.types import MatrixLanguage

Side = Literal["ko", "en"]
_SYLLABLE: Final = re.compile("[가-힣]")
_KOREAN_REQUEST: Final = re.compile(
    r"번역|해석해|영작|교정|첨삭|맞춤법|문법(?:이|적)|문법 ?맞|(?:이거|이게|이 말|문장|표현).{0,12}자연스러|무슨 ?(?:뜻|의미)(?!인지)"
    r"|(?:이게|이거|이건|저거|위|그게) 무슨 말|뜻이 뭐|의미가 뭐|발음|(?:한국어|영어|한글|우리말|한국말|영문|국문)로|고쳐 ?[줘주]|요약해|다듬어"
    r"|(?<![가-힣])(?:이|위|다음|아래) (?:문장|글|문구|표현|영어|단어|내용)"
)
_ENGLISH_REQUEST: Final = re.compile(
    r"translat|\bwhat (?:do|does) (?!you\b).{1,40} mean|\bwhat(?: is|'s) the meaning|meaning of|\b(?:in|into|to) (?:english|korean)\b"
    r"|(?:can|could|please|you) explain|rewrite|proofread|summari[sz]e|paraphrase|rephrase|pronounce|do (?:you|i|they) say"
    r"|(?:this|the following|above|next) (?:sentence|text|phrase|word|expression|paragraph)",
    re.IGNORECASE,
)
_MINORITY: Final = 0.14
"""A language with a smaller share of the letters does not make a long text `both`."""


@dataclass(frozen=True, slots=True)
class _Verdict:
    side: Side
    strong: bool
    letters: int
    text: str
    colon: bool


def matrix_language(text: str, found: Sequence[Piece]) -> MatrixLanguage:
    """The matrix language of a text that has Korean and Latin words; `found` are its pieces."""
    verdicts: list[_Verdict] = []
    for sentence in sentences_of(text, found):
        verdicts += _judged(sentence)
    strong = _without_material([verdict for verdict in verdicts if verdict.strong])
    sides = {verdict.side for verdict in strong}
    if not sides:
        return _fallback(verdicts)
    return sides.pop() if len(sides) == 1 else _alternating(strong)


def _without_material(strong: list[_Verdict]) -> list[_Verdict]:
    """What follows a colon in the other language is what the sentence is about."""
    kept: list[_Verdict] = []
    for verdict in strong:
        if not (kept and kept[-1].colon and kept[-1].side != verdict.side):
            kept.append(verdict)
    return kept


def _fallback(verdicts: list[_Verdict]) -> MatrixLanguage:
    """Greetings and nouns only: Korean letters are typed on purpose, English interjections are everywhere."""
    syllables = any(verdict.side == "ko" and _SYLLABLE.search(verdict.text) for verdict in verdicts)
    return "ko" if syllables or all(verdict.side == "ko" for verdict in verdicts) else "en"


def _alternating(strong: list[_Verdict]) -> MatrixLanguage:
    asking = {verdict.side for verdict in strong if (_KOREAN_REQUEST if verdict.side == "ko" else _ENGLISH_REQUEST).search(verdict.text)}
    if len(asking) == 1:
        return asking.pop()
    # Hangul writes a syllable where Latin letters write two or three.
    korean, english = (sum(verdict.letters * factor for verdict in strong if verdict.side == side) for side, factor in (("ko", 5), ("en", 2)))
    if english < _MINORITY * (korean + english):
        return "ko"
    return "en" if korean < _MINORITY * (korean + english) else "both"


def _judged(sentence: list[Clause]) -> list[_Verdict]:
    """One verdict for a sentence, or one for each part where whole clauses of both languages stand side by side."""
    if not sentence:
        return []
    if len(sentence) > 1:
        single = [_verdict(clause) for clause in sentence]
        if all(_whole(clause) for clause in sentence) and len({verdict.side for verdict in single if verdict and verdict.strong}) == 2:
            return [verdict for verdict in single if verdict]
        openers = 0
        while openers < len(sentence) - 1 and (verdict := single[openers]) is not None and not verdict.strong and _whole(sentence[openers]):
            openers += 1
        # What comes before as a greeting keeps its vote, which counts where nothing stronger speaks.
        before = [verdict for verdict in single[:openers] if verdict is not None]
        return [*before, *_whole_sentence(sentence[openers:])]
    return _whole_sentence(sentence)


def _whole_sentence(sentence: list[Clause]) -> list[_Verdict]:
    joined = Clause(colon=sentence[-1].colon)
    for clause in sentence:
        joined.attached += [len(joined.words) + place for place in clause.attached]
        joined.words += clause.words
        joined.sides += clause.sides
    halves = _halves(joined)
    return [found for clause in halves if (found := _verdict(clause)) is not None]


def _halves(clause: Clause) -> list[Clause]:
    """A clause as English clause + Korean clause or the other way round, where nothing but their order joins them; else as it is."""
    sides = [side for side in clause.sides if side != "x"]
    changes = sum(before != after for before, after in itertools.pairwise(sides))
    if changes != 1:
        return [clause]
    cut = clause.sides.index("k" if sides[0] == "e" else "e")
    if cut in clause.attached:
        return [clause]
    first = Clause(clause.words[:cut], clause.sides[:cut], [place for place in clause.attached if place < cut])
    second = Clause(clause.words[cut:], clause.sides[cut:], [place - cut for place in clause.attached if place > cut], clause.colon)
    korean, english = (second, first) if sides[0] == "e" else (first, second)
    hangul = [word for word, side in zip(korean.words, korean.sides, strict=True) if side == "k"]
    latin = [word.lower() for word, side in zip(english.words, english.sides, strict=True) if side == "e"]
    depends = hangul[0] in QUOTATIVES or (korean is second and hangul[-1].endswith(EMBEDDED_QUESTIONS))
    about = depends or _KOREAN_REQUEST.search(" ".join(hangul)) is not None
    own_clause = not about and len(hangul) >= 2 and (is_predicate(hangul[-1]) or len(hangul) >= 4) and sum(map(korean_weight, hangul)) >= 1
    if own_clause and len(latin) >= 4 and (len(hangul) > 3 or latin[-1] not in MENTIONING) and _is_english_sentence(english):
        return [first, second]
    return [clause]


def _whole(clause: Clause) -> bool:
    """Whether a clause is all Korean or all English."""
    return "k" not in clause.sides or "e" not in clause.sides


def _verdict(clause: Clause) -> _Verdict | None:
    korean = [word for word, side in zip(clause.words, clause.sides, strict=True) if side == "k"]
    english = _spoken_english(clause)
    text = " ".join(clause.words)
    if korean and "e" in clause.sides:
        side, strong = _mixed(clause, korean, english)
    elif korean:
        formula = not clause.attached and all(word in KOREAN_FORMULAS for word in korean)
        side, strong = "ko", not formula and (bool(clause.attached) or _is_korean_sentence(korean))
    elif "e" in clause.sides:
        side, strong = "en", _is_english_sentence(clause)
    else:
        return None
    if clause.colon:
        strong = strong or (_KOREAN_REQUEST if side == "ko" else _ENGLISH_REQUEST).search(text) is not None
    letters = sum(len(word) for word, kind in zip(clause.words, clause.sides, strict=True) if kind == ("k" if side == "ko" else "e"))
    return _Verdict(side, strong, letters, text, clause.colon)


def _is_korean_sentence(korean: list[str]) -> bool:
    """Whether Korean words make a sentence: more than a noun or two."""
    if len(korean) == 1:
        return stands_alone(korean[0])
    return len(korean) > 2 or any(korean_weight(word) for word in korean)


def _is_english_sentence(clause: Clause) -> bool:
    """Whether English words make a sentence: more than a greeting, a title or a few nouns."""
    spoken = [word for word in _spoken_english(clause) if len(word) > 1 or word in FUNCTION_WORDS]
    line = " ".join(spoken)
    formula = FORMULAS.match(line)
    if not spoken or (formula and len(line[formula.end() :].split()) <= 2):
        return False
    if has_clause(spoken) or (spoken[0] in REQUEST_VERBS and len(clause.words) > 1) or len(spoken) >= 7:
        return True
    grammar = sum(word in FUNCTION_WORDS for word in spoken)
    return grammar >= 3 or (grammar >= 1 and len(spoken) >= 5)


def _spoken_english(clause: Clause) -> list[str]:
    """English words in lower case, titles (PTD on Stage, Still Here) left out."""
    spoken: list[str] = []
    run: list[str] = []
    for word, side in [*zip(clause.words, clause.sides, strict=True), ("", "")]:
        if side == "e":
            run.append(word)
            continue
        if run and not (len(run) > 1 and run[0][0].isupper() and all(word[0].isupper() or word in _SMALL for word in run) and run[-1][0].isupper()):
            spoken += [word.lower() for word in run]
        run = []
    return spoken


_SMALL: Final = frozenset("of the on in at to a an and for from with by".split())


def _mixed(clause: Clause, korean: list[str], english: list[str]) -> tuple[Side, bool]:
    """Korean and English words in one clause: whose grammar is it?"""
    endings = sum(korean_weight(word) for word in korean) + 1.5 * len(clause.attached)
    grammar = sum(word in FUNCTION_WORDS for word in english)
    line = " ".join(english)
    first, last = clause.sides[0], clause.sides[-1]
    closed = last == "k" and is_predicate(clause.words[-1])
    if not english or (grammar == 0 and english[0] not in REQUEST_VERBS):
        lower = len(english) >= 3 and len(korean) <= 2 and endings == 0
        return ("en" if lower else "ko"), True
    formula = FORMULAS.match(line)
    if formula and formula.end() >= len(line) and any(_SYLLABLE.search(word) for word in korean):
        return "ko", True
    if grammar >= 2 or has_clause(english) or english[0] in CONTRACTIONS:
        return _framed(clause, endings, english, closed)
    opened = first == "e" and (english[0] in REQUEST_VERBS or (len(english) >= 2 and last != "k"))
    if opened and not clause.attached and endings < 1 and len(korean) <= 3:
        return "en", True
    if endings < 1 and not closed and not clause.attached and len(english) > 2 * len(korean):
        return "en", True
    return ("ko" if endings or len(korean) >= len(english) else "en"), True


def _framed(clause: Clause, endings: float, english: list[str], closed: bool) -> tuple[Side, bool]:
    """A clause with an English frame in it, or English words quoted inside a Korean one."""
    sides = clause.sides
    grammar = sum(word in FUNCTION_WORDS for word in english)
    if closed:
        start = len(sides)
        while start and sides[start - 1] == "k":
            start -= 1
        before = clause.words[start - 1].lower() if start else ""
        spoken_about = sides[start - 1] == "e" and before in MENTIONING and "k" not in sides[:start]
        if spoken_about and not clause.attached:
            return "en", True
        single = not any(before == after == "k" for before, after in itertools.pairwise(sides))
        if single and not clause.attached and sides[0] == "e" and (asks(english) or (has_clause(english) and len(english) > 2 * sides.count("k"))):
            return "en", True  # Korean words one by one in an English sentence.
        return ("ko" if endings >= 1 and (bool(clause.attached) or endings * 2 >= grammar) else "en"), True
    if clause.attached:
        return ("ko" if endings * 1.5 >= grammar else "en"), True
    return ("ko" if endings >= 1 and endings > grammar else "en"), True
