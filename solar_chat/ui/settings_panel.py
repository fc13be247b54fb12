"""The settings of the whole app, in a panel at the right: page, replies, model, and where the files are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import gradio as gr

from solar_chat.assistant import Assistant, LoadState
from solar_chat.settings import GuardMode, LanguageChoice, Settings, Theme
from solar_chat.ui.marks import Translate
from solar_chat.ui.markup import safe

# A slider for everyday use; the settings file and its own limits allow more.
HOTTEST = 1.5
SHORTEST_REPLY, LONGEST_REPLY, REPLY_STEP = 64, 2048, 64


@dataclass(frozen=True, slots=True)
class OwnSettings:
    """What only the owner of the machine is shown."""

    temperature: gr.Slider
    max_reply_tokens: gr.Slider
    model: gr.HTML
    """Which model answers."""
    to_models: gr.Button | None
    """The way to the Models view, where this page has one."""
    places: gr.HTML

    def values(self, settings: Settings) -> dict[Any, Any]:
        return {
            self.temperature: min(settings.temperature, HOTTEST),
            self.max_reply_tokens: min(max(settings.max_reply_tokens, SHORTEST_REPLY), LONGEST_REPLY),
        }


@dataclass(frozen=True, slots=True)
class SettingsRegion:
    panel: gr.Sidebar
    interface_language: gr.Radio
    theme: gr.Radio
    guard: gr.Radio
    own: OwnSettings | None
    leave: gr.Button | None
    """The end of a visit, on the visitors' page."""

    def values(self, settings: Settings) -> dict[Any, Any]:
        """The controls as the settings are."""
        common = {self.interface_language: settings.interface_language, self.theme: settings.theme, self.guard: settings.guard}
        return common if self.own is None else {**common, **self.own.values(settings)}

    @property
    def controls(self) -> list[Any]:
        """Everything that shows a setting."""
        own = [] if self.own is None else [self.own.temperature, self.own.max_reply_tokens]
        return [self.interface_language, self.theme, self.guard, *own]


def build_settings(i18n: gr.I18n, views: Sequence[str], *, visitors: bool, kept: bool = False) -> SettingsRegion:
    """`kept` is whether what visitors say outlives their visit."""
    with gr.Sidebar(position="right", open=False, width=340, elem_id="settings") as panel:
        gr.Markdown(i18n("settings.heading"), elem_classes="settings-heading")
        interface_language = gr.Radio(
            [(i18n(f"interface.{choice}"), choice) for choice in get_args(LanguageChoice)],
            label=i18n("settings.interface_language"),
            elem_id="interface-language",
            elem_classes="segmented",
        )
        theme = gr.Radio(
            [(i18n(f"theme.{choice}"), choice) for choice in get_args(Theme)], label=i18n("settings.theme"), elem_id="theme", elem_classes="segmented"
        )
        guard = gr.Radio(
            [(i18n(f"guard.{choice}"), choice) for choice in get_args(GuardMode)],
            label=i18n("settings.guard"),
            info=i18n("settings.guard_info"),
            elem_id="guard",
            elem_classes="segmented",
        )
        shortcuts = gr.Button(i18n("shortcuts.show"), size="sm", elem_id="show-shortcuts", min_width=0)
        shortcuts.click(None, js="() => window.solarShortcuts()", api_visibility="private")
        own = None if visitors else _build_own(i18n, views)
        leave = None
        if visitors:
            gr.Markdown(i18n("visit.about_kept" if kept else "visit.about"), elem_id="visit-about")
            leave = gr.Button(i18n("visit.leave"), size="sm", variant="stop", elem_id="leave-visit", min_width=0)
    return SettingsRegion(panel, interface_language, theme, guard, own, leave)


def _build_own(i18n: gr.I18n, views: Sequence[str]) -> OwnSettings:
    temperature = gr.Slider(
        0, HOTTEST, step=0.1, label=i18n("settings.temperature"), info=i18n("settings.temperature_info"), elem_id="temperature", buttons=[]
    )
    max_reply_tokens = gr.Slider(
        SHORTEST_REPLY, LONGEST_REPLY, step=REPLY_STEP, label=i18n("settings.max_reply_tokens"), elem_id="max-reply-tokens", buttons=[]
    )
    model = gr.HTML(elem_id="model-in-use", apply_default_css=False)
    to_models = gr.Button(i18n("settings.to_models"), size="sm", elem_id="to-models", min_width=0) if "models" in views else None
    return OwnSettings(temperature, max_reply_tokens, model, to_models, gr.HTML(elem_id="places"))


def places_html(assistant: Assistant, tr: Translate) -> str:
    """Where conversations, settings and models are kept."""
    home = assistant.home.as_dict()
    rows = "".join(
        f"<dt>{safe(tr(f'settings.place_{name}'))}</dt><dd><code>{safe(home[name])}</code></dd>" for name in ("history", "settings", "models")
    )
    return f"<h3>{safe(tr('settings.places'))}</h3><dl>{rows}</dl>"


def model_html(state: LoadState, tr: Translate) -> str:
    """Which model answers, or is about to."""
    return f"<h3>{safe(tr('settings.model'))}</h3><p>{safe(state.model)}</p>"
