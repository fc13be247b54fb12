"""The same conversation at four speech levels: what the app's own rewriter makes of each record, where it is sure.

A record reaches training at a level only if every sentence checks out at that level, written by hand or rewritten; the check is the app's own
(`solar_chat.language`), so the model is never taught what the app would mark as a slip. Nothing here invents a sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from recipes.starter.data import Record
from solar_chat.language import rewrite, sentences
from solar_chat.levels import LEVELS, Level
from solar_chat.messages import Message


def in_level(text: str, level: Level) -> bool:
    """Whether every Korean sentence of `text` is in `level`, and at least one is."""
    found = [sentence.level for sentence in sentences(text)]
    return level in found and all(one in (level, "none") for one in found)


def expand(records: Iterable[Record]) -> Iterator[Record]:
    """Each record in its own level, and re-inflected into the others wherever the rewriter is sure and the result checks out.

    Own records grow from 합쇼체, the least ambiguous level, and chatbot-data's from 해요체, the one it is written in; other levels stay as written.
    """
    for record in records:
        if record.language == "en" or record.level is None:
            yield record
            continue
        if all(in_level(turn.content, record.level) for turn in record.turns if turn.role == "assistant"):
            yield record
        if record.level != ("formal" if record.source == "own" else "polite"):
            continue
        for level in LEVELS:
            if level != record.level and (turns := _rewritten(record.turns, level)) is not None:
                yield replace(record, id=f"{record.id}/{level}", level=level, turns=turns)


def _rewritten(turns: Sequence[Message], level: Level) -> tuple[Message, ...] | None:
    result = []
    for turn in turns:
        if turn.role == "assistant":
            rewriting = rewrite(turn.content, level)
            if any(sentence.status == "unsafe" for sentence in rewriting.sentences) or not in_level(rewriting.text, level):
                return None
            turn = replace(turn, content=rewriting.text)
        result.append(turn)
    return tuple(result)
