"""What a person does in the Up-scaling view: choose a source, shape the stack, look at it, build, prove, measure and export it, talk to it.

Handlers only. The build runs in the assistant, so leaving the view or the tab stops nothing and two tabs show the same. The rule: the picture is
drawn from the plan that would be built, and what is wrong is said next to the field it is about, before anything is written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from solar_chat.errors import InputError, ModelError, SolarChatError
from solar_chat.models import STARTER, free_disk
from solar_chat.paths import typed_path
from solar_chat.ui.boxes import JS_ANSWERED
from solar_chat.ui.events import LAST, QUIET
from solar_chat.ui.markup import safe
from solar_chat.ui.models_page import problem_html
from solar_chat.ui.preferences import Preferences
from solar_chat.ui.screen import Screen, Tab, Updates
from solar_chat.ui.turns import warn
from solar_chat.ui.upscale_facts import facts_html, job_html
from solar_chat.ui.upscale_picture import picture_html
from solar_chat.ui.upscale_view import UpscaleRegion
from solar_chat.ui.views import Navigation
from solar_chat.upscale import DepthPlan, check_room, check_target, split
from solar_chat.workshop.building import Order
from solar_chat.workshop.preview import Preview, preview, read_slices
from solar_chat.workshop.source import Source, open_source
from solar_chat.workshop.upscaling import choose_plan

# Of a name that is too long for a disk, and for a sentence.
_SHOWN = 60

Opened = tuple[str, Source | None] | None


@dataclass(frozen=True, slots=True)
class Wish:
    """What stands in the fields."""

    source: str
    method: str
    drop: int
    slices: str
    name: str

    @classmethod
    def of(cls, source: str | None, method: str | None, drop: float | None, slices: str | None, name: str | None) -> Wish:
        return cls((source or "").strip(), method or "dus", int(drop or 0), (slices or "").strip(), (name or "").strip())

    def plan(self, layers: int) -> DepthPlan:
        """Slices beat m. Raises InputError as `read_slices` and `choose_plan` do."""
        return choose_plan(layers, self.drop, read_slices(self.slices) if self.slices else None, self.method)


@dataclass(frozen=True, slots=True, eq=False)
class Upscale:
    """The handlers of one page. Each gets what stands in the fields, the source as it was opened last, and the tab."""

    screen: Screen
    region: UpscaleRegion
    preferences: Preferences

    def draw(self, *args: Any) -> Updates:
        """Everything as it is now; the model in the box where nothing was chosen yet."""
        wish, opened, tab = _read(args)
        here = self.screen.assistant.library.with_layers()
        if opened is None or not wish.source:
            chosen = wish.source or (STARTER.id if STARTER.id in here or not here else here[0])
            drawn = self._choose(Wish(chosen, wish.method, wish.drop, "", wish.name), tab)
            drawn[self.region.source] = gr.update(choices=list(here), value=chosen)
        else:
            drawn = self._plan(wish, opened, tab)
            drawn[self.region.source] = gr.update(choices=list(here))
        return {**drawn, **self._job(tab)}

    def choose(self, *args: Any) -> Updates:
        """Another source: its layers set how far m goes, and a quarter of them is where it stands."""
        wish, opened, tab = _read(args)
        if opened is not None and opened[0] == wish.source and opened[1] is not None:
            return self._plan(wish, opened, tab)
        return self._choose(wish, tab)

    def shape(self, *args: Any) -> Updates:
        """Method, name or finished slices."""
        return self._plan(*_read(args))

    def drag(self, *args: Any) -> Updates:
        """m, which puts typed slices away."""
        wish, opened, tab = _read(args)
        return {**self._plan(Wish(wish.source, wish.method, wish.drop, "", wish.name), opened, tab), self.region.slices: ""}

    def type(self, *args: Any) -> Updates:
        """Slices that are being typed: drawn as soon as they mean something, complained about only when they are finished (`shape`)."""
        wish, opened, tab = _read(args)
        try:
            wish.plan(_source(opened).checkpoint.layers)
        except InputError:
            return {self.region.plan_problem: ""}
        return self._plan(wish, opened, tab)

    def build(self, *args: Any) -> Updates:
        wish, opened, tab = _read(args)
        try:
            source = _source(opened)
            plan = wish.plan(source.checkpoint.layers)
            self.screen.assistant.builds.start(source, Order(wish.source, plan, self._place(wish, plan), tab.lang))
        except SolarChatError as error:
            return {**self._plan(wish, opened, tab), self.region.place: problem_html(self.screen, tab, error), **self._job(tab)}
        return {**self._plan(wish, opened, tab), **self._job(tab)}

    def act(
        self,
        source: str | None,
        method: str | None,
        drop: float | None,
        slices: str | None,
        name: str | None,
        opened: Opened,
        tab: Tab,
        text: str | None,
        event: gr.EventData,
    ) -> Updates:
        """What one of the buttons beside the build says."""
        wish = Wish.of(source, method, drop, slices, name)
        builds = self.screen.assistant.builds
        acts: dict[str, Callable[[], None]] = {
            "cancel": builds.cancel,
            "verify": builds.verify,
            "measure": lambda: builds.measure((text or "").strip() or None),
            "export": lambda: builds.export(event.model),
            "dismiss": builds.forget,
            "chat": self._chat,
        }
        try:
            acts[event.act]()
        except SolarChatError as error:
            warn(self.screen, tab, error)
        return {**self._plan(wish, opened, tab), **self._job(tab), **self.preferences.poll(tab)}

    def tick(self, *args: Any) -> Updates:
        """The bar; the plan too once it has come to rest, because the disk and the name have changed."""
        wish, opened, tab = _read(args)
        if self.screen.assistant.builds.state.active:
            return self._job(tab)
        return {**self._plan(wish, opened, tab), **self._job(tab)}

    def _chat(self) -> None:
        assistant = self.screen.assistant
        now = assistant.builds.state
        if now.order is None or not now.whole:
            return
        model = assistant.library.add(str(now.order.out)).id
        assistant.settings.update(model=model)
        assistant.start_loading(model)

    def _choose(self, wish: Wish, tab: Tab) -> Updates:
        region = self.region
        try:
            source = open_source(wish.source, self.screen.assistant.home, weights=False)
            split(source.checkpoint)
            layers = source.checkpoint.layers
            most = max(1, (layers - 1) // 2)
            drop = max(1, min(layers // 4, most))
            # Too shallow for any plan: said of the source, not of m.
            choose_plan(layers, drop, None, "dus")
        except (SolarChatError, OSError, ValueError) as failed:
            # The latter two: a name that no file system takes.
            error = failed if isinstance(failed, SolarChatError) else ModelError("model_folder_missing", path=wish.source[:_SHOWN])
            nothing = {region.picture: "", region.facts: "", region.place: "", region.plan_problem: "", region.build: gr.update(interactive=False)}
            problem = problem_html(self.screen, tab, error) if wish.source else ""
            return {region.opened: (wish.source, None), region.source_problem: problem, **nothing}
        opened = (wish.source, source)
        return {
            **self._plan(Wish(wish.source, wish.method, drop, "", wish.name), opened, tab),
            region.opened: opened,
            region.source_problem: "",
            region.slices: "",
            region.drop: gr.update(minimum=1, maximum=most, value=drop),
        }

    def _plan(self, wish: Wish, opened: Opened, tab: Tab) -> Updates:
        """The picture and the figures, or what is wrong with the plan."""
        region, tr = self.region, self.screen.tr(tab)
        if opened is None or opened[1] is None:
            return {region.build: gr.update(interactive=False)}
        source = opened[1]
        try:
            seen = preview(source, wish.plan(source.checkpoint.layers))
            out = self._place(wish, seen.plan)
        except SolarChatError as error:
            blank = {region.picture: "", region.facts: "", region.place: "", region.build: gr.update(interactive=False)}
            return {region.plan_problem: problem_html(self.screen, tab, error), **blank}
        problem = self._wrong_place(source, seen, out)
        fine = f'<p class="line">{safe(tr("upscale_page.place", path=out))}</p>'
        return {
            region.plan_problem: "",
            region.picture: picture_html(seen.plan, tr),
            region.facts: facts_html(seen, free_disk(self.screen.assistant.home.built if problem is not None else out.parent), tr),
            region.name: gr.update(placeholder=self._usual(wish, seen.plan)),
            region.place: fine if problem is None else problem_html(self.screen, tab, problem),
            region.build: gr.update(interactive=problem is None and not self.screen.assistant.builds.state.active),
        }

    def _wrong_place(self, source: Source, seen: Preview, out: Path) -> SolarChatError | None:
        if self.screen.assistant.builds.state.active:
            # What is there is on its way.
            return None
        if seen.download_bytes:
            return InputError("upscale_not_here", model=source.name)
        try:
            check_target(source.checkpoint, out)
            check_room(out, seen.bytes)
        except InputError as error:
            return error
        except (OSError, ValueError) as error:
            # A name that no file system takes.
            return InputError("upscale_write_failed", path=out.name[:_SHOWN], reason=getattr(error, "strerror", None) or str(error))
        return None

    def _place(self, wish: Wish, plan: DepthPlan) -> Path:
        """A bare name lies with the app's own models, a path where it says."""
        named = typed_path(wish.name) if wish.name.startswith("~") else Path(wish.name)
        return (self.screen.assistant.home.built / (named if named.name else self._usual(wish, plan))).absolute()

    def _usual(self, wish: Wish, plan: DepthPlan) -> str:
        """A name for the result that is free."""
        stem = Path(wish.source.split(",")[0]).name.removesuffix(".safetensors") or "model"
        name = f"{stem}-{plan.layers}" if plan.method != "identity" else f"{stem}-{plan.layers}-identity"
        built, number = self.screen.assistant.home.built, 1
        usual = name
        now = self.screen.assistant.builds.state
        while (built / usual).exists() and not (now.active and now.order is not None and now.order.out == built / usual):
            number += 1
            usual = f"{name}-{number}"
        return usual

    def _job(self, tab: Tab) -> Updates:
        region, catalogue, now = self.region, self.screen.assistant.catalogue, self.screen.assistant.builds.state
        return {
            region.job: job_html(now, catalogue, tab.lang),
            region.text_pane: gr.update(visible=now.whole and not now.active),
            region.poll: gr.Timer(active=now.active),
        }


