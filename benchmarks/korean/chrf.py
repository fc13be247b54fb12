"""chrF: how much of a text's characters, in runs of 1 to 4, a reference has too (Popović 2015), with β = 1 and without white space.

Runs are counted over all lines together and precision and recall averaged over the run lengths, as sacrebleu's `CHRF(char_order=4, beta=1)` does;
fifteen lines, so that measuring needs nothing that the app does not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

LONGEST = 4


def chrf(pairs: Iterable[tuple[str, str]]) -> float:
    """Agreement of (text, reference) pairs, 0 to 1."""
    shared, written, wanted = ([0] * LONGEST for _ in range(3))
    for text, reference in pairs:
        for order in range(1, LONGEST + 1):
            ours, theirs = _runs(text, order), _runs(reference, order)
            shared[order - 1] += (ours & theirs).total()
            # A run longer than the reference could not have been right.
            written[order - 1] += ours.total() if theirs else 0
            wanted[order - 1] += theirs.total()
    orders = [order for order in range(LONGEST) if written[order] and wanted[order]]
    if not orders:
        return 0.0
    precision = sum(shared[order] / written[order] for order in orders) / len(orders)
    recall = sum(shared[order] / wanted[order] for order in orders) / len(orders)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _runs(text: str, order: int) -> Counter[str]:
    bare = "".join(text.split())
    return Counter(bare[start : start + order] for start in range(len(bare) - order + 1))
