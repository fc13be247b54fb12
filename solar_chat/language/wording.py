"""Words that carry a speech level of their own: greetings, pronouns, answers and 요 after a noun."""

from __future__ import annotations

from solar_chat.language.clause import SEPARATORS, Clause, Edit, Unsayable
from solar_chat.language.endings import GREETING, OPENINGS, PRONOUNS_DOWN, PRONOUNS_UP, WORDS_DOWN, WORDS_UP
from solar_chat.language.types import Level


def greeting(clause: Clause, level: Level, *, changes_family: bool) -> Edit | None:
    """안녕하세요 and its relatives, as one word; a bare 안녕 only where the family changes."""
    familiar = level in ("casual", "plain")
    for index, morpheme in enumerate(clause.morphemes):
        if morpheme.form != "안녕" or morpheme.kind not in ("NNG", "IC"):
            continue
        last = index
        while last + 1 < len(clause.morphemes) and clause.morphemes[last + 1].kind in ("XSA", "EP", "EF", "EC"):
            last += 1
        final = clause.morphemes[last]
        if last > index and final.kind in ("EF", "EC") and not final.form.startswith(("세요", "ᆸ니까")):
            continue
        if last == index and (index > 0 or familiar or not changes_family):
            continue
        return Edit(morpheme.start, final.end, GREETING[level])
    return None


def word_edits(clause: Clause, level: Level, *, changes_family: bool) -> list[Edit]:
    """저 and 나, 네 and 응, 말씀 and 말. Upwards only where the family changes: 나 in polite prose may be anyone."""
    familiar = level in ("casual", "plain")
    pronouns = PRONOUNS_DOWN if familiar else PRONOUNS_UP if changes_family else {}
    answers = WORDS_DOWN if familiar else WORDS_UP if changes_family else {}
    found: list[Edit] = []
    for index, morpheme in enumerate(clause.morphemes):
        was = clause.text[morpheme.start : morpheme.end]
        if morpheme.kind == "NP" and morpheme.form in ("저", "저희", "나") and was in pronouns:
            found.append(Edit(morpheme.start, morpheme.end, pronouns[was]))
        elif morpheme.kind == "IC" and was in answers:
            alone = clause.has(index + 1, "SP") or clause.has(index + 1, "SF") or index + 1 == len(clause.morphemes)
            if index == 0 and alone:
                found.append(Edit(morpheme.start, morpheme.end, answers[was]))
        elif morpheme.kind == "IC" and was in OPENINGS and index == 0 and changes_family and (level == "formal" or level == "polite"):
            found.append(Edit(morpheme.start, morpheme.end, OPENINGS[was][level]))
        elif morpheme.kind == "MAG" and was == "안녕히" and familiar:
            found.append(Edit(morpheme.start, morpheme.end, answers[was]))
        elif was == "말씀" and familiar and not clause.honours_someone and clause.has(index + 1, "XSV"):
            found.append(Edit(morpheme.start, morpheme.end, "말"))
        elif morpheme.form in ("요", "이요") and morpheme.kind == "JX" and level != "polite" and index:
            found.extend(_clipped(clause, level, index))
    return found


def _clipped(clause: Clause, level: Level, index: int) -> list[Edit]:
    """저요?, 자장면이요: a noun or particle with 요."""
    particle = clause.morphemes[index]
    before = clause.morphemes[index - 1].kind
    if before[0] not in "NJ":
        return []
    final = all(morpheme.kind in SEPARATORS or morpheme.kind.startswith("W_") for morpheme in clause.morphemes[index + 1 :])
    if not final or level == "casual":
        return [Edit(particle.start, particle.end, "")]
    if before[0] == "J":
        raise Unsayable(particle.form)
    statement, question = ("입니다", "입니까") if level == "formal" else ("이다", "인가")
    return [Edit(particle.start, particle.end, question if clause.asks else statement)]
