"""What a person does in the Models view: look, get, stop, go on, use, remove, add.

Handlers only; every one ends in drawing what the assistant now says. Downloads and loads run in the assistant, so leaving the view or the tab stops
neither, and two tabs show the same. The rule: an error is said where the person is looking, and nothing is asked again while nothing moves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from solar_chat.errors import SolarChatError
from solar_chat.hardware import Hardware
from solar_chat.models import Listed, free_disk
from solar_chat.models.wording import size, speaker
from solar_chat.ui.boxes import JS_ANSWERED
from solar_chat.ui.download_rows import Row, form_name, rows_html
from solar_chat.ui.events import QUIET
from solar_chat.ui.header import is_loading
from solar_chat.ui.markup import safe, with_links
from solar_chat.ui.model_cards import Shown, cards_html
from solar_chat.ui.models_view import ModelsRegion
from solar_chat.ui.preferences import Preferences
from solar_chat.ui.screen import Screen, Tab, Updates
from solar_chat.ui.turns import warn
from solar_chat.ui.views import Navigation

# A download that is paused has written its last bytes within this time, or the disk hangs.
_SETTLE_S = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Models:
    """The handlers of one page."""

    screen: Screen
    region: ModelsRegion
    preferences: Preferences

    def draw(self, tab: Tab) -> Updates:
        """Everything, as it is now."""
        assistant, region = self.screen.assistant, self.region
        tr, say, describe = self.screen.tr(tab), speaker(assistant.catalogue, tab.lang), partial(assistant.catalogue.describe, lang=tab.lang)
        before = self._signature(tab)
        # Asked before the rows are drawn: what ends in between is drawn once more.
        moving = self._moving()
        listed = assistant.library.listed()
        rows = self._rows(listed)
        running = frozenset(row.name for row in rows if row.now.active)
        shown = Shown(tr, say, describe, assistant.load_state(), assistant.model_in_use(), running)
        return {
            region.looking: gr.update(visible=False),
            region.machine: machine_html(assistant.library.hardware(), free_disk(assistant.home.models), shown),
            region.models: cards_html(listed, shown),
            region.downloads: rows_html(rows, tr, say, describe),
            region.poll: gr.Timer(active=moving),
            region.seen: before,
        }

    def tick(self, tab: Tab, seen: object) -> Updates:
        """The bars; the cards only where something else has changed too."""
        if self._signature(tab) != seen:
            return {**self.draw(tab), **self.preferences.poll(tab)}
        assistant, region = self.screen.assistant, self.region
        moving = self._moving()
        rows = rows_html(
            self._rows(()), self.screen.tr(tab), speaker(assistant.catalogue, tab.lang), partial(assistant.catalogue.describe, lang=tab.lang)
        )
        return {region.downloads: rows, region.poll: gr.Timer(active=moving)}

    def act(self, tab: Tab, event: gr.EventData) -> Updates:
        """What one of the buttons in the cards and rows says."""
        acts: dict[str, Callable[[str, Tab], None]] = {
            "download": self._download,
            "pause": self._pause,
            "cancel": self._cancel,
            "remove": self._remove,
            "use": self._use,
            "forget": self._forget,
            "full": self._drop_full,
        }
        try:
            acts[event.act](event.model, tab)
        except SolarChatError as error:
            warn(self.screen, tab, error)
        return {**self.draw(tab), **self.preferences.poll(tab)}

    def add(self, name: str, tab: Tab) -> Updates:
        """Put a model on the list; what is wrong with its name is said beside the field."""
        region = self.region
        if not name.strip():
            return {region.problem: ""}
        try:
            spec = self.screen.assistant.library.add(name.strip())
        except SolarChatError as error:
            return {region.problem: problem_html(self.screen, tab, error)}
        said = safe(self.screen.tr(tab)("models_page.added", model=spec.name))
        return {**self.draw(tab), region.name: "", region.problem: f'<p class="good" role="status">{said}</p>'}

    def _download(self, name: str, tab: Tab) -> None:
        self.screen.assistant.start_download(name)

    def _pause(self, name: str, tab: Tab) -> None:
        if (run := self.screen.assistant.download(name)) is not None:
            run.pause()
            run.wait(_SETTLE_S)

    def _cancel(self, name: str, tab: Tab) -> None:
        run = self.screen.assistant.download(name)
        if run is None:
            # Left by an earlier run of the app.
            self._remove(name, tab)
            return
        run.cancel()
        run.wait(_SETTLE_S)

    def _remove(self, name: str, tab: Tab) -> None:
        freed = self.screen.assistant.remove_model(name)
        gr.Info(safe(self.screen.tr(tab)("models.removed", size=size(freed))), title="")

    def _drop_full(self, name: str, tab: Tab) -> None:
        freed = self.screen.assistant.drop_full_weights(name)
        gr.Info(safe(self.screen.tr(tab)("models.removed", size=size(freed))), title="")

    def _use(self, name: str, tab: Tab) -> None:
        assistant = self.screen.assistant
        assistant.settings.update(model=name)
        assistant.start_loading(name)

    def _forget(self, name: str, tab: Tab) -> None:
        self.screen.assistant.library.forget(name)

    def _rows(self, listed: tuple[Listed, ...]) -> list[Row]:
        """What is on its way, then what `listed` knows to have been left half done."""
        runs = [run for run in self.screen.assistant.downloads() if run.progress.state != "done"]
        rows = {form_name(run.spec, run.form): Row(form_name(run.spec, run.form), run.spec, run.form, run.progress) for run in runs}
        for each in listed:
            for copy in each.copies if each.spec is not None else ():
                if each.spec is not None and not copy.whole and (name := form_name(each.spec, copy.form)) not in rows:
                    rows[name] = Row.left(name, each.spec, copy)
        return list(rows.values())

    def _moving(self) -> bool:
        assistant = self.screen.assistant
        return any(run.progress.active for run in assistant.downloads()) or is_loading(assistant.load_state())

    def _signature(self, tab: Tab) -> str:
        """Of what the cards show. A string: it is compared with what another process of the server might have kept."""
        assistant = self.screen.assistant
        state, used = assistant.load_state(), assistant.model_in_use()
        runs = [(form_name(run.spec, run.form), run.progress.state, run.progress.done_bytes > 0) for run in assistant.downloads()]
        return repr((tab.lang, state.stage, state.model, used and (used.id, used.form), runs))


def machine_html(hardware: Hardware, disk_free_bytes: int, shown: Shown) -> str:
    """One line about this computer, and what keeps models slow on it, with the remedy."""
    tr = shown.tr
    line = tr(
        "models_page.machine",
        device=hardware.device_name,
        free=size(hardware.device_free_bytes),
        total=size(hardware.device_total_bytes),
        disk=size(disk_free_bytes),
    )
    reasons = [hardware.reason] if hardware.reason.key not in ("cuda", "mps", "cpu_only") else []
    traps = "".join(f'<p class="trap">{with_links(tr(f"hardware.{reason.key}", **reason.params))}</p>' for reason in (*reasons, *hardware.traps))
    return f"<p>{safe(line)}</p>{traps}"


def problem_html(screen: Screen, tab: Tab, error: SolarChatError) -> str:
    """What went wrong, next to a field."""
    return f'<p class="bad" role="alert">{with_links(screen.assistant.catalogue.describe(error, tab.lang))}</p>'


def wire_models(handlers: Models, navigation: Navigation) -> Any:
    """Returns the event after which the view is in sight."""
    screen, region, preferences = handlers.screen, handlers.region, handlers.preferences
    tab, drawn = screen.tab, region.drawn
    followed = [*drawn, *preferences.followed]
    opened = navigation.when_opened("models", region.column, handlers.draw, [tab], drawn)
    for where in (region.models, region.downloads):
        where.act(handlers.act, tab, followed, **QUIET).then(None, js=JS_ANSWERED, api_visibility="private")
    region.poll.tick(handlers.tick, [tab, region.seen], followed, **QUIET)
    region.refresh.click(handlers.tick, [tab, region.seen], followed, **QUIET)
    for trigger in (region.add.click, region.name.submit):
        trigger(handlers.add, [region.name, tab], [*drawn, region.name, region.problem], **QUIET)
    return opened
