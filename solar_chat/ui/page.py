"""The whole page: every region built from top to bottom, then wired. No handler and no text is here."""

from __future__ import annotations

from collections.abc import Sequence

import gradio as gr

from solar_chat.assistant import Assistant, Visits
from solar_chat.ui.chat import build_chat, build_composer
from solar_chat.ui.controls import build_controls
from solar_chat.ui.conversations import Conversations, wire_conversations
from solar_chat.ui.desktop_panel import build_desktop, wire_desktop
from solar_chat.ui.drafts import Drafts, wire_drafts
from solar_chat.ui.header import build_header
from solar_chat.ui.models_page import Models, wire_models
from solar_chat.ui.models_view import build_models
from solar_chat.ui.preferences import Preferences, wire_preferences
from solar_chat.ui.screen import Screen, Tab
from solar_chat.ui.server_form import ServerForm, wire_server
from solar_chat.ui.services import Services
from solar_chat.ui.settings_panel import build_settings
from solar_chat.ui.sidebar import build_sidebar
from solar_chat.ui.turns import Turns, wire_turns
from solar_chat.ui.upscale_page import Upscale, wire_upscale
from solar_chat.ui.upscale_view import build_upscale
from solar_chat.ui.views import CHAT, VIEWS, view_column

# A page that hands out visits; a model answers one question at a time anyway.
_MOST_WAITING = 64


def make_i18n(assistant: Assistant) -> gr.I18n:
    """The catalogue for the browser. Flat dotted keys also replace Gradio's own words, such as "chatbot.retry"."""
    return gr.I18n(**{lang: dict(sentences) for lang, sentences in assistant.catalogue.sentences.items()})


def build_page(assistant: Assistant, views: Sequence[str] = VIEWS, visits: Visits | None = None, services: Services | None = None) -> gr.Blocks:
    """The owner's page, wired to `assistant`, not yet served; with `visits` the visitors' one, on which each has a desk of their own.

    `views` are those it has; the chat is always one of them. `services` are the owner's only.
    """
    i18n = make_i18n(assistant)
    page: gr.Blocks
    with gr.Blocks(title="Solar Chat", fill_width=True, analytics_enabled=False) as page:
        tab = gr.State(Tab())
        # Fixed name and key: they outlive the process. The id is no secret, it only says which conversation to open.
        memory = gr.BrowserState(None, storage_key="solar-chat-conversation", secret="solar-chat")
        visit = None if visits is None else gr.BrowserState(None, storage_key="solar-chat-visit", secret="solar-chat")
        sidebar = build_sidebar(i18n, views)
        with gr.Column(elem_id="main"):
            header = build_header(i18n, views)
            with view_column(CHAT):
                chat = build_chat(i18n)
                with gr.Column(elem_id="composer"):
                    controls = build_controls(i18n)
                    composer = build_composer(i18n)
            if "models" in views:
                with view_column("models") as column:
                    models = build_models(column, i18n)
            if "upscale" in views:
                with view_column("upscale") as column:
                    upscale = build_upscale(column, i18n)
        settings = build_settings(i18n, views, visitors=visits is not None, kept=assistant.home.kept_visits is not None)
        if services is not None and visits is None:
            with settings.panel:
                desktop = build_desktop(i18n, services)
        # Nothing to see until its list is opened.
        words = gr.HTML(elem_id="words", apply_default_css=False)
        screen = Screen(assistant, visits, tab, visit, memory, header, sidebar, chat, controls)
        wire_turns(Turns(screen, composer), screen, composer)
        wire_conversations(Conversations(screen))
        wire_drafts(Drafts(screen), composer)
        preferences = Preferences(screen, settings, composer, words)
        wire_preferences(preferences, page)
        if services is not None and visits is None:
            wire_desktop(desktop, services, screen)
        if "models" in views:
            handlers = Models(screen, models, preferences)
            wire_server(ServerForm(handlers), wire_models(handlers, sidebar.navigation))
        if "upscale" in views:
            wire_upscale(Upscale(screen, upscale, preferences), sidebar.navigation)
    page.queue(default_concurrency_limit=8, max_size=_MOST_WAITING)
    return page
