"""The same text in another speech level, by re-inflecting predicates with `kiwi.join`.

A sentence changes only if its old words can be rebuilt from Kiwi's reading of them and if, read again, the new sentence has the wanted level and the
same content words, negations, numbers and Latin text; otherwise it stays, marked `unsafe`. Everything outside the changed words is byte-identical.
Meaning is not understood here: a mood without an honest form in a level is left alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

from solar_chat.language.analyser import Morpheme, ParsedSentence, parse
from solar_chat.language.clause import Edit, Unsayable, normalised
from solar_chat.language.compliance import admits
from solar_chat.language.inflect import edits
from solar_chat.language.levels import FAMILY, read
from solar_chat.language.types import Level, RewriteStatus, Rewriting, RewrittenSentence, SentenceLevel

_CONTENT: Final = {"NNG", "NNP", "NNB", "NR", "NP", "VV", "VA", "VX", "VCN", "XR", "MAG", "MM", "XPN"}
_SAME: Final = {
    "저": "나", "저희": "우리", "것": "거", "무엇": "뭐", "무어": "뭐", "드리": "주", "계": "있", "계시": "있", "주무": "자", "잡수": "먹",
    "드": "먹", "들": "먹", "드시": "먹", "말씀": "말", "여쭙": "묻", "뵙": "보", "뵈": "보", "찾아뵙": "찾아보",
    "도와드리": "도와주", "안녕히": "잘",
    "감사": "고맙", "죄송": "미안", "송구": "미안",
}  # fmt: skip
"""Words that differ in deference alone."""
_COMPOSITES: Final = frozenset({"않", "하", "거", "되", "때문", "바라"})
"""What a composite ending (-지 않습니까, -려고 합니다, -ㄹ 것입니다, -면 되겠습니까, -기 때문입니다) brings along."""
_LIGHT: Final = frozenset({"하", "되", "받", "주", "자", "시키"})
"""Verbs that Kiwi reads as suffixes or not at all, depending on what follows."""
_NEGATIONS: Final = frozenset({"안", "못", "않", "못하", "말다", "없", "아니", "모르"})
_ANSWER_ROOTS: Final = {
    "아니다": "아니", "아니야": "아니", "아니": "아니",
    "그래": "그렇", "그렇지": "그렇", "그럼": "그렇", "맞아": "맞", "좋아": "좋", "고마워": "고맙", "미안": "미안",
}  # fmt: skip
_ADNOMINAL: Final = {"그런": "그렇", "이런": "이렇", "저런": "저렇", "어떤": "어떻", "다른": "다르"}
_TOKEN: Final = re.compile(r"[A-Za-z0-9]+")


def rewrite(text: str, level: Level) -> Rewriting:
    """Move every Korean sentence of `text` to `level`.

    Code, links and quotations are never touched. `unsafe` sentences are left as they were; `kept` ones needed nothing or have no level. Rewriting the
    result again changes nothing: a line for which that does not hold is left as it was.
    """
    pieces: list[str] = []
    reports: list[RewrittenSentence] = []
    position = 0
    for line in _by_line(text, parse(text, lone_quotes=True)):
        first, end = line[0].start, line[-1].end
        moved = [_moved(text, sentence, level) for sentence in line]
        new = _joined(text, line, [after for after, _ in moved])
        if new != text[first:end] and _pass(new, level) != new:
            moved = [
                (text[sentence.start : sentence.end], "kept" if status == "kept" else "unsafe")
                for sentence, (_, status) in zip(line, moved, strict=True)
            ]
            new = text[first:end]
        pieces += [text[position:first], new]
        position = end
        reports += [RewrittenSentence(text[sentence.start : sentence.end], *outcome) for sentence, outcome in zip(line, moved, strict=True)]
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


def _joined(text: str, line: list[ParsedSentence], new: list[str]) -> str:
    """The sentences' new texts with what stands between them."""
    pieces = [new[0]]
    for before, sentence, piece in zip(line, line[1:], new[1:], strict=False):
        pieces += [text[before.end : sentence.start], piece]
    return "".join(pieces)


def _pass(text: str, level: Level) -> str:
    line = list(parse(text, lone_quotes=True))
    return _joined(text, line, [_moved(text, sentence, level)[0] for sentence in line]) if line else text


