"""The components of the Up-scaling view, from top to bottom; what happens in them is in `upscale_page`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from solar_chat.ui.boxes import JS_BUTTONS

# A small model is built within one; a large one takes minutes.
POLL_S = 0.7

# The chat comes into sight at once; that the model is on its way stands above it.
_JS_TO_CHAT = """;element.addEventListener('click', (event) => {
  const button = event.target.closest("button[data-do='chat']")
  if (button) window.solarView('chat')
})"""


@dataclass(frozen=True, slots=True)
class UpscaleRegion:
    column: gr.Column
    source: gr.Dropdown
    source_problem: gr.HTML
    method: gr.Radio
    drop: gr.Slider
    slices: gr.Textbox
    plan_problem: gr.HTML
    picture: gr.HTML
    facts: gr.HTML
    name: gr.Textbox
    place: gr.HTML
    build: gr.Button
    job: gr.HTML
    text: gr.Textbox
    """To be measured on."""
    text_pane: gr.Column
    """Around it; there while there is a result."""
    poll: gr.Timer
    refresh: gr.Button
    """Out of sight: the page's script clicks it when the window comes to the front, because another one may have begun a build."""
    opened: gr.State
    """The source as it was opened last: (what was typed, `Source` or None where that was none)."""

    @property
    def fields(self) -> list[Any]:
        """What a person has chosen, as every handler gets it."""
        return [self.source, self.method, self.drop, self.slices, self.name, self.opened]

    @property
    def drawn(self) -> list[Any]:
        """What follows the plan and the job."""
        plan = [self.plan_problem, self.picture, self.facts, self.name, self.place, self.build]
        return [self.source, self.source_problem, self.drop, self.slices, self.opened, *plan, self.job, self.text_pane, self.poll]


def build_upscale(column: gr.Column, i18n: gr.I18n) -> UpscaleRegion:
    with gr.Column(elem_id="upscale-plan", elem_classes="pane"):
        source = gr.Dropdown(
            [],
            label=i18n("upscale_page.source"),
            info=i18n("upscale_page.source_info"),
            allow_custom_value=True,
            elem_id="upscale-source",
        )
        source_problem = _problem("upscale-source-problem")
        method = gr.Radio(
            [(i18n("upscale_page.dus"), "dus"), (i18n("upscale_page.identity"), "identity")],
            value="dus",
            label=i18n("upscale_page.method"),
            elem_id="upscale-method",
            elem_classes="segmented",
        )
        drop = gr.Slider(
            1, 8, value=1, step=1, label=i18n("upscale_page.drop"), info=i18n("upscale_page.drop_info"), elem_id="upscale-drop", buttons=[]
        )
        slices = gr.Textbox(
            label=i18n("upscale_page.slices"), info=i18n("upscale_page.slices_info"), placeholder="0:24,8:32", max_lines=1, elem_id="upscale-slices"
        )
        plan_problem = _problem("upscale-plan-problem")
    picture = gr.HTML(elem_id="upscale-picture", apply_default_css=False)
    facts = gr.HTML(elem_id="upscale-facts", apply_default_css=False)
    with gr.Column(elem_id="upscale-build-pane", elem_classes="pane"):
        with gr.Row(elem_classes="field-row"):
            name = gr.Textbox(label=i18n("upscale_page.name"), info=i18n("upscale_page.name_info"), max_lines=1, elem_id="upscale-name")
            build = gr.Button(i18n("upscale_page.build"), variant="primary", interactive=False, elem_id="upscale-build", min_width=0)
        place = _problem("upscale-place")
    job = gr.HTML(elem_id="upscale-job", apply_default_css=False, js_on_load=JS_BUTTONS + _JS_TO_CHAT)
    with gr.Column(visible=False, elem_id="upscale-text-pane", elem_classes="pane") as text_pane:
        text = gr.Textbox(label=i18n("upscale_page.text"), info=i18n("upscale_page.text_info"), lines=2, max_lines=6, elem_id="upscale-text")
    refresh = gr.Button("", visible="hidden", elem_id="refresh-upscale")
    timer = gr.Timer(POLL_S, active=False)
    return UpscaleRegion(
        column,
        source,
        source_problem,
        method,
        drop,
        slices,
        plan_problem,
        picture,
        facts,
        name,
        place,
        build,
        job,
        text,
        text_pane,
        timer,
        refresh,
        gr.State(None),
    )


def _problem(ident: str) -> gr.HTML:
    """Where a sentence about the field above it comes."""
    return gr.HTML(elem_id=ident, apply_default_css=False)
