"""What a person does with conversations: open, find, name, delete, bring back, look further up, change versions, set level and reply language.

Handlers only; every one ends in drawing the screen from the store. A SolarChatError becomes a toast and leaves the page as it was.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

import gradio as gr

from solar_chat.conversation import as_markdown
from solar_chat.errors import SolarChatError
from solar_chat.levels import Level
from solar_chat.settings import ReplyChoice
from solar_chat.ui.events import EVERY, LAST, QUIET
from solar_chat.ui.notes import undoable_change
from solar_chat.ui.screen import SHOWN_MESSAGES, Screen, Tab, Updates
from solar_chat.ui.sidebar import hit_choices
from solar_chat.ui.turns import warn

# At once, not with the server's answer: a click on what is still marked as chosen says nothing.
_NONE_CHOSEN = "() => null"
# The chat comes into sight, also from behind the list, which covers it on a phone. The last input is the moment of the click.
_TO_THE_CHAT = "(...given) => { window.solarView('chat'); return [...given.slice(0, -1), performance.now()] }"
# In the browser: nothing of it is written on the server.
_JS_SAVE = "(text, title) => window.solarSave(text, title)"
_FOCUS_NEW_TITLE = "() => setTimeout(() => document.querySelector('#new-title textarea, #new-title input')?.focus(), 100)"


@dataclass(frozen=True, slots=True, eq=False)
class Conversations:
    """The handlers of one page."""

    screen: Screen
    _opening: Lock = field(default_factory=Lock, repr=False)
    """One conversation is opened after the other, so that the last to turn a tab's gaze is the last one clicked on."""

    def new(self, tab: Tab, clicked_ms: float) -> Updates:
        """An empty screen; nothing is stored before something is said."""
        return self.select(None, tab, clicked_ms)

    def select(self, conversation_id: str | None, tab: Tab, clicked_ms: float) -> Updates:
        """Show that conversation, unless the person has clicked on another one since.

        `clicked_ms` is the moment of the click by the browser's clock: requests, and the answers to them, overtake each other.
        """
        gaze = tab.gaze
        gaze.clicked_ms = max(gaze.clicked_ms, clicked_ms)
        with self._opening:
            drawn = {} if gaze.clicked_ms > clicked_ms else self._paint(tab.at(conversation_id))
        # Asked again: another click may have come meanwhile.
        if not drawn or gaze.clicked_ms > clicked_ms:
            return {self.screen.tab: gr.skip()}
        self._look_ahead(drawn[self.screen.tab])
        return {**drawn, **self._no_rename()}

    def earlier(self, tab: Tab) -> Updates:
        """As many older messages again."""
        return self._draw(replace(tab, shown=tab.shown + SHOWN_MESSAGES))

    def ask_title(self, tab: Tab) -> Updates:
        """Open the field for another title, with the present one in it."""
        header = self.screen.header
        title = self.screen.desk(tab).store.get(tab.conversation_id).title if tab.conversation_id else ""
        return {header.rename_row: gr.update(visible=True), header.new_title: title}

    def rename(self, title: str, tab: Tab) -> Updates:
        if tab.conversation_id and title.strip():
            try:
                self.screen.desk(tab).store.rename(tab.conversation_id, " ".join(title.split()))
            except SolarChatError as error:
                warn(self.screen, tab, error)
        return {**self._draw(tab), **self._no_rename()}

    def export(self, tab: Tab) -> str:
        """The conversation on show as Markdown, for the browser to save."""
        store, tr = self.screen.desk(tab).store, self.screen.tr(tab)
        if tab.conversation_id is None:
            return ""
        try:
            conversation = store.get(tab.conversation_id)
            messages = store.path(conversation.id)
        except SolarChatError as error:
            warn(self.screen, tab, error)
            return ""
        return as_markdown(conversation.title or tr("sidebar.untitled"), messages, {"user": tr("export.user"), "assistant": "Solar Chat"})

    def delete(self, tab: Tab) -> Updates:
        """Hide the conversation on show and offer to bring it back; the newest of the others comes up."""
        store, sidebar = self.screen.desk(tab).store, self.screen.sidebar
        if tab.conversation_id is None:
            return {self.screen.tab: tab}
        try:
            title = store.get(tab.conversation_id).title or self.screen.tr(tab)("sidebar.untitled")
            store.delete(tab.conversation_id)
            rest = store.list(limit=1)
        except SolarChatError as error:
            warn(self.screen, tab, error)
            return self._draw(tab)
        return {
            **self._draw(tab.at(rest[0].id if rest else None)),
            **self._no_rename(),
            sidebar.deleted: tab.conversation_id,
            sidebar.undo_row: gr.update(visible=True),
            sidebar.undo_text: self.screen.tr(tab)("sidebar.deleted", title=_plain_markdown(title)),
        }

    def undo(self, deleted: str | None, tab: Tab) -> Updates:
        if deleted:
            try:
                self.screen.desk(tab).store.restore(deleted)
            except SolarChatError as error:
                warn(self.screen, tab, error)
        sidebar = self.screen.sidebar
        return {**self._draw(tab.at(deleted)), sidebar.undo_row: gr.update(visible=False), sidebar.deleted: None}

    def search(self, query: str, tab: Tab) -> Updates:
        """The conversations that hold the words of `query`; all of them where it is empty."""
        sidebar = self.screen.sidebar
        if not query.strip():
            return {**self.screen.draw_list(tab), sidebar.nothing: gr.update(visible=False)}
        try:
            choices = hit_choices(self.screen.desk(tab).store.search("owner", query), self.screen.tr(tab))
        except SolarChatError as error:
            warn(self.screen, tab, error)
            choices = []
        return {
            sidebar.conversations: gr.update(choices=choices, value=tab.conversation_id),
            sidebar.nothing: gr.update(visible=not choices),
        }

    def step(self, by: int, tab: Tab) -> Updates:
        """Show the version before (-1) or after (1) of the last message that has several."""
        store = self.screen.desk(tab).store
        try:
            messages = [store.message(message_id) for message_id in tab.message_ids]
            last = next((message for message in reversed(messages) if message.versions > 1), None)
            if last is not None:
                siblings = store.siblings(last.id)
                store.select(siblings[min(max(last.version - 1 + by, 0), len(siblings) - 1)].id)
        except SolarChatError as error:
            warn(self.screen, tab, error)
        return self._draw(tab)

    def previous(self, tab: Tab) -> Updates:
        return self.step(-1, tab)

    def following(self, tab: Tab) -> Updates:
        return self.step(1, tab)

    def set_level(self, level: Level, tab: Tab) -> None:
        """From the next reply on, here and in new conversations."""
        try:
            self.screen.desk(tab).settings.update(level=level)
            if tab.conversation_id:
                self.screen.desk(tab).store.set_options(tab.conversation_id, level=level)
        except SolarChatError as error:
            warn(self.screen, tab, error)

    def set_reply_language(self, choice: ReplyChoice, tab: Tab) -> None:
        """From the next reply on, here and in new conversations."""
        try:
            self.screen.desk(tab).settings.update(reply_language=choice)
            if tab.conversation_id:
                self.screen.desk(tab).store.set_options(tab.conversation_id, reply_language=choice)
        except SolarChatError as error:
            warn(self.screen, tab, error)

    def undo_change(self, tab: Tab) -> Updates:
        """Take back what the newest request in a message changed about the conversation."""
        desk = self.screen.desk(tab)
        try:
            messages = [desk.store.message(message_id) for message_id in tab.message_ids]
            conversation = desk.store.get(tab.conversation_id) if tab.conversation_id else None
            reply = undoable_change(messages, conversation)
            if reply is not None:
                desk.undo_change(reply.conversation_id, reply.id)
        except SolarChatError as error:
            warn(self.screen, tab, error)
        return self._draw(tab)

    def _draw(self, tab: Tab) -> Updates:
        drawn = self._paint(tab)
        self._look_ahead(drawn[self.screen.tab])
        return drawn

    def _paint(self, tab: Tab) -> Updates:
        try:
            return self.screen.draw(tab)
        except SolarChatError as error:
            warn(self.screen, tab, error)
            return {self.screen.tab: tab}

    def _look_ahead(self, tab: Tab) -> None:
        """What a person looks at they may well answer."""
        self.screen.desk(tab).prepare(tab.conversation_id)

    def _no_rename(self) -> Updates:
        return {self.screen.header.rename_row: gr.update(visible=False)}


