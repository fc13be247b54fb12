"""What stands under the picture: sizes and warnings of a plan, how far the work on a result is, and what is known of it.

Pure, like the cards of the Models view. The rule: before and after stand side by side, and no plan is shown without what it is worth untrained.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator

from solar_chat.errors import SolarChatError
from solar_chat.export import WEIGHTS
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.models.wording import size
from solar_chat.ui.boxes import act_button, asking_button
from solar_chat.ui.marks import Translate
from solar_chat.ui.markup import safe, with_links
from solar_chat.workshop import exporting, measurement
from solar_chat.workshop.building import BuildState, Measurement
from solar_chat.workshop.preview import Preview, plan_notes


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


def job_html(now: BuildState, catalogue: Catalogue, lang: InterfaceLanguage) -> str:
    """What is going on or went on last, what is known of the result, and what can be done with it; nothing before the first build."""
    if now.order is None:
        return ""

    def tr(key: str, /, **params: object) -> str:
        return catalogue.tr(lang, key, **params)

    title = f"<strong>{safe(now.order.out.name)}</strong>"
    body = _moving(now, tr) if now.active else _rested(now, tr, lambda error: catalogue.describe(error, lang))
    known = _known(now, catalogue, lang) if now.whole and not now.active else ""
    return f'<div class="download {now.stage}"><div class="what">{title}{body}{known}</div><div class="acts">{_acts(now, tr)}</div></div>'


def _moving(now: BuildState, tr: Translate) -> str:
    words, counts = tr(f"upscale_page.{now.stage}"), f"{now.share:.0%}"
    if now.reading is not None:
        stage, model = now.reading
        words, counts = tr(f"measure.{stage}_progress", model=model, share=f"{now.share:.0%}"), ""
    if now.total_bytes:
        counts += f" · {size(now.done_bytes)} / {size(now.total_bytes)} · {size(round(now.bytes_per_second))}/s"
    bar = f'<progress max="1" value="{now.share:.3f}" aria-label="{safe(words)}"></progress>'
    return f'{bar}<p class="line">{safe(f"{words} {counts}".strip())}</p>'


def _rested(now: BuildState, tr: Translate, describe: Callable[[SolarChatError], str]) -> str:
    if now.error is not None:
        return f'<p class="bad" role="alert">{with_links(describe(now.error))}</p>'
    if now.stage == "cancelled":
        return f'<p class="line" role="status">{safe(tr("upscale.interrupted"))}</p>'
    return ""


def _known(now: BuildState, catalogue: Catalogue, lang: InterfaceLanguage) -> str:
    """All that was found out so far, newest last; it stays when something else is begun or fails."""
    out = now.order.out if now.order else None
    good = [catalogue.tr(lang, "upscale.built", path=out)]
    if now.proof is not None:
        proof = now.proof
        shown = {"tensors": f"{proof.tensors:,}", "bytes": f"{proof.compared_bytes:,}", "parameters": f"{proof.parameters:,}"}
        good.append(catalogue.tr(lang, "upscale.verified", source=now.source_name, **shown))
        good += [catalogue.tr(lang, "upscale.verified_zeros", count=f"{proof.zeroed:,}")] if proof.zeroed else []
    drawn = f'<div class="good" role="status">{"".join(f"<p>{safe(sentence)}</p>" for sentence in good)}</div>'
    if now.measurement is not None and out is not None:
        drawn += _measured(now.measurement, out.name, catalogue, lang)
    if now.export is not None:
        drawn += "".join(f'<p class="line">{safe(line)}</p>' for line in exporting.report(*now.export, catalogue, lang))
    return drawn


def _measured(found: Measurement, name: str, catalogue: Catalogue, lang: InterfaceLanguage) -> str:
    *figures, meaning = measurement.report(found.measured, found.source, name, catalogue, lang)
    # Drawn anew, in the tab's own language.
    png = base64.b64encode(measurement.picture(found.measured.comparison, found.source, name, catalogue, lang)).decode()
    picture = f'<img class="chart" width="1600" height="900" alt="{safe(" ".join(figures[1:]))}" src="data:image/png;base64,{png}">'
    return f'<p class="worth">{safe(meaning)}</p>{picture}' + "".join(f'<p class="line">{safe(line)}</p>' for line in figures)


def _acts(now: BuildState, tr: Translate) -> str:
    return "".join(_buttons(now, tr))


def _buttons(now: BuildState, tr: Translate) -> Iterator[str]:
    """What can be done; what is most likely wanted next stands last and is filled."""

    def button(do: str, *, primary: bool = False) -> str:
        return act_button(do, "", tr(f"upscale_page.{do}"), primary=primary)

    if now.active:
        yield button("cancel")
        return
    yield button("dismiss")
    if not now.whole:
        return
    kinds = "".join(act_button("export", weights, tr(f"upscale_page.export_{weights}"), primary=weights == "f16") for weights in WEIGHTS)
    yield asking_button("export-kinds", tr("upscale_page.export"), [tr("upscale_page.export_what")], kinds, tr("models_page.back"))
    yield button("measure")
    if now.proof is None:
        yield button("chat")
        yield button("verify", primary=True)
    else:
        yield button("chat", primary=True)
