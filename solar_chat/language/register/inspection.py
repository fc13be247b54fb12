"""Everything this room can say about one text, put together: language, spans, sentences, speech level, honorifics.

Nothing is judged here that another module does not judge; this one only adds up. A text is `mixed` where two levels (or families) are really
spoken in it: a clause left unfinished, an exclamation to oneself or somebody's reported words beside full sentences do not make it so.
"""

from __future__ import annotations

import re
from typing import Final

from solar_chat.language.identification.identify import identify
from solar_chat.language.parsing.analyser import Morpheme, ParsedSentence, parse
from solar_chat.language.register.character_model import character_model
from solar_chat.language.register.honorifics import honorifics
from solar_chat.language.register.levels import is_label, meaningful
from solar_chat.language.register.speech import weighed
from solar_chat.language.types import Analysis, Sentence, SentenceLevel, TextFamily, TextLevel

_SPOKEN: Final = 0.7
"""Confidence from which a sentence outweighs unfinished ones."""
_MIXED: Final = 0.2
"""Share of the evidence that a second level or family needs before a text counts as mixed."""
_NUMBERED: Final = re.compile(r"[0-9][가-힣%]?[\s.)\]]*$")
"""A number at the end makes a note of mere words (회의록 2024-05-02; 본관 3층)."""
_TALK: Final = {"nominal": 0.9, "note": 0.72, "predicate": 0.8, "words": 0.6, "adverb": 0.0}
"""Probability of `none` up to which a message without any level is still talk of one family: a predicate in -음 is likelier talk than mere words."""
_ASIDE: Final = re.compile(
    r"(?:구나|군|네|까|나|가|데|는지|은지|인지|걸|면|서|고|며|니까|지만|잖아|더라)[\s.!?~…,ㅋㅎㅠㅜ]*$"
    r"|다\s*!+$|^(?:와|우와|오|아)\s"
)
"""What people say to themselves, or half, between sentences to somebody."""
_REPORT: Final = re.compile(r"^(?:이?라고|이?라며|이?라는|하고|이러고|하는 (?:것|거|식|생각))\s|, ?(?:이?라고|이러고) ")
"""Unquoted reported speech: 우린 안 돼, 라고 했어요."""


def inspect(text: str) -> Analysis:
    """Analyse `text` completely. Needs Kiwi where there is Hangul; never raises."""
    identification = identify(text)
    parsed = parse(text)
    weights = [weighed(text, sentence) for sentence in parsed]
    sentences = tuple(sentence for sentence, _ in weights)
    honorific, humble = honorifics(text, parsed)
    spoken = _said(text, weights)
    return Analysis(
        language=identification.language,
        other=identification.other,
        matrix=identification.matrix,
        romanized=identification.romanized,
        spans=identification.spans,
        sentences=sentences,
        level=_level(spoken),
        family=_family(spoken) if spoken else _overheard(text, parsed),
        subject_honorific=honorific,
        humble=humble,
    )


def _said(text: str, weights: list[tuple[Sentence, bool]]) -> list[Sentence]:
    """The sentences that show how the writer speaks: full ones where there are any, without asides and reported words among them."""
    shown = [sentence for sentence, _ in weights if sentence.level != "none"]
    full = [sentence for sentence, ruled in weights if ruled and sentence.confidence >= _SPOKEN]
    shown = full or shown
    if len({sentence.family for sentence in shown}) < 2:
        return shown
    report = max((index for index, sentence in enumerate(shown) if _REPORT.search(text[sentence.start : sentence.end])), default=0)
    shown = [sentence for index, sentence in enumerate(shown) if index >= report or sentence.family == shown[report].family]
    return [sentence for sentence in shown if sentence.family == "jondaemal" or not _ASIDE.search(text[sentence.start : sentence.end])]


def _level(spoken: list[Sentence]) -> TextLevel:
    """The one level of all sentences that show one; of weak ones the last."""
    weight: dict[SentenceLevel, float] = {}
    for sentence in spoken:
        weight[sentence.level] = weight.get(sentence.level, 0.0) + sentence.confidence
    if not weight:
        return "none"
    if all(sentence.confidence < _SPOKEN for sentence in spoken):
        return spoken[-1].level
    best = max(weight, key=lambda level: weight[level])
    total = sum(weight.values())
    return best if total - weight[best] < _MIXED * total else "mixed"


def _family(spoken: list[Sentence]) -> TextFamily:
    """존댓말 or 반말; of guesses the last one decides between equals."""
    polite = sum(sentence.confidence for sentence in spoken if sentence.family == "jondaemal")
    total = sum(sentence.confidence for sentence in spoken)
    if _MIXED * total <= polite <= (1 - _MIXED) * total:
        if all(sentence.confidence < _SPOKEN for sentence in spoken):
            last = spoken[-1].family
            return last if last != "none" else "mixed"
        return "mixed"
    return "jondaemal" if 2 * polite > total else "banmal"


def _overheard(text: str, parsed: tuple[ParsedSentence, ...]) -> TextFamily:
    """The family of talk that has no level (-음, a noun with a joke's ending), by its sound; `none` for headings, lists, notes and names."""
    # A colon makes a label of what stands before it (장점: …).
    if ":" in text or any(sentence.listed for sentence in parsed) or not any(meaningful(sentence.morphemes) for sentence in parsed):
        return "none"
    last = meaningful(parsed[-1].morphemes)
    shape = _shape(text, parsed)
    if (last and is_label(last)) or (shape == "words" and (_NUMBERED.search(text) or _is_range(last))) or (shape == "note" and _is_report(last)):
        return "none"
    guess = character_model().guess(text)
    if guess.none > _TALK[shape]:
        return "none"
    return "jondaemal" if guess.jondaemal >= 0.5 else "banmal"


def _is_range(morphemes: list[Morpheme]) -> bool:
    """From here to there (서울에서 부산까지): a route or a time, no talk."""
    starts = any(morpheme.form in ("에서", "부터") for morpheme in morphemes)
    return bool(morphemes) and morphemes[-1].form == "까지" and starts and all(morpheme.tag[0] in "NJXS" for morpheme in morphemes)


def _is_report(morphemes: list[Morpheme]) -> bool:
    """A status line of nouns and one deed (에러 발생 시 재시도함); who says 나, 진짜 or a particle is talking."""
    return (
        len(morphemes) > 1
        and morphemes[-2].tag == "XSV"
        and all(morpheme.tag[:2] in ("NN", "XP", "SL", "SN", "XS", "EF", "ET") for morpheme in morphemes)
    )


def _shape(text: str, parsed: tuple[ParsedSentence, ...]) -> str:
    """What kind of message without a level this is; a key of _TALK."""
    morphemes = meaningful([morpheme for sentence in parsed for morpheme in sentence.morphemes])
    if morphemes[-1].form in ("ᆷ", "음") and morphemes[-1].tag in ("EF", "ETN"):
        # 확인함, 배포됨, 문제 없음: how notes and status lines are written.
        noted = any(morpheme.tag in ("XSV", "XSA") or morpheme.form in ("없", "바라") for morpheme in morphemes[-3:-1])
        return "note" if noted or " " not in text else "nominal"
    if morphemes[-1].form == "게" or all(morpheme.tag in ("MAG", "MAJ") for morpheme in morphemes):
        return "adverb"
    asks = morphemes[-1].form == "좀" and len(morphemes) > 1
    return "predicate" if asks or any(morpheme.tag[0] in "VE" for morpheme in morphemes) else "words"
