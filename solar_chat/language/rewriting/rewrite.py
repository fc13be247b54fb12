"""The same text in another speech level, by re-inflecting predicates with `kiwi.join`.

A sentence changes only if its old words can be rebuilt from Kiwi's reading of them and if, read again, the new sentence has the wanted level and the
same content words, negations, numbers and Latin text; otherwise it stays, marked `unsafe`. Everything outside the changed words is byte-identical.
Meaning is not understood here: a mood without an honest form in a level is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from solar_chat.language.parsing.analyser import ParsedSentence, parse
from solar_chat.language.register.compliance import admits
from solar_chat.language.register.levels import FAMILY, Reading, read
from solar_chat.language.rewriting.address import pronoun_edits
from solar_chat.language.rewriting.clause import Clause, Edit, Unsayable
from solar_chat.language.rewriting.inflect import Inflector
from solar_chat.language.rewriting.survival import applied, keeps_content, keeps_tokens
from solar_chat.language.rewriting.wording import fragment_edit, greeting, surface_edit, word_edits
from solar_chat.language.types import RewriteStatus, Rewriting, RewrittenSentence, SentenceLevel
from solar_chat.levels import Level

_GUESSED: Final = 0.5
"""A weaker reading than this is no reason to change a sentence."""
_PASSES: Final = 3
"""Readings of a line in which failing sentences may be put back; after that all of it is."""


@dataclass(slots=True)
class _Move:
    """What became of one sentence; an unsafe one has no changes."""

    sentence: ParsedSentence
    before: str
    after: str
    status: RewriteStatus
    changes: list[Edit]

    def reject(self) -> None:
        self.after, self.status, self.changes = self.before, "unsafe", []


def rewrite(text: str, level: Level) -> Rewriting:
    """Move every Korean sentence of `text` to `level`.

    Code, links and quotations are never touched. `unsafe` sentences are left as they were; `kept` ones needed nothing or have no level. Rewriting the
    result again changes nothing: a line for which that does not hold is left as it was.
    """
    pieces: list[str] = []
    reports: list[RewrittenSentence] = []
    position = 0
    for line in _by_line(text, parse(text, lone_quotes=True)):
        moves = _settled(text, _moves(text, line, level), level)
        pieces += [text[position : line[0].start], _joined(text, moves)]
        position = line[-1].end
        reports += [RewrittenSentence(move.before, move.after, move.status) for move in moves]
    pieces.append(text[position:])
    result = "".join(pieces)
    return Rewriting(result, result != text, tuple(reports))


def _by_line(text: str, sentences: Iterable[ParsedSentence]) -> list[list[ParsedSentence]]:
    lines: list[list[ParsedSentence]] = []
    for sentence in sentences:
        if lines and "\n" not in text[lines[-1][-1].end : sentence.start]:
            lines[-1].append(sentence)
        else:
            lines.append([sentence])
    return lines


def _joined(text: str, moves: list[_Move]) -> str:
    """The sentences' new texts with what stands between them."""
    pieces = [moves[0].after]
    for before, move in pairwise(moves):
        pieces += [text[before.sentence.end : move.sentence.start], move.after]
    return "".join(pieces)


def _moves(text: str, line: Iterable[ParsedSentence], level: Level) -> list[_Move]:
    levels = [(sentence, *read(text, sentence)) for sentence in line]
    talk = any(now == "casual" and strength >= _GUESSED for _, now, strength in levels)
    return [_moved(text, sentence, level, now, strength, talk) for sentence, now, strength in levels]


def _moved(text: str, sentence: ParsedSentence, level: Level, now: SentenceLevel, strength: float, talk: bool) -> _Move:
    before = text[sentence.start : sentence.end]
    if not sentence.morphemes:
        return _Move(sentence, before, before, "kept", [])
    refused = False
    try:
        changes = edits(text, sentence, level, now, talk)
    except Unsayable:
        changes, refused = [], True
    if not changes and strength >= _GUESSED:
        surface = surface_edit(Clause(text, sentence), level, now)
        changes = [] if surface is None else [surface]
    after = applied(before, sentence.start, changes)
    if changes and keeps_tokens(before, after):
        return _Move(sentence, before, after, "rewritten", changes)
    met = now in (level, "none") or strength < _GUESSED or (level != "formal" and admits(level, now, strength, before))
    return _Move(sentence, before, before, "kept" if met and not changes and not refused else "unsafe", [])


