"""The layers of a plan as a picture: one cell for each new layer, with the number of the source layer it copies, cut where the stack has a seam.

Pure: a plan in, HTML out. Cells wrap, so 96 layers are as readable on a phone as 12. The rule: what colour says, a number or a shape says too, and
the whole picture has words for whoever does not see it.
"""

from __future__ import annotations

from collections.abc import Iterator

from solar_chat.ui.marks import Translate
from solar_chat.ui.markup import safe
from solar_chat.upscale import DepthPlan, layer_runs, span

# A list of runs longer than this is no help to whoever has it read aloud.
_RUNS_IN_WORDS = 12

Band = list[int]
"""New layers between two seams."""


def picture_html(plan: DepthPlan, tr: Translate) -> str:
    """The picture with its legend."""
    bands = list(_bands(plan))
    drawn = [_band(plan, bands[0], tr)]
    for (below, above), band in zip(plan.seams, bands[1:], strict=True):
        words = tr("upscale.seam", below=below, above=above, distance=abs(below - above))
        drawn.append(f'<p class="seam"><span>{safe(words)}</span></p>{_band(plan, band, tr)}')
    return f'<div class="layers" role="img" aria-label="{safe(in_words(plan, tr))}">{"".join(drawn)}</div>{_legend(plan, tr)}'


def in_words(plan: DepthPlan, tr: Translate) -> str:
    """What the picture shows, as a sentence or a few."""
    runs = layer_runs(plan)
    quiet = " " + tr("upscale.zeroed")
    parts = [f"{span(a, b)} ← {span(c, d)}{quiet if zeroed else ''}" for a, b, c, d, zeroed in runs[:_RUNS_IN_WORDS]]
    more = " …" if len(runs) > _RUNS_IN_WORDS else ""
    seams = [tr("upscale.seam", below=below, above=above, distance=abs(below - above)) for below, above in plan.seams] or [tr("upscale.no_seam")]
    head = tr("upscale_page.picture", before=plan.source_layers, after=plan.layers)
    return f"{head} {tr('upscale.map')}: {', '.join(parts)}{more}. {'. '.join(seams)}."


def _bands(plan: DepthPlan) -> Iterator[Band]:
    """Cut before every working layer that does not follow the working layer below it."""
    band: Band = []
    before: int | None = None
    for new, old in enumerate(plan.sources):
        if new not in plan.zeroed:
            if before is not None and old != before + 1:
                yield band
                band = []
            before = old
        band.append(new)
    yield band


def _band(plan: DepthPlan, band: Band, tr: Translate) -> str:
    olds = [plan.sources[new] for new in band]
    words = tr("upscale_page.band", new=span(band[0], band[-1]), old=span(olds[0], olds[-1]))
    return f'<p class="band">{safe(words)}</p><div class="cells">{"".join(_cell(plan, new, tr) for new in band)}</div>'


def _cell(plan: DepthPlan, new: int, tr: Translate) -> str:
    old = plan.sources[new]
    zeroed = new in plan.zeroed
    kind = f"{_half(plan, old)}{' zeroed' if zeroed else ''}"
    title = tr("upscale_page.cell", new=new, old=old) + (f" {tr('upscale.zeroed')}" if zeroed else "")
    return f'<i class="{kind}" title="{safe(title)}">{old}</i>'


def _half(plan: DepthPlan, old: int) -> str:
    return "lower" if 2 * old < plan.source_layers else "upper"


def _legend(plan: DepthPlan, tr: Translate) -> str:
    middle, last = (plan.source_layers + 1) // 2, plan.source_layers - 1
    kinds = [
        ("lower", tr("upscale_page.lower", layers=span(0, middle - 1))),
        ("upper", tr("upscale_page.upper", layers=span(middle, last))),
        *([("lower zeroed", tr("upscale_page.zeroed"))] if plan.zeroed else []),
    ]
    drawn = "".join(f'<span><i class="{kind}"></i>{safe(words)}</span>' for kind, words in kinds)
    return f'<p class="legend">{drawn}</p>'
