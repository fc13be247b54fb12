"""The downloads that are under way, stopped or failed: how far, how fast, how long, and what can be done with each.

Pure, like the cards. A download that an earlier run of the app left half done stands here too, to be gone on with. The rule: whatever ends a download
early says why and how to go on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from solar_chat.errors import SolarChatError
from solar_chat.models import Copy, DownloadProgress, Form, ModelSpec
from solar_chat.models.wording import Say, progress_line, size
from solar_chat.ui.boxes import act_button, asking_button
from solar_chat.ui.marks import Translate
from solar_chat.ui.markup import safe, with_links


@dataclass(frozen=True, slots=True)
class Row:
    """One form of one model on its way."""

    name: str
    spec: ModelSpec
    form: Form
    now: DownloadProgress

    @classmethod
    def left(cls, name: str, spec: ModelSpec, copy: Copy) -> Row:
        """What an earlier run of the app has left."""
        return cls(name, spec, copy.form, DownloadProgress("paused", copy.here_bytes, copy.total_bytes))


def form_name(spec: ModelSpec, form: Form | None) -> str:
    """What one form of a model is called by: with its kind where there is more than one."""
    return f"{spec.id}:{form.kind}" if form is not None and len(spec.forms) > 1 else spec.id


def rows_html(rows: Sequence[Row], tr: Translate, say: Say, describe: Callable[[SolarChatError], str]) -> str:
    """The section with its heading; nothing where nothing is on its way."""
    if not rows:
        return ""
    return f"<h2>{safe(tr('models_page.downloads'))}</h2>{''.join(_row(row, number, tr, say, describe) for number, row in enumerate(rows))}"


def _row(row: Row, number: int, tr: Translate, say: Say, describe: Callable[[SolarChatError], str]) -> str:
    now = row.now
    share = "" if now.state == "asking" and not now.total_bytes else f' value="{now.share:.3f}"'
    # Announced by nobody every second; the bar has the name for whoever asks.
    bar = f'<progress max="1"{share} aria-label="{safe(row.spec.name)}"></progress>'
    line = progress_line(now, say).strip()
    if now.state == "paused":
        line = f"{line} · {tr('models_page.paused')}"
    said = f'<p class="line">{safe(line)}</p>'
    if now.error is not None:
        said = f'<p class="bad">{with_links(describe(now.error))}</p>' + (said if now.done_bytes else "")
    title = f"<strong>{safe(row.spec.name)}</strong> <span>{safe(row.form.weights or row.form.kind)}</span>"
    return f'<div class="download {now.state}"><div class="what">{title}{bar}{said}</div><div class="acts">{_acts(row, number, tr)}</div></div>'


def _acts(row: Row, number: int, tr: Translate) -> str:
    now = row.now
    goes_on = "models_page.retry" if now.state == "failed" else "models_page.resume"
    first = act_button("pause", row.name, tr("models_page.pause")) if now.active else act_button("download", row.name, tr(goes_on))
    if not now.done_bytes:
        return first + act_button("cancel", row.name, tr("models_page.cancel"))
    loses = tr("models_page.cancel_loses", model=row.spec.name, size=size(now.done_bytes))
    end = act_button("cancel", row.name, tr("models_page.cancel_now"), primary=True)
    return first + asking_button(f"stop-{number}", tr("models_page.cancel"), [loses], end, tr("models_page.back"))
