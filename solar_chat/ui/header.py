"""The line above the chat: which conversation this is, the state of the model, its name and removal, the way to the settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import gradio as gr

from solar_chat.assistant import LoadState
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.ui.markup import safe
from solar_chat.ui.views import CHAT, build_headings, of_view

# While a model loads the page looks this often; when it is ready or has failed, not at all.
POLL_S = 0.7

_TOGGLE_SETTINGS = "() => document.querySelector('#settings .toggle-button')?.click()"


@dataclass(frozen=True, slots=True)
class HeaderRegion:
    title: gr.HTML
    status: gr.HTML
    poll: gr.Timer
    manage: gr.Row
    export: gr.Button
    exported: gr.Textbox
    """The text on its way to the browser, which saves it; never seen."""
    rename: gr.Button
    delete: gr.Button
    rename_row: gr.Row
    new_title: gr.Textbox


def build_header(i18n: gr.I18n, views: Sequence[str]) -> HeaderRegion:
    with gr.Row(elem_id="header"):
        with gr.Column(elem_id="heading", min_width=0, scale=1):
            title = gr.HTML(elem_id="title", elem_classes=of_view(CHAT))
            build_headings(i18n, views)
            status = gr.HTML(elem_id="status")
        with gr.Row(elem_id="manage", elem_classes=of_view(CHAT), visible=False) as manage:
            export = gr.Button(i18n("header.export"), size="sm", variant="secondary", elem_id="export", min_width=0)
            rename = gr.Button(i18n("header.rename"), size="sm", variant="secondary", elem_id="rename", min_width=0)
            delete = gr.Button(i18n("header.delete"), size="sm", variant="secondary", elem_id="delete", min_width=0)
        settings = gr.Button(i18n("settings.title"), size="sm", variant="secondary", elem_id="open-settings", min_width=0)
    with gr.Row(elem_id="rename-row", elem_classes=of_view(CHAT), visible=False) as rename_row:
        new_title = gr.Textbox(
            label=i18n("header.new_title"), placeholder=i18n("header.new_title"), show_label=False, max_lines=1, elem_id="new-title", submit_btn=True
        )
    settings.click(None, js=_TOGGLE_SETTINGS, api_visibility="private")
    exported = gr.Textbox(visible=False, elem_id="exported")
    return HeaderRegion(title, status, gr.Timer(POLL_S), manage, export, exported, rename, delete, rename_row, new_title)


def title_html(title: str) -> str:
    return f'<h1 title="{safe(title)}">{safe(title)}</h1>'


def status_html(state: LoadState, catalogue: Catalogue, lang: InterfaceLanguage) -> str:
    """One line about the model, announced by screen readers when it changes."""
    match state.stage:
        case "ready":
            kind, text = "ready", catalogue.tr(lang, "status.ready", model=state.model, device=device_name(state, catalogue, lang))
            if state.server is not None:
                kind, text = "ready leaves", catalogue.tr(lang, "status.remote", model=state.model, server=state.server)
            if state.notice is not None:
                text = catalogue.tr(lang, "status.notice", now=text, notice=catalogue.describe(state.notice, lang))
            if state.error is not None:
                kind = "failed"
                text = catalogue.tr(lang, "status.fallback", reason=catalogue.describe(state.error, lang), now=text)
        case "failed":
            kind = "failed"
            text = catalogue.describe(state.error, lang) if state.error else catalogue.tr(lang, "status.failed", model=state.model)
        case stage:
            kind, text = "busy", catalogue.tr(lang, f"status.{stage}", model=state.model)
            if state.share:
                text += f" {state.share:.0%}"
    return f'<div role="status" aria-live="polite" class="status {kind}" title="{safe(text)}">{safe(text)}</div>'


def device_name(state: LoadState, catalogue: Catalogue, lang: InterfaceLanguage) -> str:
    """Where the model runs, for people."""
    known = {"cuda", "mps", "cpu", "remote"}
    return catalogue.tr(lang, f"device.{state.device}") if state.device in known else state.device or ""


def still_loading(state: LoadState) -> bool:
    """Whether the status will change by itself."""
    return state.stage not in ("ready", "failed")


def is_loading(state: LoadState) -> bool:
    """Whether a model is on its way into memory."""
    return still_loading(state) and state.stage != "idle"
