"""The ways to the views, and the conversations: a new one, a search, the list, and the way back from a deletion.

The list is one radio group: keyboards and screen readers know it, and 200 entries cost one update.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import gradio as gr

from solar_chat.conversation import Conversation, Hit
from solar_chat.ui.marks import Translate
from solar_chat.ui.views import Navigation, build_navigation


@dataclass(frozen=True, slots=True)
class SidebarRegion:
    panel: gr.Sidebar
    navigation: Navigation
    new: gr.Button
    search: gr.Textbox
    conversations: gr.Radio
    clicked_ms: gr.Number
    """Never seen: carries the moment of a click on the list, or on the button above it, to the server."""
    nothing: gr.Markdown
    undo_row: gr.Row
    undo_text: gr.Markdown
    undo: gr.Button
    deleted: gr.State
    """Id of the conversation that `undo` brings back."""


def build_sidebar(i18n: gr.I18n, views: Sequence[str]) -> SidebarRegion:
    with gr.Sidebar(open=True, width=296, elem_id="conversations-panel") as panel:
        gr.HTML('<div class="brand"><img src="app/assets/icon.svg" alt="" width="28" height="28"><span>Solar Chat</span></div>', elem_id="brand")
        navigation = build_navigation(i18n, views)
        new = gr.Button(i18n("sidebar.new"), variant="primary", elem_id="new-conversation")
        search = gr.Textbox(
            label=i18n("sidebar.search"), placeholder=i18n("sidebar.search"), show_label=False, max_lines=1, elem_id="search", container=False
        )
        nothing = gr.Markdown(i18n("sidebar.nothing_found"), visible=False, elem_id="nothing-found")
        conversations = gr.Radio([], label=i18n("sidebar.conversations"), show_label=False, elem_id="conversations", container=False)
        clicked_ms = gr.Number(0, visible=False)
        with gr.Row(visible=False, elem_id="undo-row") as undo_row:
            undo_text = gr.Markdown(elem_id="undo-text")
            undo = gr.Button(i18n("sidebar.undo"), size="sm", elem_id="undo", min_width=0)
    return SidebarRegion(panel, navigation, new, search, conversations, clicked_ms, nothing, undo_row, undo_text, undo, gr.State(None))


def conversation_choices(conversations: Iterable[Conversation], tr: Translate) -> list[tuple[str, str]]:
    """Label and value of each conversation."""
    return [(conversation.title or tr("sidebar.untitled"), conversation.id) for conversation in conversations]


def hit_choices(hits: Iterable[Hit], tr: Translate) -> list[tuple[str, str]]:
    """Label and value of each conversation that was found, once, with the words around its best hit on a second line."""
    choices: dict[str, tuple[str, str]] = {}
    for hit in hits:
        title = hit.title or tr("sidebar.untitled")
        label = title if hit.message_id is None else f"{title}\n{hit.snippet}"
        choices.setdefault(hit.conversation_id, (label, hit.conversation_id))
    return list(choices.values())