def _settled(text: str, moves: list[_Move], level: Level, *, last: bool = False) -> list[_Move]:
    """The same moves without those that do not survive being read again; all of one line are read together, as a second pass would.

    A line in which something was put back is read a second time (not again on that `last` one).
    """
    doubted = any(move.status == "unsafe" for move in moves)
    for _ in range(_PASSES):
        failed = _failed(text, moves, _joined(text, moves), level) if any(move.changes for move in moves) else []
        lost = [move for move in failed if len(moves) == 1 or not _survives_alone(text, move, level)]
        doubted = doubted or bool(failed)
        for move in lost:
            move.reject()
        if not lost:
            break
    new = _joined(text, moves)
    if doubted and not last and any(move.changes for move in moves) and _again(new, level) != new:
        for move in moves:
            if move.changes:
                move.reject()
    return moves


def _again(text: str, level: Level) -> str:
    """A second pass over a line."""
    moves = _moves(text, parse(text, lone_quotes=True), level)
    return _joined(text, _settled(text, moves, level, last=True)) if moves else text


def _survives_alone(text: str, move: _Move, level: Level) -> bool:
    """Whether a sentence that its line makes hard to read is right when read by itself."""
    parts = list(parse(move.after, lone_quotes=True))
    levels = {part.start: read(move.after, part) for part in parts}
    return _survives(text, move, (0, len(move.after)), move.after, parts, level, levels, talk=False)


def _failed(text: str, moves: list[_Move], new: str, level: Level) -> list[_Move]:
    """The moves whose new sentence, read in its line, misses the level, lost something or would be changed once more."""
    again = parse(new, lone_quotes=True)
    levels = {part.start: read(new, part) for part in again}
    talk = any(now == "casual" and strength >= _GUESSED for now, strength in levels.values())
    failed: list[_Move] = []
    position = 0
    for index, move in enumerate(moves):
        position += move.sentence.start - moves[index - 1].sentence.end if index else 0
        here = (position, position + len(move.after))
        position = here[1]
        parts = [part for part in again if part.start < here[1] and here[0] < part.end]
        if move.changes and not _survives(text, move, here, new, parts, level, levels, talk):
            failed.append(move)
        elif move.status == "kept" and any(_would_change(new, part, level, levels[part.start], talk) for part in parts):
            failed += [other for other in moves if other.changes]  # what changed beside it changed its reading
            break
    return failed


def _survives(
    text: str, move: _Move, here: tuple[int, int], new: str, parts: list[ParsedSentence], level: Level, levels: dict[int, Reading], talk: bool
) -> bool:
    final = next((part for part in reversed(parts) if part.morphemes), None)
    if final is None:
        return False
    reached, strength = levels[final.start]
    weak = strength < _GUESSED or (strength == _GUESSED and FAMILY[reached] == FAMILY[level])
    admitted = level != "formal" and admits(level, reached, strength, new[final.start : final.end])
    if reached not in (level, "none") and not weak and not admitted:
        return False
    if any(_would_change(new, part, level, levels[part.start], talk) for part in parts):
        return False
    return keeps_content(text, move.sentence, move.changes, here, parts)


def _would_change(text: str, sentence: ParsedSentence, level: Level, reading: Reading, talk: bool) -> bool:
    """Whether a second pass would find more to do: then the first one read the sentence wrong."""
    try:
        return bool(edits(text, sentence, level, reading[0], talk))
    except Unsayable:
        return True


def edits(text: str, sentence: ParsedSentence, level: Level, now: SentenceLevel, talk: bool) -> list[Edit]:
    """All edits for a sentence read as `now`, in order. Raises Unsayable where one of its final endings has no safe form in `level`.

    `talk`: a sentence of its line is 반말 speech.
    """
    clause = Clause(text, sentence, conversation=talk)
    changes_family = FAMILY[now] not in (FAMILY[level], "none") or now == "hao" or (now == "none" and talk and FAMILY[level] == "jondaemal")
    inflector = Inflector(clause, level)
    hello = greeting(clause, level, changes_family=changes_family)
    found: list[Edit] = [] if hello is None else [hello]
    for run in clause.runs:
        if hello is None or not hello.start <= clause.morphemes[run.first].start < hello.end:
            found.extend(inflector.edits(run))
    words = word_edits(clause, level, changes_family=changes_family) + pronoun_edits(clause, level, changes_family=changes_family)
    found.extend(word for word in words if not any(word.start < edit.end and edit.start < word.end for edit in found))
    if level == "polite" and not sentence.listed and (now == "none" or now == "casual") and not any(run.site for run in clause.runs):
        fragment = fragment_edit(clause, talk=talk)
        found.extend([fragment] if fragment is not None and not any(edit.end > fragment.start for edit in found) else [])
    return sorted((edit for edit in found if edit.text != text[edit.start : edit.end]), key=lambda edit: (edit.start, edit.end))
