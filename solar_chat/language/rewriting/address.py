"""Pronouns of the speaker and the addressee: 저 and 나, 저희 and 우리, 당신 and 너.

Towards 존댓말 너 becomes 당신, as nearly all human references have it: dropping it would lose a word, and a title would be invented. A pronoun moves
only where the sentence changes its family. Third persons are not touched.
"""

from __future__ import annotations

from typing import Final

from solar_chat.josa import josa
from solar_chat.language.parsing.analyser import Morpheme
from solar_chat.language.rewriting.clause import Clause, Edit
from solar_chat.language.vocabulary import words
from solar_chat.levels import Level

_DOWN: Final = {"저희": "우리", "저": "나", "제": "내", "전": "난", "절": "날"}
_UP: Final = {"나": "저", "내": "제", "난": "전", "날": "절", "낼": "제"}
_SPOKEN: Final = {"ᆫ": "는", "ᆯ": "를", "께": "에게", "께서": "가"}
_PARTICLES: Final = frozenset({"JKS", "JKO", "JKB", "JKG", "JX", "JC", "JKC"})
_OURS: Final = words(
    """
    회사 팀 가게 집 가족 부모 부모님 엄마 아빠 어머니 아버지 형 누나 언니 오빠 동생 아들 딸 남편 아내 애 아이 강아지 고양이 매장 식당 직원 업체 부서
    할머니 할아버지 호텔 병원 쪽
    """
)
"""What is ours and not the addressee's, so that 우리 may be humble 저희."""


def pronoun_edits(clause: Clause, level: Level, *, changes_family: bool) -> list[Edit]:
    """One edit for each pronoun that the level says otherwise."""
    familiar = level in ("casual", "plain")
    found: list[Edit] = []
    for index, morpheme in enumerate(clause.morphemes):
        was = clause.text[morpheme.start : morpheme.end]
        if morpheme.kind == "NP" and morpheme.form in ("저", "저희") and familiar and was in _DOWN:
            found.append(Edit(morpheme.start, morpheme.end, _DOWN[was]))
        elif morpheme.kind == "NP" and morpheme.form == "나" and not familiar and changes_family and was in _UP:
            found.append(Edit(morpheme.start, morpheme.end, _UP[was]))
        elif morpheme.kind == "NP" and was == "우리" and not familiar and changes_family and _is_humble(clause, index):
            found.append(Edit(morpheme.start, morpheme.end, "저희"))
        elif morpheme.kind == "MM" and was == ("제" if familiar else "내") and changes_family and _has_noun(clause, index + 1):
            found.append(Edit(morpheme.start, morpheme.end, "내" if familiar else "제"))
        elif not familiar and changes_family and morpheme.kind == "IC" and was == "네" and clause.has(index + 1, "NNG"):
            found.append(Edit(morpheme.start, morpheme.end, "당신"))  # 네 덕분에: in 반말 네 is no yes
        elif not familiar and changes_family and morpheme.kind == "NP" and morpheme.form in ("너", "니", "네", "너희", "늬", "자네"):
            found.append(_raised(clause, index))
        elif (familiar and changes_family and _addresses(clause, index)) or (level == "casual" and morpheme.form == "자네" and morpheme.kind == "NP"):
            found.append(_lowered(clause, index))
    return found


def _has_noun(clause: Clause, index: int) -> bool:
    return clause.has(index, "NNG") or clause.has(index, "NNB") or clause.has(index, "NNP")


def _is_humble(clause: Clause, index: int) -> bool:
    following = clause.morphemes[index + 1] if index + 1 < len(clause.morphemes) else None
    if following is None:
        return False
    return following.form in _OURS or (following.kind in ("JKS", "JX") and any(form.startswith(("ᆯ게", "을게")) for form in clause.forms))


def _particle(clause: Clause, index: int) -> Morpheme | None:
    """The particle right after the pronoun, drawn into it or not."""
    if index + 1 >= len(clause.morphemes):
        return None
    following = clause.morphemes[index + 1]
    return following if following.kind in _PARTICLES and following.start <= clause.morphemes[index].end else None


def _raised(clause: Clause, index: int) -> Edit:
    pronoun = clause.morphemes[index]
    end = pronoun.end
    word = "당신"
    plural = pronoun.form == "너희"
    while index + 1 < len(clause.morphemes) and clause.morphemes[index + 1].kind == "XSN" and clause.morphemes[index + 1].form in ("네", "들", "희"):
        index += 1
        plural, end = True, clause.morphemes[index].end
    particle = _particle(clause, index)
    owned = index + 1 < len(clause.morphemes) and clause.morphemes[index + 1].form in _OURS
    if plural and (particle is not None or not (owned or _owns(clause, index))):
        word = "여러분"
    if particle is None or (particle.kind == "JKG" and particle.end <= pronoun.end):
        return Edit(pronoun.start, end, word)
    form = _SPOKEN.get(particle.form, particle.form)
    return Edit(pronoun.start, max(end, particle.end), word + josa(word, form))


def _addresses(clause: Clause, index: int) -> bool:
    here = clause.morphemes[index]
    if here.form in ("당신", "여러분") and here.kind in ("NP", "NNG"):
        return here.form == "당신" or _particle(clause, index) is not None
    before = clause.morphemes[index - 1] if index else None
    apart = here.start == 0 or clause.text[here.start - 1].isspace()
    return here.form == "님" and apart and (before is None or before.kind[0] not in "NX") and here.kind in ("NNG", "NNB", "XSN", "NP")


def _lowered(clause: Clause, index: int) -> Edit:
    pronoun = clause.morphemes[index]
    end = pronoun.end
    word = "너희" if pronoun.form == "여러분" else "너"
    if index + 1 < len(clause.morphemes) and clause.morphemes[index + 1].form in ("네", "들") and clause.morphemes[index + 1].kind == "XSN":
        index += 1
        word, end = "너희", clause.morphemes[index].end
    particle = _particle(clause, index)
    if particle is None:
        return Edit(pronoun.start, end, "네" if word == "너" and _owns(clause, index) else word)
    form = _SPOKEN.get(particle.form, particle.form)
    shaped = josa(word, form)
    if word == "너" and shaped == "가":
        return Edit(pronoun.start, particle.end, "네가")
    return Edit(pronoun.start, max(end, particle.end), word + shaped)


def _owns(clause: Clause, index: int) -> bool:
    """Whether a bare pronoun owns the noun after it (당신 말이 맞아요) rather than being the subject (당신 그 영화 봤어요?)."""
    follower = index + 1
    if not _has_noun(clause, follower):
        return False
    follower += 1
    while clause.has(follower, "XSN"):
        follower += 1
    if follower >= len(clause.morphemes):
        return False
    after = clause.morphemes[follower]
    return after.kind in ("JKS", "JKO", "JKB", "JKG", "JX", "VCP")
