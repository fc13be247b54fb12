"""What a browser tab shows, drawn from the store.

`Tab` is all the server remembers about a tab: ids and numbers, never a text. Every handler ends in `Screen.draw`, which reads the store again, so two
tabs can differ in age but never in truth.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from html import escape
from typing import Any

import gradio as gr

from solar_chat.assistant import Assistant, Desk, Halt, Visits
from solar_chat.conversation import Conversation, StoredMessage
from solar_chat.errors import SolarChatError, StoreError
from solar_chat.i18n import InterfaceLanguage
from solar_chat.ui.chat import ChatRegion
from solar_chat.ui.controls import ControlRegion
from solar_chat.ui.header import HeaderRegion, title_html
from solar_chat.ui.marks import Translate
from solar_chat.ui.notes import entries
from solar_chat.ui.sidebar import SidebarRegion, conversation_choices

# Beyond about thirty messages a browser needs longer to draw an update than there is time between two.
SHOWN_MESSAGES = 30

Updates = dict[Any, Any]
"""Component → its new value or `gr.update`, as a Gradio handler returns it."""


@dataclass(slots=True, eq=False)
class Gaze:
    """Which conversation a tab shows at this moment, and its Stop: what changes about a tab while one of its turns runs."""

    conversation_id: str | None = None
    halt: Halt | None = None
    """From the moment at which the page offers it until the turn is over; the turn itself may begin later than that."""
    clicked_ms: float = 0
    """When the newest click on the list of conversations was made, by the browser's clock: what an older one asked for is not drawn any more."""


@dataclass(frozen=True, slots=True)
class Tab:
    """What one browser tab is looking at."""

    lang: InterfaceLanguage = "ko"
    conversation_id: str | None = None
    """None: a new conversation that is stored with its first message."""
    revision: int = 0
    """Of the conversation as this tab last saw it."""
    message_ids: tuple[str, ...] = ()
    """Of the messages on show, in order."""
    shown: int = SHOWN_MESSAGES
    visit: str | None = None
    """The pass of the visitor whose tab it is; None on the owner's page."""
    gaze: Gaze = field(default_factory=Gaze)

    def at(self, conversation_id: str | None) -> Tab:
        """The same tab, looking at another conversation."""
        return Tab(lang=self.lang, conversation_id=conversation_id, visit=self.visit, gaze=self.gaze)


@dataclass(frozen=True, slots=True)
class Screen:
    """The regions that follow the conversation on show."""

    assistant: Assistant
    visits: Visits | None
    """None on the owner's page. Its handlers ask `desk`, which knows whose tab it is."""
    tab: gr.State
    visit: gr.BrowserState | None
    """The visitor's pass, so that a reload finds the same visit; None on the owner's page."""
    memory: gr.BrowserState
    """Id of the conversation to open after a reload."""
    header: HeaderRegion
    sidebar: SidebarRegion
    chat: ChatRegion
    controls: ControlRegion

    def tr(self, tab: Tab) -> Translate:
        """The translator of a tab."""
        return partial(self.assistant.catalogue.tr, tab.lang)

    def find_desk(self, tab: Tab) -> Desk:
        """Whose conversations and settings a tab is about. Raises SolarChatError `visit_over`."""
        return self.assistant if self.visits is None else self.visits.get(tab.visit)

    def desk(self, tab: Tab) -> Desk:
        """As `find_desk`, for handlers that have nothing to save: a visit that is over is said in the page, which then has to be loaded again."""
        try:
            return self.find_desk(tab)
        except SolarChatError as error:
            words = escape(self.assistant.catalogue.describe(error, tab.lang))
            raise gr.Error(words, title=self.tr(tab)("toast.warning"), print_exception=False) from error

    def unexpected(self, error: Exception) -> SolarChatError:
        """What is said of a bug. Where the log is, is the owner's business."""
        if self.visits is not None:
            return SolarChatError("visit_failed")
        return SolarChatError("unexpected", reason=type(error).__name__, log=str(self.assistant.home.logs))

    @property
    def outputs(self) -> list[Any]:
        """Every component that `draw` may update."""
        chat, sidebar, controls = self.chat, self.sidebar, self.controls
        return [
            self.tab,
            self.memory,
            self.header.title,
            self.header.manage,
            chat.chatbot,
            chat.earlier,
            chat.versions,
            chat.version_label,
            chat.previous,
            chat.following,
            controls.level,
            controls.reply_language,
            sidebar.conversations,
        ]

    def draw(self, tab: Tab) -> Updates:
        """Everything as the store has it now. A conversation that is gone becomes a new one."""
        tr = self.tr(tab)
        conversation, messages = self._read(tab)
        tab = replace(
            tab,
            conversation_id=conversation.id if conversation else None,
            revision=conversation.revision if conversation else 0,
            message_ids=tuple(message.id for message in messages),
        )
        tab.gaze.conversation_id = tab.conversation_id
        settings = self.desk(tab).settings.load()
        chat, controls = self.chat, self.controls
        return {
            self.tab: tab,
            self.memory: tab.conversation_id,
            self.header.title: title_html((conversation.title if conversation else "") or tr("sidebar.untitled")),
            self.header.manage: gr.update(visible=conversation is not None),
            chat.chatbot: gr.update(value=entries(messages, tr, conversation)),
            chat.earlier: gr.update(visible=bool(messages and messages[0].parent_id)),
            controls.level: (conversation and conversation.level) or settings.level,
            controls.reply_language: (conversation and conversation.reply_language) or settings.reply_language,
            **self.draw_versions(messages, tr),
            **self.draw_list(tab),
        }

    def draw_versions(self, messages: list[StoredMessage], tr: Translate) -> Updates:
        """The arrows under the last message that has more than one version; without one they are hidden."""
        chat = self.chat
        last = next((message for message in reversed(messages) if message.versions > 1), None)
        if last is None:
            return {chat.versions: gr.update(visible=False)}
        what = tr("chat.version_reply" if last.role == "assistant" else "chat.version_question")
        return {
            chat.versions: gr.update(visible=True),
            chat.version_label: f"{what} {last.version}/{last.versions}",
            chat.previous: gr.update(interactive=last.version > 1),
            chat.following: gr.update(interactive=last.version < last.versions),
        }

    def draw_list(self, tab: Tab) -> Updates:
        """The list of conversations, newest first, with the one on show marked."""
        choices = conversation_choices(self.desk(tab).store.list(), self.tr(tab))
        return {self.sidebar.conversations: gr.update(choices=choices, value=tab.conversation_id)}

    def _read(self, tab: Tab) -> tuple[Conversation | None, list[StoredMessage]]:
        if tab.conversation_id is None:
            return None, []
        store = self.desk(tab).store
        try:
            return store.get(tab.conversation_id), list(store.tail(tab.conversation_id, tab.shown))
        except StoreError as error:
            # Deleted in another tab.
            if error.key != "conversation_missing":
                raise
            return None, []
