"""The messages and the box to write in. What happens on Enter, Stop and the arrows is in `turns`."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

LATEX: list[dict[str, str | bool]] = [
    {"left": "$$", "right": "$$", "display": True},
    {"left": "\\[", "right": "\\]", "display": True},
    {"left": "$", "right": "$", "display": False},
    {"left": "\\(", "right": "\\)", "display": False},
]
# A box that grows further hides the answer above it.
MOST_LINES = 8


@dataclass(frozen=True, slots=True)
class ChatRegion:
    earlier: gr.Button
    chatbot: gr.Chatbot
    versions: gr.Row
    previous: gr.Button
    version_label: gr.Markdown
    following: gr.Button
    undo_change: gr.Button
    """Out of sight: the page's script clicks it for the Undo in the note under a reply, where Gradio has no buttons of ours."""


@dataclass(frozen=True, slots=True)
class Composer:
    box: gr.Textbox
    pending: gr.Textbox
    """The text on its way to the server; never seen."""
    returned: gr.Textbox
    """A text that could not be sent, on its way back into the box; never seen."""


def build_chat(i18n: gr.I18n) -> ChatRegion:
    earlier = gr.Button(i18n("chat.earlier"), size="sm", visible=False, elem_id="earlier")
    chatbot = gr.Chatbot(
        label=i18n("chat.label"),
        show_label=False,
        elem_id="chat",
        height=None,
        container=False,
        editable="user",
        buttons=["copy"],
        latex_delimiters=LATEX,
        feedback_options=None,
        allow_file_downloads=False,
    )
    with gr.Row(visible=False, elem_id="versions") as versions:
        previous = gr.Button(i18n("chat.previous_version"), size="sm", elem_id="previous-version", min_width=0)
        label = gr.Markdown(elem_id="version-label")
        following = gr.Button(i18n("chat.next_version"), size="sm", elem_id="next-version", min_width=0)
    undo_change = gr.Button(i18n("change.undo"), visible="hidden", elem_id="undo-change")
    return ChatRegion(earlier, chatbot, versions, previous, label, following, undo_change)


def build_composer(i18n: gr.I18n) -> Composer:
    box = gr.Textbox(
        label=i18n("chat.input"),
        placeholder=i18n("chat.placeholder"),
        show_label=False,
        lines=1,
        max_lines=MOST_LINES,
        elem_id="box",
        autofocus=True,
        submit_btn=True,
        container=False,
    )
    return Composer(box, gr.Textbox(visible=False, elem_id="pending"), gr.Textbox(visible=False, elem_id="returned"))
