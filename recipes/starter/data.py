"""From conversations to token rows: reading, holding out, packing.

Two sources and no third: our own records (`data/*.jsonl`) and the MIT-licensed chatbot-data CSV. The rule that keeps the figures honest is
`HeldOut`: what is held out is decided by a hash of the question alone, and a training question that is nearly one of those is dropped.
Nothing here trains, and nothing here knows a folder that it was not given.
"""

from __future__ import annotations

import csv
import hashlib
import json
import random
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from solar_chat.levels import LEVELS, Level
from solar_chat.messages import Message
from solar_chat.prompts import TEMPLATES, ReplyLanguage, system_prompt

DATA = Path(__file__).parent / "data"
HELDOUT = DATA / "heldout.jsonl"
TEMPLATE = TEMPLATES["starter"]
HELDOUT_EACH = 100

_NEARLY_THE_SAME = 0.7

Source = Literal["own", "chatbot"]


@dataclass(frozen=True, slots=True)
class Record:
    """One conversation: user and assistant turns in alternation, replies in one language and one speech level."""

    id: str
    topic: str
    source: Source
    language: ReplyLanguage
    level: Level | None
    turns: tuple[Message, ...]
    weight: float = 1.0
    """How often it is drawn, relative to others of its source."""

    @property
    def question(self) -> str:
        """The opening question."""
        return self.turns[0].content


# Reading


def read_own(folder: Path = DATA) -> list[Record]:
    """Our own records, in file and line order. Raises ValueError for a line that is not a well-formed record."""
    records = []
    for path in sorted(folder.glob("*.jsonl")):
        if path.name == HELDOUT.name:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if not line.strip():
                continue
            entry = json.loads(line)
            turns = tuple(Message(role, unicodedata.normalize("NFC", text).strip()) for role, text in entry["turns"])
            roles = [turn.role for turn in turns]
            if roles != ["user", "assistant"] * (len(roles) // 2) or not roles or not all(turn.content for turn in turns):
                raise ValueError(f"{path.name}:{number}: turns must alternate user, assistant and have text")
            if (entry["language"] == "en") != (entry["level"] is None):
                raise ValueError(f"{path.name}:{number}: Korean records have a level, English ones none")
            records.append(Record(entry["id"], entry["topic"], "own", entry["language"], entry["level"], turns))
    return records


# Small talk first, heartache rarely: a guide that answers everything with a broken heart is no guide.
_LABEL_WEIGHT = {"0": 1.0, "1": 0.15, "2": 0.4}


def read_chatbot(path: Path) -> list[Record]:
    """chatbot-data's pairs. The level is set where every sentence of the answer has the same one, else None."""
    records = []
    with path.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file)):
            question = unicodedata.normalize("NFC", row["Q"]).strip()
            answer = unicodedata.normalize("NFC", row["A"]).strip()
            label = row["label"].strip()
            if not question or not answer:
                continue
            if answer[-1] not in ".?!":
                answer += "."
            turns = (Message("user", question), Message("assistant", answer))
            records.append(Record(f"chatbot-{number}", f"chatbot/{label}", "chatbot", "ko", "polite", turns, _LABEL_WEIGHT[label]))
    return records


def save_records(records: Iterable[Record], path: Path) -> None:
    """Write records as JSON lines; with `load_records`, the cache of an expansion."""
    with path.open("w", encoding="utf-8") as file:
        for record in records:
            entry = {name: getattr(record, name) for name in ("id", "topic", "source", "language", "level", "weight")}
            entry["turns"] = [[turn.role, turn.content] for turn in record.turns]
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")


def load_records(path: Path) -> list[Record]:
    records = []
    for line in path.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        entry["turns"] = tuple(Message(role, text) for role, text in entry["turns"])
        records.append(Record(**entry))
    return records


# Holding out