def _read(args: Any) -> tuple[Wish, Opened, Tab]:
    *fields, opened, tab = args
    return Wish.of(*fields), opened, tab


def _source(opened: Opened) -> Source:
    """Raises InputError `upscale_no_source`."""
    if opened is None or opened[1] is None:
        raise InputError("upscale_no_source")
    return opened[1]


def wire_upscale(handlers: Upscale, navigation: Navigation) -> None:
    screen, region = handlers.screen, handlers.region
    given, drawn = [*region.fields, screen.tab], region.drawn
    navigation.when_opened("upscale", region.column, handlers.draw, given, drawn)
    for chosen in (region.source.input, region.source.blur):
        chosen(handlers.choose, given, drawn, **QUIET)
    region.method.input(handlers.shape, given, drawn, **LAST)
    region.drop.input(handlers.drag, given, drawn, **LAST)
    # Not `input`, which is silent where text is pasted or a syllable composed.
    region.slices.change(handlers.type, given, drawn, **LAST)
    for finished in (region.slices.blur, region.slices.submit):
        finished(handlers.shape, given, drawn, **QUIET)
    region.name.change(handlers.shape, given, drawn, **LAST)
    for go in (region.build.click, region.name.submit):
        go(handlers.build, given, drawn, **QUIET)
    acted = region.job.act(handlers.act, [*given, region.text], [*drawn, *handlers.preferences.followed], **QUIET)
    acted.then(None, js=JS_ANSWERED, api_visibility="private")
    region.poll.tick(handlers.tick, given, drawn, **QUIET)
    region.refresh.click(handlers.tick, given, drawn, **QUIET)
