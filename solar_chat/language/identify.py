"""Which languages a message is in: spans by script, the message's language, and the one that carries its grammar.

Script decides; langdetect is asked only about long Latin text. Code, links, numbers, emoji and quoted mentions are spans of their own and decide
nothing. Speech levels are not looked at here.
"""

from __future__ import annotations

import re
from typing import Final

from solar_chat.language.foreign import foreign_language
from solar_chat.language.masking import Region, regions
from solar_chat.language.romanized import is_romanized
from solar_chat.language.types import Identification, Language, MatrixLanguage, Span, SpanKind, SpanLanguage
from solar_chat.language.vocabulary import words

_RUN: Final = re.compile(
    r"(?P<ko>[가-힣ㄱ-ㅎㅏ-ㅣᄀ-ᇿ]+)"
    r"|(?P<en>[A-Za-zÀ-ÖØ-öø-ɏḀ-ỿ][A-Za-z0-9À-ÖØ-öø-ɏḀ-ỿ_+#]*(?:['’.\-&/][A-Za-z0-9À-ÖØ-öø-ɏḀ-ỿ_+#]+)*)"
    r"|(?P<han>[\u4e00-\u9fff]+)|(?P<other>(?![\d_])[^\W\d_]+)"
)
_BRANDS: Final = words(
    """
    iphone ipad ios macos android windows linux ubuntu python java javascript typescript vue docker kubernetes github gitlab git google
    samsung naver kakao kakaotalk youtube instagram facebook twitter netflix microsoft openai chatgpt gpt gemini llama gradio pytorch
    tensorflow huggingface nvidia cuda wifi bluetooth usb k-pop kpop tesla powerpoint vscode numpy pandas
    """
)
_CAPITALISED_BRANDS: Final = words(
    "Apple Amazon Claude Discord Excel Go Notion React Rust Slack Solar Transformers Upstage Word Zoom Chrome Safari Edge Spring Flutter Swift"
)
"""Brands that are common words where they are written small."""
_TERM: Final = re.compile(
    r"(?:[A-Z][A-Z0-9&/+\-.]{1,6}s?|[A-Za-z]*[a-z][A-Z][A-Za-z0-9]*|[A-Za-z]+\d[A-Za-z0-9.\-]*|[A-Z]-[a-z]+|[A-Za-z][+#]{1,2})$"
)
_SENTENCE: Final = re.compile(r"(?<=[.!?…\n])\s+|\n+")
_PARTICLE_AFTER_LATIN: Final = re.compile(
    r"[A-Za-z0-9`)\"'”’]\s?(?:은|는|이|가|을|를|의|에|에서|로|으로|와|과|도|만|랑|하고|한테|에게|부터|까지|보다|처럼|이란|란|이야|야|예요|이에요|입니다|인가요?|이랑|해|하)(?![A-Za-z])"
)
_KOREAN_GRAMMAR: Final = re.compile(
    r"(?:니다|니까|[아어여에예해돼워와줘봐네데지죠까나가게래세거]요|십시오|[다까죠지네야해줘어아니냐자봐돼데래게](?=[\s.?!~…ㅋㅎㅠㅜ]*$)|[은는이가을를의에도로와과](?=\s))"
)
_ENGLISH_GRAMMAR: Final = words(
    """
    the a an is are was were be been am do does did have has had will would can could should may might must i you he she it we they me him
    us them my your his its our their this that these those what which who when where why how and or but if because than then of in on at
    to for from with by about into after before not don't doesn't didn't can't isn't i'm it's what's let's i've you're there as please
    """
)


def identify(text: str) -> Identification:
    """Language, matrix language and spans of a message. Never raises."""
    masked = regions(text)
    prose = _runs(text, masked)
    korean = [span for span in prose if span.language == "ko"]
    latin = [span for span in prose if span.language == "en"]
    foreign = [span for span in prose if span.language == "other"]
    bare = _without(text, masked)
    other: str | None = None
    romanized = False
    if latin and not korean:
        latin_text = " ".join(text[span.start : span.end] for span in latin)
        romanized = is_romanized(latin_text)
        if not romanized:
            other = foreign_language(latin_text)
            if other is not None:
                latin = []
                prose = [_relabelled(span) if span.language == "en" else span for span in prose]
                foreign = [span for span in prose if span.language == "other"]
    language: Language = "none"
    matrix: MatrixLanguage | None = None
    if korean:
        language = "mixed" if latin else "ko"
        matrix = _matrix(bare) if latin else "ko"
    elif romanized:
        language, matrix = "ko", "ko"
        prose = [Span(span.start, span.end, "ko", "text") if span.language == "en" else span for span in prose]
    elif latin:
        language, matrix = "en", "en"
    elif foreign:
        language = "other"
    rest = [Span(region.start, region.end, _quoted(text, region), region.kind) for region in masked]
    return Identification(language, other, matrix, romanized, tuple(_merged(text, sorted([*prose, *rest], key=lambda span: span.start))))