def _key(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFC", text).lower() if char.isalnum())


def _hash_share(text: str) -> float:
    """A number in [0, 1) that depends on the question's letters only."""
    return int.from_bytes(hashlib.sha256(_key(text).encode()).digest()[:8], "big") / 2**64


def _pairs(text: str) -> frozenset[str]:
    key = _key(text)
    return frozenset(left + right for left, right in pairwise(f"^{key}$"))


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Records that training never sees."""

    chatbot: tuple[Record, ...]
    own: tuple[Record, ...]

    @classmethod
    def choose(cls, own: Sequence[Record], chatbot: Sequence[Record]) -> HeldOut:
        """Of each source the 100 questions of lowest hash.

        Greetings and other words of a few letters stay in training: with them held out, all their spellings would be, and no one could be greeted.
        """

        def lowest(records: Iterable[Record], letters: int) -> tuple[Record, ...]:
            distinct = {_key(record.question): record for record in records if len(_key(record.question)) >= letters}
            return tuple(sorted(distinct.values(), key=lambda record: _hash_share(record.question))[:HELDOUT_EACH])

        return cls(lowest((record for record in chatbot if record.weight > 0.3), 4), lowest(own, 6))

    @classmethod
    def read(cls, path: Path, own: Sequence[Record], chatbot: Sequence[Record]) -> HeldOut:
        """The choice written at `path`, so that records added later change nothing about it. Raises KeyError for an id that is gone."""
        known = {record.id: record for record in (*own, *chatbot)}
        chosen = [known[json.loads(line)["id"]] for line in path.read_text(encoding="utf-8").splitlines()]
        return cls(*(tuple(record for record in chosen if record.source == source) for source in ("chatbot", "own")))

    def write(self, path: Path) -> None:
        """The prompts of the evaluation: question, reply language and asked level, the levels in turn."""
        with path.open("w", encoding="utf-8") as file:
            for number, record in enumerate((*self.chatbot, *self.own)):
                level = None if record.language == "en" else LEVELS[number % len(LEVELS)]
                entry = {"id": record.id, "source": record.source, "prompt": record.question, "language": record.language, "level": level}
                file.write(json.dumps(entry, ensure_ascii=False) + "\n")

    def keep_out(self, records: Iterable[Record]) -> list[Record]:
        """`records` without those of which any question equals, or nearly equals, a held-out opening question."""
        shapes = [_pairs(record.question) for record in (*self.chatbot, *self.own)]
        by_pair: dict[str, list[int]] = {}
        for index, shape in enumerate(shapes):
            for pair in shape:
                by_pair.setdefault(pair, []).append(index)

        def is_near(text: str) -> bool:
            shape = _pairs(text)
            candidates = {index for pair in shape for index in by_pair.get(pair, ())}
            return any(len(shape & shapes[index]) >= _NEARLY_THE_SAME * len(shape | shapes[index]) for index in candidates)

        return [record for record in records if not any(turn.role == "user" and is_near(turn.content) for turn in record.turns)]


# Typing as people type


def perturb(text: str, rng: random.Random) -> str:
    """`text` as it might also have been typed: no punctuation, no spaces, other casing, laughter or tears after it; often unchanged."""
    if rng.random() < 0.30:
        text = text.rstrip(".?!~ ") or text
    draw = rng.random()
    if draw < 0.05:
        text = text.replace(" ", "")
    elif draw < 0.12:
        words = text.split(" ")
        if len(words) > 2:
            gap = rng.randrange(1, len(words))
            text = " ".join(words[:gap]) + " ".join(words[gap:])
    if rng.random() < 0.15:
        text = text.lower()
    if rng.random() < 0.20 and len(words := text.split(" ")) > 3:
        # A word less is nearly always the same question.
        del words[rng.randrange(len(words))]
        text = " ".join(words)
    if any("가" <= char <= "힣" for char in text) and rng.random() < 0.06:
        text = text.rstrip(".") + rng.choice(("ㅋㅋ", "ㅋㅋㅋ", " ㅋㅋ", "ㅎㅎ", "ㅠㅠ", " ㅠ", "~", "..", "!!"))
    return text


# Packing

Encode = Callable[[str], list[int]]
Vary = Callable[[str, random.Random], list[int]]
"""Another tokenization of the same text, drawn anew each time."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Packed token rows of equal length; `scored[i, j]` says whether predicting token j counts in the loss."""

    tokens: npt.NDArray[np.uint16]
    scored: npt.NDArray[np.bool_]


class Drawer:
    """Draws records in shuffled rounds, each as often as its weight says: 0.4 means in two rounds of five, by chance."""

    def __init__(self, records: Sequence[Record], rng: random.Random) -> None:
        if not records:
            raise ValueError("nothing to draw from")
        self._records, self._rng, self._round = records, rng, list[Record]()

    def draw(self) -> Record:
        while not self._round:
            self._round = [record for record in self._records if self._rng.random() < record.weight]
            self._rng.shuffle(self._round)
        return self._round.pop()


@dataclass(frozen=True, slots=True)
class Mix:
    """What a training stage reads."""

    own_share: float
    """Of the exchanges in Korean conversations, how many come from our own records."""
    english_share: float
    with_system: float
    """Share of conversations that open with the app's system prompt."""
    replies_only: bool
    """Whether the loss counts replies only, or all text."""
    perturbed: bool


def pack(records: Sequence[Record], mix: Mix, encode: Encode, *, rows: int, row_tokens: int, seed: int, vary: Vary | None = None) -> Rows:
    """`rows` rows of `row_tokens` + 1 tokens. A row holds whole conversations of one (language, level) each; single exchanges are strung together
    into a conversation so that the system prompt is paid once for several. Each row starts a conversation, so no reply lacks its instructions.
    With `vary`, what users say is tokenized by it.
    """
    rng = random.Random(seed)
    drawers: dict[tuple[ReplyLanguage, Level | None, Source], Drawer] = {}
    for key in sorted({(record.language, record.level, record.source) for record in records}, key=str):
        drawers[key] = Drawer([record for record in records if (record.language, record.level, record.source) == key], rng)
    width = row_tokens + 1
    tokens = np.zeros((rows, width), dtype=np.uint16)
    scored = np.zeros((rows, width), dtype=np.bool_)
    for row in range(rows):
        filled = 0
        while width - filled > 100:
            used = _conversation(drawers, mix, encode, vary, rng, tokens[row, filled:], scored[row, filled:])
            if used == 0:
                break
            filled += used
    return Rows(tokens, scored)


def _conversation(
    drawers: dict[tuple[ReplyLanguage, Level | None, Source], Drawer],
    mix: Mix,
    encode: Encode,
    vary: Vary | None,
    rng: random.Random,
    tokens: npt.NDArray[np.uint16],
    scored: npt.NDArray[np.bool_],
) -> int:
    """Write one conversation to the front of `tokens`; the number of tokens written, 0 where not even one exchange fits."""
    english = rng.random() < mix.english_share
    level = rng.choice(LEVELS)
    filled = 0
    if rng.random() < mix.with_system:
        head = turn_ids(Message("system", system_prompt("en" if english else "ko", level)), encode)
        if len(head) > len(tokens):
            return 0
        tokens[: len(head)] = head
        scored[: len(head)] = not mix.replies_only
        filled = len(head)
    # Half of all conversations are short, as most are; the long ones teach that the instructions still hold ten turns later.
    exchanges = rng.choice((1, 1, 2, 2, 3, 4, 6, 12))
    written = 0
    while written < exchanges:
        source: Source = "own" if english or rng.random() < mix.own_share else "chatbot"
        record = drawers["en" if english else "ko", None if english else level, source].draw()
        ids: list[int] = []
        flags: list[bool] = []
        for turn in record.turns:
            text = perturb(turn.content, rng) if mix.perturbed and turn.role == "user" else turn.content
            if vary is not None and turn.role == "user":
                piece = [*encode(TEMPLATE.before["user"]), *vary(text, rng), *encode(TEMPLATE.after["user"])]
            else:
                piece = turn_ids(replace(turn, content=text), encode)
            ids += piece
            # The marker that opens a reply is part of the prompt; its text and its end are the model's.
            reply = turn.role == "assistant"
            flags += [not mix.replies_only, *[reply or not mix.replies_only] * (len(piece) - 1)]
        if filled + len(ids) > len(tokens):
            break
        tokens[filled : filled + len(ids)] = ids
        scored[filled : filled + len(ids)] = flags
        filled += len(ids)
        written += len(record.turns) // 2
    return filled if written else 0


def turn_ids(turn: Message, encode: Encode) -> list[int]:
    """The tokens of one turn with its markers, as the rendered template would be tokenized."""
    return encode(f"{TEMPLATE.before[turn.role]}{turn.content}{TEMPLATE.after[turn.role]}")
