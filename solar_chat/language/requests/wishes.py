"""What a message asks of the replies to come: a speech level, a language.

Only a request counts, never talk about levels and languages; quotations, code and material to work on are not read. A pure function over text,
without a model or morphology: nearly every message costs one look for a keyword. What becomes of a wish is decided elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, cast

from solar_chat.language.parsing.masking import regions
from solar_chat.language.requests.english import english_wishes
from solar_chat.language.requests.korean import Found, korean_wishes
from solar_chat.levels import Level

WishedLevel = Literal["formal", "polite", "casual", "plain", "jondaemal"]
"""`jondaemal` is the polite family without a level of its own."""
WishedLanguage = Literal["follow", "ko", "en"]

_KEYWORD: Final = re.compile(
    r"반말|존[댓대뎃]|높임말|경어|[쇼오다요해라습]체|해체|다나까|격식|문어|글말|정중|공손|깍듯|예의|말씀?\S{0,2}\s*(?:\S{1,3}\s)?\s*(?:놓|놔|낮"
    r"|높|트|까|편)|편하게|편히|친구"
    r"|한국[어말]|한글|우리말|영어|잉글리[시쉬]|언어|korean|english|hangu|hangeul|[bp]anmal|jondae|jontae|honorific|haeyo|haera|ha[pb]s|formal"
    r"|casual|politely|polite |language",
    re.IGNORECASE,
)
_LEVEL_NAME: Final = re.compile(
    r"반말|존[댓대뎃]말|높임말|경어|합쇼체|하십시오체|합니다체|해요체|해라체|문어체|[bp]anmal|jondae|honorific|(?:casual|informal|formal"
    r"|polite) (?:korean|speech)",
    re.IGNORECASE,
)
# A request stands at the beginning or the end of a long message; what lies between is material.
_LOOKED_AT: Final = 500
_SENTENCE: Final = re.compile(r"[^.!?。…\n]+[.!?。…\n]*")
_MATERIAL: Final = re.compile(
    r"(?:번역|요약|바꿔|바꾸|고쳐|교정|다듬|첨삭|해석|분석|translat|summar|rewrite|correct|proofread|paraphrase|convert|analy[sz]e|fix)[^\n:]{0,80}:"
    r"|(?:번역|요약|교정|다듬|첨삭|해석|translat|summar|rewrite|proofread|paraphrase)[^\n]{0,80}\n(?!\s*(?:그리고|앞으로|이제|and |from now))"
    r"|(?:다음|아래|following|below)[^\n]{0,80}[:\n]",
    re.IGNORECASE,
)
_QUOTED_LINE: Final = re.compile(r"^[ \t]*>[^\n]*|^[^\s:：]{1,8}[:：](?=\s)[^\n]*", re.MULTILINE)
_BLANK: Final = "□"
_LEVELS: Final = ("formal", "polite", "casual", "plain", "jondaemal")
_LANGUAGES: Final = ("follow", "ko", "en")
# Who forbids a family wants the other one; who forbids one level of the polite family wants the one beside it.
_INSTEAD: Final = {
    "casual": "jondaemal",
    "plain": "jondaemal",
    "jondaemal": "casual",
    "formal": "polite",
    "polite": "formal",
    "ko": "en",
    "en": "ko",
    "follow": "follow",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What a message asks for; None where it asks for nothing. `spans` are the requests, half open, in characters of the message."""

    level: WishedLevel | None = None
    language: WishedLanguage | None = None
    spans: tuple[tuple[int, int], ...] = ()

    def level_from(self, current: Level) -> Level | None:
        """The level that replies have from now on: 존댓말 keeps the formal level where it is the present one, and is polite otherwise."""
        if self.level == "jondaemal":
            return "formal" if current == "formal" else "polite"
        return self.level


def wishes(text: str) -> Wish:
    """What `text` asks of the replies to come. The last request wins, and one for something beats one against something. Never raises."""
    if not _KEYWORD.search(text, 0, _LOOKED_AT) and not _KEYWORD.search(text, max(0, len(text) - _LOOKED_AT)):
        return Wish()
    found = list(_found(text))
    level = _last(found, _LEVELS)
    language = _last(found, _LANGUAGES)
    if level is None and language is None:
        return Wish()
    spans = sorted({(one.start, one.end) for one in (level, language) if one is not None})
    return Wish(cast("WishedLevel | None", _wanted(level)), cast("WishedLanguage | None", _wanted(language)), tuple(spans))


def names_a_level(text: str) -> bool:
    """Whether `text` speaks of a speech level by name. Where it asks for nothing, it asks about one, or for a text in one ("반말로 번역해 줘: …")."""
    return _LEVEL_NAME.search(text, 0, _LOOKED_AT) is not None or _LEVEL_NAME.search(text, max(0, len(text) - _LOOKED_AT)) is not None


def _found(text: str) -> Iterator[Found]:
    readable = _without_material(text)
    for start, end in ((0, len(text)),) if len(text) <= 2 * _LOOKED_AT else ((0, _LOOKED_AT), (len(text) - _LOOKED_AT, len(text))):
        for match in _SENTENCE.finditer(readable, start, end):
            sentence = match.group()
            if not _KEYWORD.search(sentence):
                continue
            alone = sentence.strip() == readable.strip() and _BLANK not in readable
            for one in (*korean_wishes(sentence, alone=alone), *english_wishes(_small(sentence))):
                yield Found(match.start() + one.start, match.start() + one.end, one.name, one.forbidden)


def _without_material(text: str) -> str:
    """`text` with everything blanked that is not the person's own request; offsets stay."""
    readable = text
    for region in regions(text, lone_quotes=True):
        if region.kind in ("code", "url", "quote"):
            readable = readable[: region.start] + _BLANK * (region.end - region.start) + readable[region.end :]
    readable = _QUOTED_LINE.sub(lambda match: _BLANK * len(match.group()), readable)
    material = _MATERIAL.search(readable)
    if material:
        readable = readable[: material.end()] + _BLANK * (len(readable) - material.end())
    return readable


def _small(sentence: str) -> str:
    """In small letters, as long as it was: a few capitals of other scripts grow when they are made small."""
    return "".join(character.lower() if character.isascii() else character for character in sentence).replace("’", "'")


def _last(found: list[Found], names: tuple[str, ...]) -> Found | None:
    named = sorted((one for one in found if one.name in names), key=lambda one: (not one.forbidden, one.start))
    return named[-1] if named else None


def _wanted(one: Found | None) -> str | None:
    return None if one is None else _INSTEAD[one.name] if one.forbidden else one.name
