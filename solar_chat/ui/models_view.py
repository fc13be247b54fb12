"""The components of the Models view, from top to bottom; what happens in them is in `models_page` and `server_form`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from solar_chat.ui.boxes import JS_BUTTONS

# Often enough for a bar that moves; only while something moves.
POLL_S = 1.0


@dataclass(frozen=True, slots=True)
class ServerRegion:
    """A model that answers on a server."""

    kind: gr.Radio
    fields: gr.Column
    """In sight once a kind is chosen: a keychain is not opened for somebody who only looks around."""
    address: gr.Textbox
    facts: gr.HTML
    model: gr.Dropdown
    list_models: gr.Button
    key_row: gr.Row
    key: gr.Textbox
    save_key: gr.Button
    forget_key: gr.Button
    use: gr.Button
    problem: gr.HTML


@dataclass(frozen=True, slots=True)
class ModelsRegion:
    column: gr.Column
    looking: gr.Markdown
    machine: gr.HTML
    downloads: gr.HTML
    models: gr.HTML
    name: gr.Textbox
    add: gr.Button
    problem: gr.HTML
    server: ServerRegion
    poll: gr.Timer
    refresh: gr.Button
    """Out of sight: the page's script clicks it when the window comes to the front, because another one may have changed something."""
    seen: gr.State
    """What the cards were drawn from, so that they are sent again only when that has changed."""

    @property
    def drawn(self) -> list[Any]:
        """What follows the models and downloads."""
        return [self.looking, self.machine, self.downloads, self.models, self.poll, self.seen]


def build_models(column: gr.Column, i18n: gr.I18n) -> ModelsRegion:
    looking = gr.Markdown(i18n("models_page.looking"), elem_id="models-looking")
    machine = gr.HTML(elem_id="machine", apply_default_css=False)
    downloads = gr.HTML(elem_id="downloads", apply_default_css=False, js_on_load=JS_BUTTONS)
    models = gr.HTML(elem_id="models", apply_default_css=False, js_on_load=JS_BUTTONS)
    with gr.Column(elem_id="add-model", elem_classes="pane"):
        gr.Markdown(i18n("models_page.add_heading"), elem_classes="pane-heading")
        with gr.Row(elem_classes="field-row"):
            name = gr.Textbox(
                label=i18n("models_page.add_label"),
                info=i18n("models_page.add_info"),
                placeholder=i18n("models_page.add_placeholder"),
                max_lines=1,
                elem_id="model-name",
            )
            add = gr.Button(i18n("models_page.add"), elem_id="model-add", min_width=0)
        problem = gr.HTML(elem_id="model-problem", apply_default_css=False)
    server = _build_server(i18n)
    refresh = gr.Button("", visible="hidden", elem_id="refresh-models")
    return ModelsRegion(
        column, looking, machine, downloads, models, name, add, problem, server, gr.Timer(POLL_S, active=False), refresh, gr.State(None)
    )


def _build_server(i18n: gr.I18n) -> ServerRegion:
    with gr.Column(elem_id="server", elem_classes="pane"):
        gr.Markdown(i18n("models_page.server_heading"), elem_classes="pane-heading")
        kind = gr.Radio(
            [("Upstage", "upstage"), ("Ollama", "ollama"), (i18n("models_page.server_other"), "other")],
            label=i18n("models_page.server_kind"),
            elem_id="server-kind",
            elem_classes="segmented",
        )
        with gr.Column(visible=False, elem_id="server-fields") as fields:
            address = gr.Textbox(
                label=i18n("models_page.server_address"),
                placeholder="http://192.168.0.2:8000/v1",
                max_lines=1,
                visible=False,
                elem_id="server-address",
            )
            facts = gr.HTML(elem_id="server-facts", apply_default_css=False)
            with gr.Row(elem_classes="field-row", elem_id="server-key-row") as key_row:
                key = gr.Textbox(
                    label=i18n("models_page.key"),
                    info=i18n("models_page.key_info"),
                    type="password",
                    max_lines=1,
                    elem_id="server-key",
                    html_attributes=gr.InputHTMLAttributes(autocomplete="off", spellcheck=False),
                )
                save_key = gr.Button(i18n("models_page.key_save"), elem_id="server-key-save", min_width=0)
                forget_key = gr.Button(i18n("models_page.key_forget"), elem_id="server-key-forget", min_width=0, visible=False)
            with gr.Row(elem_classes="field-row"):
                model = gr.Dropdown(
                    [],
                    label=i18n("models_page.server_model"),
                    info=i18n("models_page.server_model_info"),
                    allow_custom_value=True,
                    elem_id="server-model",
                )
                list_models = gr.Button(i18n("models_page.server_list"), elem_id="server-list", min_width=0)
                use = gr.Button(i18n("models_page.use"), variant="primary", elem_id="server-use", min_width=0)
            problem = gr.HTML(elem_id="server-problem", apply_default_css=False)
    return ServerRegion(kind, fields, address, facts, model, list_models, key_row, key, save_key, forget_key, use, problem)
