"""Words that carry a speech level of their own: greetings, farewells, answers and 요 after a noun or a particle.

Every entry is a closed list; a phrase is taken only where it is the whole clause. Pronouns are in `address`.
"""

from __future__ import annotations

import re
from typing import Final

from solar_chat.language.rewriting.clause import SEPARATORS, Clause, Edit, Unsayable
from solar_chat.language.types import SentenceLevel
from solar_chat.levels import LEVELS, Level

_PHRASES: Final = (
    ("안녕하십니까", "안녕하세요", "안녕", "안녕"),
    ("안녕히 가십시오", "안녕히 가세요", "잘 가", "잘 가라"),
    ("안녕히 계십시오", "안녕히 계세요", "잘 있어", "잘 있어라"),
    ("안녕히 주무십시오", "안녕히 주무세요", "잘 자", "잘 자라"),
    ("어서 오십시오", "어서 오세요", "어서 와", "어서 와라"),
    ("수고하십시오", "수고하세요", "수고해", "수고해라"),
    ("처음 뵙겠습니다", "처음 봬요", "처음 보네", "처음 본다"),
    ("죄송합니다", "미안해요", "미안", "미안하다"),
    ("그렇습니다", "그래요", "그래", "그렇다"),
)
"""Set phrases: formal, polite, casual, plain."""
_OPENING: Final = frozenset({"안녕하십니까", "죄송합니다", "어서 오십시오"})
"""Those that may be followed by more words."""
_LEAD: Final = r"(?:(?:그럼|그래|응|네|예|어|이제|그러면|조심히|모두|다들|그만)[, ]+)?"
_CLOSE: Final = r"(?=[\s.!?~,…^ㅋㅎㅠㅜ:)]|[\U0001F300-\U0001FAFF\u2600-\u27BF]|$)"
_ANSWERS_DOWN: Final = {
    "네": "응", "예": "응", "넵": "응", "넹": "응", "옙": "응", "아니요": "아니", "아니오": "아니", "아뇨": "아니", "아닙니다": "아니",
    "안녕히": "잘", "글쎄요": "글쎄",
}  # fmt: skip
_ANSWERS_UP: Final = {"응": "네", "웅": "네", "엉": "네", "어": "네", "ㅇㅇ": "네", "아니": "아니요", "야": "저기요", "글쎄": "글쎄요"}
_UNMISTAKABLE: Final = frozenset({"응", "웅", "엉", "야"})
"""Answers and calls that need no comma after them."""
_ALONE: Final = frozenset({"진짜", "정말", "왜", "그러게", "그러니까", "그니까", "글쎄"})
"""Adverbs that answer by themselves; 해요체 adds 요."""
_NOUNLIKE: Final = frozenset({"진짜", "정말"})
_TAIL_KINDS: Final = frozenset({"JX", "JKB", "JKS", "JKO", "EC"})
_OPEN_ENDED: Final = frozenset({"는지", "ᆫ지", "은지", "ᆯ지", "을지"})
_LAST_WORD: Final = re.compile(r"[가-힣]+(?=[^가-힣A-Za-z0-9]*$)")
_TAKES_YO: Final = tuple("네 는데 은데 던데 거든 잖아 더라고 군 지 까 래 대 게 었어 았어 했어 해 돼".split())
_FRAGMENT_MARK: Final = re.compile(r"[.?!…~]+[ ㅋㅎㅠㅜ]*$")


def _patterns() -> str:
    phrases = sorted({form for forms in _PHRASES for form in forms}, key=len, reverse=True)
    return _LEAD + "(?P<phrase>" + "|".join(re.escape(phrase) for phrase in phrases) + ")" + _CLOSE


_PHRASE: Final = re.compile(_patterns())


def greeting(clause: Clause, level: Level, *, changes_family: bool) -> Edit | None:
    """A set phrase that is the clause, or opens it (안녕하세요)."""
    match = _PHRASE.match(clause.text, clause.start, clause.end)
    if match is None:
        return None
    phrase, goal = match.group("phrase"), LEVELS.index(level)
    forms = next(forms for forms in _PHRASES if phrase in forms)
    index = forms.index(phrase)
    whole = not re.search(r"[가-힣A-Za-z0-9]", clause.text[match.end("phrase") : clause.end])
    if phrase == forms[goal] or (index > 1 and goal < 2 and not changes_family):
        return None
    opens = whole or (forms[0] in _OPENING and not (index > 1 and goal > 1))
    if not opens or (forms[0] == "그렇습니다" and clause.asks) or (forms[0] == "죄송합니다" and phrase != "미안"):
        return None
    return Edit(match.start("phrase"), match.end("phrase"), forms[goal])


