"""Paragraphs of good prose against the tolerant check: those of the asked level should pass, those of the other family should not.

Only paragraphs with a final ending count, by Kiwi's tags and not by the app's reading: a list of nouns is in no level and passes as any.
What a peer's reading of a sentence may stand for is decided by the app's own tolerance, so the column compares readings, not tolerances.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from benchmarks.korean.data import Data, Item
from benchmarks.korean.figures import Disputed, Result, Row, Wrong, attempt, joined, share, undisputed_share
from benchmarks.korean.paragraphs import document_paragraphs
from benchmarks.korean.peers import ending_sentences, regex_segments
from solar_chat.language import LEVELS, Level, SentenceLevel, complies
from solar_chat.language.register.compliance import admits

_OTHER_FAMILY: Final[dict[Level, tuple[Level, ...]]] = {
    "formal": ("casual", "plain"),
    "polite": ("casual", "plain"),
    "casual": ("formal", "polite"),
    "plain": ("formal", "polite"),
}
_WRONG_MAY_PASS: Final = 0.01


def measure(data: Data, disputed: Disputed) -> Result:
    """Shares of paragraphs in which every sentence complies, per set and asked level."""

    def of(what: str, items: Callable[[], list[Item]], level: Level, to_beat: float | None, goal: float | None) -> Result:
        return attempt("documents", what, lambda: _passing(what, ended(items()), level, disputed, to_beat, goal))

    return joined(
        (
            of("React", lambda: document_paragraphs(data, "docs-ko-formal-react", "formal"), "formal", 0.934, 0.98),
            of("Toss", lambda: document_paragraphs(data, "docs-ko-haeyo-toss-ff", "polite"), "polite", 0.962, 0.98),
            of("Kubernetes", lambda: document_paragraphs(data, "docs-ko-plain-k8s", "plain"), "plain", 0.829, 0.95),
            of("CoCoA-ko polite side", lambda: [pair.polite for pair in data.cocoa()], "polite", 0.983, None),
            of("CoCoA-ko casual side", lambda: [pair.casual for pair in data.cocoa()], "casual", 0.980, None),
        )
    )


def ended(items: Sequence[Item]) -> list[Item]:
    """Those in which Kiwi sees a final ending."""
    return [item for item in items if any(level != "none" for _, level in ending_sentences(item.text))]


def _passing(what: str, items: Sequence[Item], right: Level, disputed: Disputed, to_beat: float | None, goal: float | None) -> Result:
    ours = [{asked: complies(item.text, asked) for asked in LEVELS} for item in items]
    peers = {"ending regex": [regex_segments(item.text) for item in items], "Kiwi": [ending_sentences(item.text) for item in items]}
    rows: list[Row] = []
    wrong: list[Wrong] = []
    for asked in sorted(LEVELS, key=lambda level: level != right):
        flags = [passing[asked] for passing in ours]
        other = asked in _OTHER_FAMILY[right]
        name = f"{what}: pass as {asked}" + (", the right level" if asked == right else ", the other family" if other else "")
        most = _WRONG_MAY_PASS if other and goal else None
        rows.append(
            Row(
                "documents",
                name,
                "share",
                len(items),
                share(flags),
                undisputed=undisputed_share(flags, items, disputed),
                peers={peer: share([_admitted(sentences, asked) for sentences in readings]) for peer, readings in peers.items()},
                to_beat=to_beat if asked == right else most,
                goal=goal if asked == right else most,
                at_most=other,
            )
        )
        if asked == right or other:
            wrong += [
                Wrong(name, item.set, item.line, "passes" if asked == right else "fails", "passes" if flag else "fails", item.text)
                for item, flag in zip(items, flags, strict=True)
                if flag != (asked == right)
            ]
    return Result(tuple(rows), tuple(wrong))


def _admitted(sentences: Sequence[tuple[str, SentenceLevel]], asked: Level) -> bool:
    return all(admits(asked, level, 1.0, sentence) for sentence, level in sentences)
