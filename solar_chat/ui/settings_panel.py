"""The settings of the whole app, in a panel at the right: page, replies, model, and where the files are."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any, get_args

import gradio as gr

from solar_chat.assistant import Assistant
from solar_chat.models import CATALOG
from solar_chat.settings import GuardMode, LanguageChoice, Settings, Theme
from solar_chat.ui.marks import Translate

# A slider for everyday use; the settings file and its own limits allow more.
HOTTEST = 1.5
SHORTEST_REPLY, LONGEST_REPLY, REPLY_STEP = 64, 2048, 64


@dataclass(frozen=True, slots=True)
class SettingsRegion:
    panel: gr.Sidebar
    interface_language: gr.Radio
    theme: gr.Radio
    guard: gr.Radio
    temperature: gr.Slider
    max_reply_tokens: gr.Slider
    model: gr.Dropdown
    load: gr.Button
    places: gr.HTML

    def values(self, settings: Settings) -> dict[Any, Any]:
        """The controls as the settings are."""
        return {
            self.interface_language: settings.interface_language,
            self.theme: settings.theme,
            self.guard: settings.guard,
            self.temperature: min(settings.temperature, HOTTEST),
            self.max_reply_tokens: min(max(settings.max_reply_tokens, SHORTEST_REPLY), LONGEST_REPLY),
            self.model: settings.model,
        }

    @property
    def controls(self) -> list[Any]:
        """Everything that shows a setting."""
        return [self.interface_language, self.theme, self.guard, self.temperature, self.max_reply_tokens, self.model]


def build_settings(i18n: gr.I18n) -> SettingsRegion:
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
        temperature = gr.Slider(
            0, HOTTEST, step=0.1, label=i18n("settings.temperature"), info=i18n("settings.temperature_info"), elem_id="temperature", buttons=[]
        )
        max_reply_tokens = gr.Slider(
            SHORTEST_REPLY, LONGEST_REPLY, step=REPLY_STEP, label=i18n("settings.max_reply_tokens"), elem_id="max-reply-tokens", buttons=[]
        )
        model = gr.Dropdown(
            [(spec.name, spec.id) for spec in CATALOG],
            label=i18n("settings.model"),
            info=i18n("settings.model_info"),
            allow_custom_value=True,
            elem_id="model",
        )
        load = gr.Button(i18n("settings.load"), variant="primary", elem_id="load-model")
        places = gr.HTML(elem_id="places")
    return SettingsRegion(panel, interface_language, theme, guard, temperature, max_reply_tokens, model, load, places)


def places_html(assistant: Assistant, tr: Translate) -> str:
    """Where conversations, settings and models are kept."""
    home = assistant.home.as_dict()
    rows = "".join(
        f"<dt>{escape(tr(f'settings.place_{name}'))}</dt><dd><code>{escape(home[name])}</code></dd>" for name in ("history", "settings", "models")
    )
    return f"<h3>{escape(tr('settings.places'))}</h3><dl>{rows}</dl>".replace("{", "&#123;").replace("$", "&#36;")