def word_edits(clause: Clause, level: Level, *, changes_family: bool) -> list[Edit]:
    """Answers, 말씀 and 말, and 요 after what is no predicate. Raises Unsayable where 요 has no counterpart."""
    familiar = level in ("casual", "plain")
    answers = _ANSWERS_DOWN if familiar else _ANSWERS_UP if changes_family else {}
    found: list[Edit] = []
    for index, morpheme in enumerate(clause.morphemes):
        was = clause.text[morpheme.start : morpheme.end]
        if index == 0 and was in answers and _is_answer(clause, morpheme.kind):
            alone = clause.final <= 0 and was == "아니" and level == "formal"
            found.append(Edit(morpheme.start, morpheme.end, "아닙니다" if alone else answers[was]))
        elif morpheme.kind == "MAG" and was == "안녕히" and familiar:
            found.append(Edit(morpheme.start, morpheme.end, answers[was]))
        elif was == "말씀" and familiar and not clause.honours_someone and (clause.has(index + 1, "XSV") or clause.has(index + 1, "VCP")):
            found.append(Edit(morpheme.start, morpheme.end, "말"))
        elif was in ("요", "이요") and morpheme.form in ("요", "이요") and morpheme.kind == "JX" and level != "polite" and index:
            found.extend(_clipped(clause, level, index))
    return found


def _is_answer(clause: Clause, kind: str) -> bool:
    if kind not in ("IC", "NNG", "VCN", "SW", "MM", "NP"):
        return False
    if len(clause.morphemes) == 1 or clause.final <= 0:
        return True
    first = clause.morphemes[0].form
    return kind == "IC" and (clause.morphemes[1].kind in SEPARATORS or first in _UNMISTAKABLE)


def _clipped(clause: Clause, level: Level, index: int) -> list[Edit]:
    """저요?, 자장면이요, 왜요?: 요 after what is no predicate."""
    particle = clause.morphemes[index]
    before = clause.morphemes[index - 1]
    kind = before.kind
    if kind[0] not in "NJM" and kind not in ("IC", "XSN", "SL", "SN"):
        return []
    final = all(morpheme.kind in SEPARATORS or morpheme.kind.startswith("W_") for morpheme in clause.morphemes[index + 1 :])
    if not final or level == "casual" or (level == "plain" and (kind[0] in "JM" or kind == "IC") and before.form not in _NOUNLIKE):
        return [Edit(particle.start, particle.end, "")]
    if (kind[0] in "JM" or kind == "IC") and before.form not in _NOUNLIKE:
        raise Unsayable(particle.form)
    statement, question = ("입니다", "입니까") if level == "formal" else ("이다", "인가")
    return [Edit(particle.start, particle.end, question if clause.asks else statement)]


def surface_edit(clause: Clause, level: Level, now: SentenceLevel) -> Edit | None:
    """요 added or taken by the look of the last word, where Kiwi sees no predicate in it (성지네, 미챳네요)."""
    match = _LAST_WORD.search(clause.text, clause.start, clause.end)
    if match is None:
        return None
    end = match.end()
    if level == "polite" and now == "casual" and match.group().endswith(_TAKES_YO):
        return Edit(end - 1, end, "죠") if match.group().endswith("지") else Edit(end, end, "요")
    if level == "casual" and now == "polite" and match.group().endswith("죠"):
        return Edit(end - 1, end, "지")
    if level == "casual" and now == "polite" and match.group().endswith("요") and match.group()[:-1].endswith(_TAKES_YO):
        return Edit(end - 1, end, "")
    return None


def fragment_edit(clause: Clause, *, talk: bool) -> Edit | None:
    """요 for a clause without a predicate among 반말 sentences (너는? 왜? 첫 고객만.); only 해요체 can say these."""
    surface = clause.text[clause.start : clause.end].rstrip("*_ ")
    mark = _FRAGMENT_MARK.search(surface)
    if mark is None or clause.final < 0:
        return None
    last = clause.morphemes[clause.final]
    word = clause.text[last.start : last.end]
    if last.kind == "EC" and (last.form in _OPEN_ENDED or "니다" in last.form):
        return None
    if not talk:
        return Edit(last.end, last.end, "요") if clause.final == 0 and word in _ALONE and "?" in mark.group() else None
    if last.kind in _TAIL_KINDS or (clause.final == 0 and word in _ALONE):
        return None if word.endswith(("요", "죠")) else Edit(last.end, last.end, "요")
    return None
