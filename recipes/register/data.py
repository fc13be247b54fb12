"""Labelled lines for the character model: what is known about each line, and how it is known.

Two outside sources and no third, both MIT: the train part of Korean-Honorific-Translation (the family is given) and chatbot-data (the family is what
the rules read, where they are sure). The level inside a family is always what the rules read; where they read nothing the family alone is learned.
A line that also stands in a validation part is never trained on.
"""

from __future__ import annotations

import csv
import random
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from solar_chat.language.parsing.analyser import ParsedSentence, parse
from solar_chat.language.register.levels import FAMILY, meaningful, read
from solar_chat.language.types import Family, SentenceLevel

OWN: Final = Path(__file__).parent / "data"
KHT: Final = "korean-honorific-translation"
CHATBOT: Final = Path("chatbot-data") / "ChatbotData.csv"
SURE: Final = 0.7
"""Strength from which a reading of the rules is taken for a label."""
COMMON: Final = 3
"""A single word must be seen as a noun so often to be taken for one: Kiwi calls a misspelt verb a noun too."""
HELD_OUT: Final = 10
"""One pair in so many is kept for tuning and for the figures on the card."""

# As people type them: each ending with its playful spellings.
_RESPELLED: Final = {
    "요": ("여", "염", "용", "욤", "욥", "유", "요오", "욧", "요옹"),
    "니다": ("니당", "니댜", "니다아", "니닷", "미다", "니더"), "죠": ("쥬", "죵"),
    "습니다": ("슴다", "슴니다", "습니당", "씀다"), "합니다": ("함다", "합니당", "함니다"),
    "어": ("엉", "오", "엇", "어어", "옹"), "아": ("앙", "아아", "앗"), "해": ("행", "해해", "햇"), "야": ("얌", "양", "야아"),
    "다": ("당", "다아", "닷", "따"), "네": ("넹", "네에"), "지": ("징", "지이"), "냐": ("냥", "뇨", "냐아"), "나": ("낭",), "까": ("깡", "까아"),
    "게": ("겡", "께", "게에"), "자": ("쟈", "자아", "장"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One training line; `level` None where only the family is known."""

    text: str
    family: Family
    level: str | None


@dataclass(frozen=True, slots=True)
class Data:
    """What is learned from, and what is held out for tuning."""

    train: list[Line]
    dev: list[Line]


def load(folder: Path, *, seed: int) -> Data:
    """All lines; `folder` holds the two data sets under their own names."""
    chance = random.Random(seed)
    valid = {line.strip() for part in ("src", "tgt") for line in _lines(folder / KHT / f"{part}-valid.txt")}
    train: list[Line] = []
    dev: list[Line] = []
    for number, (familiar, polite) in enumerate(zip(_lines(folder / KHT / "src-train.txt"), _lines(folder / KHT / "tgt-train.txt"), strict=True)):
        pair = [_labelled(familiar.strip(), "banmal"), _labelled(polite.strip(), "jondaemal")]
        kept = [line for line in pair if line.text and line.text not in valid]
        (dev if is_held_out(number) else train).extend(kept)
    for text in _chatbot(folder / CHATBOT):
        train += _silver(text)
    known = {line.text for line in dev} | valid
    train = [line for line in train if line.text not in known]
    counted = Counter(phrase for line in train for phrase in noun_phrases(line.text))
    phrases = sorted(phrase for phrase, count in counted.items() if phrase not in known and (" " in phrase or count >= COMMON))
    train += [Line(phrase, "none", "none") for phrase in chance.sample(phrases, min(len(phrases), len(train) // 3))]
    train += [variant for line in train for variant in respelled(line, chance)]
    train += list(own())
    return Data(train, dev)


def is_held_out(number: int) -> bool:
    """Whether a KHT train pair (counted from 0) is kept for tuning."""
    return zlib.crc32(str(number).encode()) % HELD_OUT == 0


def own() -> Iterator[Line]:
    """Our own lines, several times: they are few and stand for what the sets do not have."""
    for row in _lines(OWN / "lines.tsv"):
        if row and not row.startswith("#"):
            level, text = row.split("\t", 1)
            family: Family = next((known for name, known in FAMILY.items() if name == level), "none")
            for _ in range(4):
                yield Line(text, family, level)


def respelled(line: Line, chance: random.Random) -> Iterator[Line]:
    """The line as it might be typed in a chat: a playful ending, or no spaces. One line in three."""
    if line.level == "none" or chance.random() > 1 / 3:
        return
    text = line.text.rstrip(" .!?~")
    endings = [ending for ending in _RESPELLED if text.endswith(ending)]
    if endings:
        ending = max(endings, key=len)
        text = text.removesuffix(ending) + chance.choice(_RESPELLED[ending])
    elif len(text) < 20:
        text = text.replace(" ", "")
    if text != line.text:
        yield replace(line, text=text)


def noun_phrases(text: str) -> Iterator[str]:
    """Noun phrases of a line, with and without the particle behind: they have no level, as headings and list items have none."""
    for sentence in parse(text):
        morphemes = meaningful(sentence.morphemes)
        start = 0
        for index, here in enumerate(morphemes):
            if here.tag in ("EF", "EC", "IC"):
                start = index + 1
            following = morphemes[index + 1].tag if index + 1 < len(morphemes) else ""
            if here.tag in ("NNG", "NNP") and (following == "" or following[0] in "JM") and start <= index:
                yield text[morphemes[start].start : here.end]
                yield text[here.start : here.end]
                if following in ("JKB", "JKO", "JKG"):
                    yield text[morphemes[start].start : morphemes[index + 1].end]


def _labelled(text: str, family: Family) -> Line:
    levels = set(_levels(text))
    return Line(text, family, next((level for level in levels if len(levels) == 1 and FAMILY[level] == family), None))


def _silver(text: str) -> list[Line]:
    """A line of unknown family, where the rules are sure of one level."""
    levels = set(_levels(text))
    return [Line(text, FAMILY[level], level) for level in levels if len(levels) == 1 and level in ("formal", "polite", "casual", "plain")]


def _levels(text: str) -> list[SentenceLevel]:
    def sure(sentence: ParsedSentence) -> SentenceLevel:
        level, strength = read(text, sentence)
        return level if strength >= SURE else "none"

    return [level for level in map(sure, parse(text)) if level in ("formal", "polite", "casual", "plain")]


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines()


def _chatbot(file: Path) -> Iterable[str]:
    with file.open(encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            yield row["Q"].strip()
            yield row["A"].strip()