def _runs(text: str, masked: list[Region]) -> list[Span]:
    found: list[Span] = []
    position = 0
    for start, end in [*((region.start, region.end) for region in masked), (len(text), len(text))]:
        for match in _RUN.finditer(text, position, start):
            script = match.lastgroup
            language: SpanLanguage = "ko" if script == "ko" else "en" if script == "en" else "other"
            if script == "han" and _beside_hangul(text, match):
                language = "ko"
            kind: SpanKind = "term" if language == "en" and is_term(match.group()) else "text"
            found.append(Span(match.start(), match.end(), language, kind))
        position = end
    return found


def is_term(word: str) -> bool:
    """Whether a Latin word is an acronym, a brand or a name that Korean text keeps in Latin letters."""
    if word in _CAPITALISED_BRANDS or word.lower() in _BRANDS:
        return True
    return word.lower() not in _ENGLISH_GRAMMAR and _TERM.match(word) is not None


def _beside_hangul(text: str, match: re.Match[str]) -> bool:
    near = text[max(0, match.start() - 2) : match.start()] + text[match.end() : match.end() + 2]
    return any("가" <= character <= "힣" for character in near)


def _relabelled(span: Span) -> Span:
    return Span(span.start, span.end, "other", "text")


def _merged(text: str, spans: list[Span]) -> list[Span]:
    """Neighbours of one language and kind become one span unless a newline or a letter stands between them."""
    found: list[Span] = []
    for span in spans:
        last = found[-1] if found else None
        if last is not None and (last.language, last.kind) == (span.language, span.kind) and last.kind == "text":
            between = text[last.end : span.start]
            if len(between) <= 8 and "\n" not in between and not any(character.isalnum() or character == "`" for character in between):
                found[-1] = Span(last.start, span.end, last.language, last.kind)
                continue
        found.append(span)
    return found


def _quoted(text: str, region: Region) -> SpanLanguage:
    if region.kind != "quote":
        return "none"
    inside = text[region.start : region.end]
    if re.search(r"[가-힣]", inside):
        return "ko"
    return "en" if re.search(r"[A-Za-z]", inside) else "none"


def _without(text: str, masked: list[Region]) -> str:
    pieces: list[str] = []
    position = 0
    for region in masked:
        pieces += [text[position : region.start], " X " if region.kind in ("code", "url", "quote") else " "]
        position = region.end
    return "".join([*pieces, text[position:]])


def _matrix(text: str) -> MatrixLanguage:
    """The language of the grammar, sentence by sentence; sentences that disagree make it `both`."""
    verdicts = {verdict for part in _SENTENCE.split(text) if (verdict := _sentence_matrix(part)) is not None}
    if len(verdicts) == 1:
        return verdicts.pop()
    return "both" if verdicts else "ko"


def _sentence_matrix(part: str) -> MatrixLanguage | None:
    hangul = len(re.findall(r"[가-힣ㄱ-ㅎㅏ-ㅣ]", part))
    words = [word.lower() for word in re.findall(r"[A-Za-z][A-Za-z'’]*", part) if word != "X"]
    words_of_grammar = sum(word.replace("’", "'") in _ENGLISH_GRAMMAR for word in words)
    if not hangul:
        # Terms alone take the side of whoever speaks around them.
        return "en" if words_of_grammar or len(words) >= 3 else None
    if not words:
        return "ko"
    korean = len(_PARTICLE_AFTER_LATIN.findall(part)) + len(_KOREAN_GRAMMAR.findall(part))
    if korean and (korean * 2 >= words_of_grammar or words_of_grammar < 2):
        return "ko"
    if words_of_grammar >= 2:
        return "en"
    return "ko" if hangul >= len(words) and (korean or words_of_grammar == 0) else "en"