def _moved(text: str, sentence: ParsedSentence, level: Level) -> tuple[str, RewriteStatus]:
    before = text[sentence.start : sentence.end]
    if not sentence.morphemes:
        return before, "kept"
    now, strength = read(text, sentence)
    try:
        changes = edits(text, sentence, level, changes_family=_crosses(now, level))
    except Unsayable:
        return before, "unsafe"
    if not changes:
        met = now in (level, "none") or strength < 0.5 or (level != "formal" and admits(level, now, strength, before))
        return before, "kept" if met else "unsafe"
    after = _applied(before, sentence.start, changes)
    if not _survives(before, sentence, after, level):
        return before, "unsafe"
    return after, "rewritten"


def _crosses(now: SentenceLevel, level: Level) -> bool:
    """Whether moving from `now` to `level` crosses between 존댓말 and 반말."""
    return FAMILY[now] not in (FAMILY[level], "none")


def _applied(before: str, offset: int, changes: Iterable[Edit]) -> str:
    pieces: list[str] = []
    position = 0
    for change in changes:
        pieces += [before[position : change.start - offset], change.text]
        position = change.end - offset
    return "".join([*pieces, before[position:]])


def _survives(before: str, sentence: ParsedSentence, after: str, level: Level) -> bool:
    """Whether the new sentence has the level and lost no content word, negation, number or Latin text."""
    if _TOKEN.findall(before) != _TOKEN.findall(after):
        return False
    again = parse(after, lone_quotes=True)
    final = next((part for part in reversed(again) if part.morphemes), None)
    if final is None:
        return False
    reached, strength = read(after, final)
    weak = strength < 0.5 or (strength == 0.5 and FAMILY[reached] == FAMILY[level])
    if reached not in (level, "none") and not (weak or (level != "formal" and admits(level, reached, strength, after))):
        return False
    if any(_would_change(after, part, level) for part in again):
        return False
    rewritten = [morpheme for part in again for morpheme in part.morphemes]
    old, new = _content(sentence.morphemes), _content(rewritten)
    # 아니에요, 그래요: an answer that Kiwi reads as a predicate in one level is an interjection in another.
    return _same_content(old + (_answers(sentence.morphemes) & (new - old)), new + (_answers(rewritten) & (old - new)))


def _would_change(text: str, sentence: ParsedSentence, level: Level) -> bool:
    """Whether a second pass would find more to do: then the first one read the sentence wrong."""
    try:
        return bool(edits(text, sentence, level, changes_family=_crosses(read(text, sentence)[0], level)))
    except Unsayable:
        return True


def _same_content(old: Counter[str], new: Counter[str]) -> bool:
    lost, gained = old - new, new - old
    if _NEGATIONS & lost.keys() or (_NEGATIONS - _COMPOSITES) & gained.keys():
        return False
    lost = Counter({form: count for form, count in lost.items() if form not in _LIGHT})
    gained = Counter({form: count for form, count in gained.items() if form not in _LIGHT and form not in _COMPOSITES})
    if not lost and not gained:
        return True
    # Otherwise only a different cut of the same words (물어보 for 묻 + 보) is harmless.
    before, after = "".join(lost.elements()), "".join(gained.elements())
    return sorted(before) == sorted(after) or _initials(before, after)


def _initials(before: str, after: str) -> bool:
    """Whether the initial consonants of the shorter string run through the longer one in order, and they differ in length."""
    shorter, longer = sorted(([(ord(character) - 0xAC00) // 588 for character in text] for text in (before, after)), key=len)
    rest = iter(longer)
    return 0 < len(shorter) < len(longer) and all(initial in rest for initial in shorter)


def _content(morphemes: Iterable[Morpheme]) -> Counter[str]:
    """Content words without deference; 말하다 and 말 하다 count as one word, because Kiwi cuts them by context."""
    kept: list[str] = []
    for morpheme in normalised(list(morphemes)):
        form = morpheme.form
        if morpheme.kind in _CONTENT and form != "안녕":
            root = form[:-1] if len(form) > 1 and form.endswith("하") else form
            root = "말다" if morpheme.kind == "VX" and root == "말" else _ADNOMINAL.get(root, root)
            kept.append(_SAME.get(root, root))
    return Counter(kept)


def _answers(morphemes: Iterable[Morpheme]) -> Counter[str]:
    return Counter(_ANSWER_ROOTS[morpheme.form] for morpheme in morphemes if morpheme.kind == "IC" and morpheme.form in _ANSWER_ROOTS)
