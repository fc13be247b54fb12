"""Whether a rewritten sentence still says the same: numbers, Latin text, negations and content words, compared morpheme by morpheme.

Only the words that were changed are compared, because Kiwi may cut the others differently the second time. Words that differ in deference alone (저
and 나, 드리다 and 주다) count as the same. It decides nothing about levels.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from solar_chat.language.parsing.analyser import Morpheme, ParsedSentence
from solar_chat.language.rewriting.clause import Edit
from solar_chat.language.rewriting.repair import normalised

_CONTENT: Final = {"NNG", "NNP", "NNB", "NR", "NP", "VV", "VA", "VX", "VCN", "XR", "MAG", "MM", "XPN"}
_SAME: Final = {
    "저": "나", "저희": "우리", "것": "거", "무엇": "뭐", "무어": "뭐", "드리": "주", "계": "있", "계시": "있", "주무": "자", "잡수": "먹",
    "드": "먹", "들": "먹", "드시": "먹", "말씀": "말", "여쭙": "묻", "여쭈": "묻", "뵙": "보", "뵈": "보", "찾아뵙": "찾아보",
    "도와드리": "도와주", "안녕히": "잘", "여쭤보": "물어보",
    "감사": "고맙", "죄송": "미안", "송구": "미안", "그러": "그렇", "이러": "이렇",
}  # fmt: skip
"""Words that differ in deference alone."""
_PRONOUNS: Final = {
    "저": "나", "제": "나", "내": "나", "저희": "우리", "당신": "너", "님": "너", "니": "너", "네": "너", "너희": "너", "여러분": "너", "자네": "너",
}  # fmt: skip
_COMPOSITES: Final = frozenset({"않", "하", "거", "되", "때문", "바라", "그렇", "너"})
"""What a composite ending (-지 않습니까, -려고 합니다, -ㄹ 것입니다, -면 되겠습니까, -기 때문입니다) brings along."""
_LIGHT: Final = frozenset({"하", "되", "받", "주", "자", "시키", "너", "나", "그렇"})
"""Verbs that Kiwi reads as suffixes or not at all, depending on what follows."""
_NEGATIONS: Final = frozenset({"안", "못", "않", "못하", "말다", "없", "아니", "모르"})
_ANSWER_ROOTS: Final = {
    "아니다": "아니", "아니야": "아니", "아니": "아니",
    "그래": "그렇", "그렇지": "그렇", "그럼": "그렇", "맞아": "맞", "좋아": "좋", "고마워": "고맙", "미안": "미안",
}  # fmt: skip
_ADNOMINAL: Final = {"그런": "그렇", "이런": "이렇", "저런": "저렇", "어떤": "어떻", "다른": "다르"}
_TOKEN: Final = re.compile(r"[A-Za-z0-9]+")
_RIEUL: Final = 8
_SIOS: Final = 19
_HARMLESS: Final = frozenset({"", "요", "죠", "지", "네", "응", "저", "제", "전", "절", "저희", "나", "내", "난", "날", "우리"})
"""Edits that hold no content: 요, answers and pronouns, each from a closed list."""


def applied(before: str, offset: int, changes: Iterable[Edit]) -> str:
    """`before`, which starts at `offset` of its text, with the changes made."""
    pieces: list[str] = []
    position = 0
    for change in changes:
        pieces += [before[position : change.start - offset], change.text]
        position = change.end - offset
    return "".join([*pieces, before[position:]])


def keeps_tokens(before: str, after: str) -> bool:
    """Whether every number and Latin word is still there, in order."""
    return _TOKEN.findall(before) == _TOKEN.findall(after)


def keeps_content(text: str, sentence: ParsedSentence, changes: Sequence[Edit], after: tuple[int, int], again: Sequence[ParsedSentence]) -> bool:
    """Whether the changed words hold the same content words and negations as before.

    `after` says where the new sentence stands in the text that `again` was read from.
    """
    inflected = [change for change in changes if change.text not in _HARMLESS and not change.text.startswith(("당신", "여러분"))]
    if not inflected:
        return True
    old: list[Morpheme] = []
    new: list[Morpheme] = []
    reread = [morpheme for part in again for morpheme in part.morphemes]
    for left, right, moved_left, moved_right in _words(text, sentence, changes, inflected, after):
        old += [morpheme for morpheme in sentence.morphemes if left <= morpheme.start < right]
        new += [morpheme for morpheme in reread if moved_left <= morpheme.start < moved_right]
    before, now = _content(old), _content(new)
    return _same(before + (_answers(old) & (now - before)), now + (_answers(new) & (before - now)))


def _words(
    text: str, sentence: ParsedSentence, changes: Sequence[Edit], inflected: Sequence[Edit], after: tuple[int, int]
) -> list[tuple[int, int, int, int]]:
    """For every changed stretch of words: where it was in `text` and where it is now."""
    base = after[0] - sentence.start
    found: list[tuple[int, int, int, int]] = []
    for change in inflected:
        left, right = change.start, change.end
        while left > sentence.start and not text[left - 1].isspace():
            left -= 1
        while right < sentence.end and not text[right].isspace():
            right += 1
        if found and left < found[-1][1]:
            continue
        shift = sum(len(other.text) - (other.end - other.start) for other in changes if other.end <= left and other is not change)
        grown = sum(len(other.text) - (other.end - other.start) for other in changes if left < other.end <= right or other is change)
        found.append((left, right, left + base + shift, min(after[1], right + base + shift + grown)))
    return found


def _same(old: Counter[str], new: Counter[str]) -> bool:
    lost, gained = old - new, new - old
    if _NEGATIONS & lost.keys() or (_NEGATIONS - _COMPOSITES) & gained.keys():
        return False
    # -시기 바랍니다 is a request, and -세요 another.
    lost = Counter({form: count for form, count in lost.items() if form not in _LIGHT and form != "바라"})
    gained = Counter({form: count for form, count in gained.items() if form not in _LIGHT and form not in _COMPOSITES})
    if not lost and not gained:
        return True
    # Otherwise only a different cut of the same words (물어보 for 묻 + 보) is harmless.
    before, after = "".join(lost.elements()), "".join(gained.elements())
    recut = sum(lost.values()) != sum(gained.values())
    return sorted(before) == sorted(after) or _initials(before, after, equal=recut)


def _initials(before: str, after: str, *, equal: bool) -> bool:
    """Whether the initial consonants of the shorter string run through the longer one in order; of the same length only if `equal`."""
    shorter, longer = sorted(([(ord(character) - 0xAC00) // 588 for character in text] for text in (before, after)), key=len)
    rest = iter(longer)
    return 0 < len(shorter) < len(longer) + equal and all(initial in rest for initial in shorter)


def _content(morphemes: Iterable[Morpheme]) -> Counter[str]:
    """Content words without deference; 말하다 and 말 하다 count as one word, because Kiwi cuts them by context."""
    kept: list[str] = []
    for morpheme in normalised(list(morphemes)):
        form = morpheme.form
        if morpheme.kind in _CONTENT and form != "안녕":
            root = form[:-1] if len(form) > 1 and form.endswith("하") else form
            root = "말다" if morpheme.kind == "VX" and root == "말" else _ADNOMINAL.get(root, root)
            if morpheme.kind in ("VV", "VA", "VX") and (ord(root[-1]) - 0xAC00) % 28 == _RIEUL:
                root = root[:-1] + chr(ord(root[-1]) - _RIEUL)  # 사는가 may be 살다 or 사다
            if morpheme.tag.endswith("-I") and (ord(root[-1]) - 0xAC00) % 28 == _SIOS:
                root = root[:-1] + chr(ord(root[-1]) - _SIOS)  # 지어 may be 짓다 or 지다
            kept.append(_PRONOUNS.get(root, root) if morpheme.kind in ("NP", "MM", "NNB", "NNG") and root in _PRONOUNS else _SAME.get(root, root))
    return Counter(kept)


def _answers(morphemes: Iterable[Morpheme]) -> Counter[str]:
    return Counter(_ANSWER_ROOTS[morpheme.form] for morpheme in morphemes if morpheme.kind == "IC" and morpheme.form in _ANSWER_ROOTS)