def _plain_markdown(text: str) -> str:
    """A title inside a Markdown sentence: nothing in it is markup."""
    return "".join(f"\\{char}" if char in "\\`*_{}[]()<>#+-.!|~$" else char for char in text)


def wire_conversations(handlers: Conversations) -> None:
    screen = handlers.screen
    header, sidebar, chat, tab = screen.header, screen.sidebar, screen.chat, screen.tab
    drawn: list[Any] = [*screen.outputs, header.rename_row]
    sidebar.new.click(None, None, sidebar.conversations, js=_NONE_CHOSEN, api_visibility="private")
    sidebar.new.click(handlers.new, [tab, sidebar.clicked_ms], drawn, js=_TO_THE_CHAT, **EVERY)
    sidebar.conversations.input(handlers.select, [sidebar.conversations, tab, sidebar.clicked_ms], drawn, js=_TO_THE_CHAT, **EVERY)
    # `.input` stays silent while a Hangul syllable is composed; `.change` does not.
    sidebar.search.change(handlers.search, [sidebar.search, tab], [sidebar.conversations, sidebar.nothing], **LAST)
    chat.earlier.click(handlers.earlier, tab, drawn, **QUIET)
    exported = header.export.click(handlers.export, tab, header.exported, **QUIET)
    exported.then(None, [header.exported, header.title], header.exported, js=_JS_SAVE, **QUIET)
    header.rename.click(handlers.ask_title, tab, [header.rename_row, header.new_title], **QUIET).then(None, js=_FOCUS_NEW_TITLE)
    header.new_title.submit(handlers.rename, [header.new_title, tab], drawn, **QUIET)
    undo_outputs = [*drawn, sidebar.deleted, sidebar.undo_row, sidebar.undo_text]
    header.delete.click(handlers.delete, tab, undo_outputs, **QUIET)
    sidebar.undo.click(handlers.undo, [sidebar.deleted, tab], undo_outputs, **QUIET)
    chat.previous.click(handlers.previous, tab, drawn, **QUIET)
    chat.following.click(handlers.following, tab, drawn, **QUIET)
    chat.undo_change.click(handlers.undo_change, tab, screen.outputs, **QUIET)
    screen.controls.level.input(handlers.set_level, [screen.controls.level, tab], None, **LAST)
    screen.controls.reply_language.input(handlers.set_reply_language, [screen.controls.reply_language, tab], None, **LAST)
