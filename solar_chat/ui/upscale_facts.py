"""What stands under the picture: sizes and warnings of a plan, and how far the build or the proof is.

Pure, like the cards of the Models view. The rule: before and after stand side by side, and no plan is shown without what it is worth untrained.
"""

from __future__ import annotations

from collections.abc import Callable

from solar_chat.assistant.building import BuildState
from solar_chat.assistant.upscale_preview import Preview, plan_notes
from solar_chat.errors import SolarChatError
from solar_chat.models.wording import size
from solar_chat.ui.boxes import act_button
from solar_chat.ui.marks import Translate
from solar_chat.ui.markup import safe, with_links


def facts_html(seen: Preview, disk_free_bytes: int, tr: Translate) -> str:
    """Layers, parameters, bytes, disk, seam; then the warnings, the plain sentence about its worth last."""
    plan = seen.plan
    rows = [
        ("layers", f"{plan.source_layers} → {plan.layers}"),
        ("parameters", f"{seen.source_parameters:,} → {seen.parameters:,}"),
        ("bytes", f"{size(seen.source_bytes)} → {size(seen.bytes)}"),
        ("disk", tr("upscale_page.disk_of", needed=size(seen.bytes), free=size(disk_free_bytes))),
        ("seam", str(plan.seam_distance) if plan.seams else tr("upscale_page.no_seam")),
    ]
    if seen.download_bytes:
        rows.append(("download", size(seen.download_bytes)))
    drawn = "".join(f"<div><dt>{safe(tr(f'upscale_page.fact_{name}'))}</dt><dd>{safe(value)}</dd></div>" for name, value in rows)
    *careful, worth = plan_notes(plan)
    said = "".join(f'<p class="trap">{safe(tr(f"upscale.note_{note}", layers=", ".join(map(str, plan.left_out))))}</p>' for note in careful)
    return f'<dl class="figures">{drawn}</dl>{said}<p class="worth">{safe(tr(f"upscale.note_{worth}"))}</p>'


def job_html(now: BuildState, tr: Translate, describe: Callable[[SolarChatError], str]) -> str:
    """What is going on or went on last, and what can be done about it; nothing before the first build."""
    if now.order is None:
        return ""
    title = f"<strong>{safe(now.order.out.name)}</strong>"
    body = _moving(now, tr) if now.active else _rested(now, tr, describe)
    return f'<div class="download {now.stage}"><div class="what">{title}{body}</div><div class="acts">{_acts(now, tr)}</div></div>'


def _moving(now: BuildState, tr: Translate) -> str:
    words = tr(f"upscale_page.{now.stage}")
    counts = f"{now.share:.0%}"
    if now.total_bytes:
        counts += f" · {size(now.done_bytes)} / {size(now.total_bytes)} · {size(round(now.bytes_per_second))}/s"
    bar = f'<progress max="1" value="{now.share:.3f}" aria-label="{safe(words)}"></progress>'
    return f'{bar}<p class="line">{safe(words)} {safe(counts)}</p>'


def _rested(now: BuildState, tr: Translate, describe: Callable[[SolarChatError], str]) -> str:
    if now.error is not None:
        return f'<p class="bad" role="alert">{with_links(describe(now.error))}</p>'
    if now.stage == "cancelled":
        return f'<p class="line" role="status">{safe(tr("upscale.interrupted"))}</p>'
    said = [tr("upscale.built", path=now.order.out if now.order else "")]
    if now.proof is not None:
        proof = now.proof
        shown = {"tensors": f"{proof.tensors:,}", "bytes": f"{proof.compared_bytes:,}", "parameters": f"{proof.parameters:,}"}
        said.append(tr("upscale.verified", source=now.source_name, **shown))
        said += [tr("upscale.verified_zeros", count=f"{proof.zeroed:,}")] if proof.zeroed else []
    return f'<div class="good" role="status">{"".join(f"<p>{safe(sentence)}</p>" for sentence in said)}</div>'


def _acts(now: BuildState, tr: Translate) -> str:
    def button(do: str, *, primary: bool = False) -> str:
        return act_button(do, "", tr(f"upscale_page.{do}"), primary=primary)

    if now.active:
        return button("cancel")
    if not now.whole:
        return button("dismiss")
    if now.stage == "verified":
        return button("dismiss") + button("chat", primary=True)
    return button("dismiss") + button("chat") + button("verify", primary=True)
