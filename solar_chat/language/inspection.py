"""Everything this room can say about one text, put together: language, spans, sentences, speech level, honorifics.

Nothing is judged here that another module does not judge; this one only adds up.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from solar_chat.language.analyser import ParsedSentence, parse
from solar_chat.language.clause import normalised
from solar_chat.language.identify import identify
from solar_chat.language.speech import judged
from solar_chat.language.types import Analysis, Family, Sentence, SentenceLevel, TextFamily, TextLevel
from solar_chat.language.vocabulary import words

_HONORIFIC_WORDS: Final = words("진지 성함 연세 댁 말씀 생신 존함 자제 편찮 돌아가시")
_HUMBLE: Final = {"저": "NP", "저희": "NP", "드리": "V", "여쭈": "V", "여쭙": "V", "뵙": "V", "뵈": "V", "찾아뵙": "V", "모시": "V", "도와드리": "V"}


def inspect(text: str) -> Analysis:
    """Analyse `text` completely. Needs Kiwi where there is Hangul; never raises."""
    identification = identify(text)
    parsed = parse(text)
    sentences = tuple(judged(text, sentence) for sentence in parsed)
    honorific, humble = _deference(text, parsed)
    family = _family(sentences)
    return Analysis(
        language=identification.language,
        other=identification.other,
        matrix=identification.matrix,
        romanized=identification.romanized,
        spans=identification.spans,
        sentences=sentences,
        level=_level(sentences),
        family=family,
        subject_honorific=honorific,
        humble=humble,
    )


def _level(sentences: tuple[Sentence, ...]) -> TextLevel:
    """The one level of all sentences that show one; `mixed` where a second holds a fifth of the evidence or more."""
    weight: Counter[SentenceLevel] = Counter()
    for sentence in sentences:
        if sentence.level != "none":
            weight[sentence.level] += sentence.confidence  # type: ignore[assignment]  # Counter takes floats; its stub says int.
    if not weight:
        return "none"
    (best, strength), *rest = weight.most_common()
    return best if sum(count for _, count in rest) < 0.2 * (strength + sum(count for _, count in rest)) else "mixed"


def _family(sentences: tuple[Sentence, ...]) -> TextFamily:
    weight: dict[Family, float] = {"jondaemal": 0.0, "banmal": 0.0}
    for sentence in sentences:
        if sentence.family != "none":
            weight[sentence.family] += sentence.confidence
    polite, familiar = weight["jondaemal"], weight["banmal"]
    if not polite and not familiar:
        return "none"
    if min(polite, familiar) >= 0.2 * (polite + familiar):
        return "mixed"
    return "jondaemal" if polite > familiar else "banmal"


def _deference(text: str, parsed: tuple[ParsedSentence, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Words that honour a subject (-시-, 께서, 말씀) and words that lower the speaker (저, 드리다), as they stand in the text, each once."""
    honorific: dict[str, None] = {}
    humble: dict[str, None] = {}
    for sentence in parsed:
        morphemes = normalised(sentence.morphemes)
        for index, morpheme in enumerate(morphemes):
            form, kind = morpheme.form, morpheme.kind
            honours = (
                (kind == "EP" and form in ("시", "으시"))
                or (kind == "EF" and form.startswith(("세요", "으세요", "셔", "으셔")))
                or (kind in ("JKS", "JKB") and form in ("께서", "께"))
                or (kind == "XSN" and form == "님")
                or (kind in ("NNG", "VA") and form in _HONORIFIC_WORDS)
            )
            if honours:
                stem = morphemes[index - 1] if kind in ("EP", "EF", "XSN") and index else morpheme
                honorific.setdefault(text[min(stem.start, morpheme.start) : morpheme.end])
            elif form in _HUMBLE and kind[: len(_HUMBLE[form])] == _HUMBLE[form]:
                humble.setdefault(text[morpheme.start : morpheme.end])
    return tuple(honorific), tuple(humble)
