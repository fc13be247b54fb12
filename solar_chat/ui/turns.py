"""A turn in the page: send, regenerate, edit, stop, and what happens to the text when it goes wrong.

The browser draws the person's bubble at once; everything after it comes from the assistant's events, and what stands in the end is read from the
store. A text that could not be sent goes back into the box. At most one turn runs in a conversation; it runs on while its tab shows another one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any

import gradio as gr

from solar_chat.assistant import ChatEvent, Decided, Draft, Halt, OptionChange, Reading, Saved
from solar_chat.conversation import StoredMessage
from solar_chat.errors import SolarChatError, StoreError
from solar_chat.levels import Level
from solar_chat.settings import ReplyChoice
from solar_chat.ui import notes
from solar_chat.ui.chat import Composer
from solar_chat.ui.events import QUIET
from solar_chat.ui.header import still_loading
from solar_chat.ui.screen import Gaze, Screen, Tab, Updates
from solar_chat.ui.streaming import batches

# A stopped turn still writes what was said; longer than this only where a disk hangs.
SETTLE_TIMEOUT_S = 10.0

# The bubble, the emptied box and the text for the server, without a round trip. `solarBusy` stands until the turn is over (see page.js).
JS_SUBMIT = """(text, chat) => {
  if (!text.trim() || window.solarBusy) return [text, chat, ''];
  window.solarBusy = true;
  const said = {role: 'user', metadata: null, options: null, content: [{type: 'text', text}]};
  return ['', [...(chat || []), said], text];
}"""
# What was typed meanwhile stays, below what came back.
JS_SETTLED = """(returned, text) => {
  window.solarBusy = false;
  window.solarDraftMoved();
  return ['', returned ? (text.trim() ? returned + '\\n' + text : returned) : text];
}"""

log = logging.getLogger(__name__)

Start = Callable[[Halt], Generator[ChatEvent, None, None]]


@dataclass(frozen=True, slots=True)
class _Running:
    """A turn and the tab that started it."""

    gaze: Gaze
    closed: threading.Event = field(default_factory=threading.Event)


class Turns:
    """The handlers of one page; `running` is shared by all its tabs."""

    def __init__(self, screen: Screen, composer: Composer) -> None:
        self._screen = screen
        self._composer = composer
        self._running: dict[str, _Running] = {}

    @property
    def outputs(self) -> list[Any]:
        """What a running turn updates."""
        controls = self._screen.controls
        return [self._screen.chat.chatbot, self._screen.tab, self._composer.returned, controls.level, controls.reply_language]

    def busy(self, tab: Tab) -> object:
        """Stop takes the place of Send."""
        tab.gaze.halt = tab.gaze.halt or Halt()
        return gr.update(submit_btn=False, stop_btn=self._screen.tr(tab)("chat.stop"))

    def stop(self, tab: Tab) -> None:
        """End the tab's turn, also one that has not begun. (Gradio's own cancelling would drop that one, and the text with it.)"""
        if tab.gaze.halt is not None:
            tab.gaze.halt()

    async def send(self, text: str, tab: Tab, level: Level, reply_language: ReplyChoice) -> AsyncGenerator[Updates, None]:
        """Send `text`; a new conversation is made with it."""
        if not text.strip():
            yield {self._composer.returned: ""}
            return
        try:
            desk = self._screen.find_desk(tab)
            if tab.conversation_id is None:
                conversation = desk.store.create(level=level, reply_language=reply_language)
                tab = replace(tab.at(conversation.id), revision=conversation.revision)
            conversation_id = tab.conversation_id or ""
            before = self._messages(tab)
        except SolarChatError as error:
            self._complain(error, tab)
            yield {self._composer.returned: text}
            return

        def start(halt: Halt) -> Generator[ChatEvent, None, None]:
            return desk.send(conversation_id, text, level=level, reply_language=reply_language, expected_revision=tab.revision, halt=halt)

        async for updates in self._run(tab, start, before, text):
            yield updates
        if before:
            return
        # A conversation whose first message came back is none; the list shall not fill up with them.
        with contextlib.suppress(StoreError):
            if desk.store.get(conversation_id).leaf is None:
                desk.store.delete(conversation_id)

    async def regenerate(self, tab: Tab) -> AsyncGenerator[Updates, None]:
        """Another version of the last reply."""
        messages = self._messages(tab)
        index = next((number for number in range(len(messages) - 1, -1, -1) if messages[number].role == "assistant"), None)
        if index is None:
            yield {self._composer.returned: ""}
            return
        reply = messages[index]
        async for updates in self._run(
            tab, lambda halt: self._screen.desk(tab).regenerate(reply.conversation_id, reply.id, halt=halt), messages[:index], question=None
        ):
            yield updates

    async def edit(self, tab: Tab, event: gr.EditData) -> AsyncGenerator[Updates, None]:
        """Another version of a person's message, and its answer."""
        messages = self._messages(tab)
        index = event.index if isinstance(event.index, int) else event.index[0]
        text = _plain(event.value)
        if not (0 <= index < len(messages)) or messages[index].role != "user" or not text.strip():
            yield {self._composer.returned: ""}
            return
        old = messages[index]
        async for updates in self._run(
            tab, lambda halt: self._screen.desk(tab).edit(old.conversation_id, old.id, text, halt=halt), messages[:index], question=text
        ):
            yield updates

    async def settle(self, tab: Tab) -> Updates:
        """After every turn, also a stopped one: wait until it has written, then draw what is in the store."""
        mine = [running for running in self._running.values() if running.gaze is tab.gaze]
        for running in mine:
            await asyncio.to_thread(running.closed.wait, SETTLE_TIMEOUT_S)
        self._running = {key: running for key, running in self._running.items() if not running.closed.is_set()}
        tab.gaze.halt = None
        ready: Updates = {self._composer.box: gr.update(submit_btn=self._screen.tr(tab)("chat.send"), stop_btn=False)}
        try:
            drawn = self._screen.draw(tab)
        except gr.Error:
            # The visit is over, which was said when the turn began.
            return ready
        # While a person reads the reply the model reads what comes behind it.
        await asyncio.to_thread(self._screen.desk(tab).prepare, drawn[self._screen.tab].conversation_id)
        return {**drawn, **ready}

    async def _run(self, tab: Tab, start: Start, before: list[StoredMessage], question: str | None) -> AsyncGenerator[Updates, None]:
        """Stream one turn. `question` is the person's text where it is part of the turn."""
        chatbot, returned = self._screen.chat.chatbot, self._composer.returned
        conversation_id = tab.conversation_id or ""
        current = self._running.get(conversation_id)
        if current is not None and not current.closed.is_set():
            self._complain(SolarChatError("turn_running"), tab)
            yield {returned: question or ""}
            return
        tr = self._screen.tr(tab)
        shown = notes.entries(before, tr) + ([notes.question(question)] if question is not None else [])
        running = self._running[conversation_id] = _Running(tab.gaze)
        tab.gaze.conversation_id = conversation_id
        stored: StoredMessage | None = None
        halt = tab.gaze.halt = tab.gaze.halt or Halt()
        try:
            loading = still_loading(self._screen.desk(tab).load_state())
            yield {self._screen.tab: tab, chatbot: [*shown, notes.waiting(tr("chat.waiting_model" if loading else "chat.thinking"))], returned: ""}
            async for events in batches(lambda: start(halt), running.closed, halt):
                for event in events:
                    if isinstance(event, Saved) and event.message.role == "user":
                        stored = event.message
                if tab.gaze.conversation_id != conversation_id:
                    # The tab shows another conversation by now; this one goes on into the store.
                    continue
                asked = next((event.change for event in events if isinstance(event, Decided)), OptionChange())
                if asked != OptionChange():
                    yield self._chosen(asked)
                last = events[-1]
                newest = next((event for event in reversed(events) if isinstance(event, Draft)), None)
                if newest is not None and newest.text.strip():
                    yield {chatbot: [*shown, notes.draft(newest.text)]}
                elif isinstance(last, Reading):
                    percent = 100 * last.done_tokens // max(1, last.prompt_tokens)
                    yield {chatbot: [*shown, notes.waiting(tr("chat.reading", percent=percent))]}
        except SolarChatError as error:
            self._complain(error, tab)
            yield {returned: self._unsaid(tab, question, stored)}
        except Exception as error:
            # A bug, ours or a library's: the page goes on and the person keeps the text; the log has the trace.
            log.exception("a turn failed")
            self._complain(self._screen.unexpected(error), tab)
            yield {returned: self._unsaid(tab, question, stored)}

    def _chosen(self, asked: OptionChange) -> Updates:
        """What the message asked for, in sight above the box before the reply has begun."""
        controls = self._screen.controls
        wanted = {controls.level: asked.level, controls.reply_language: asked.reply_language}
        return {component: value for component, value in wanted.items() if value is not None}

    def _unsaid(self, tab: Tab, question: str | None, stored: StoredMessage | None) -> str:
        """The person's text, unless the history still has it."""
        if question is None:
            return ""
        if stored is None:
            return question
        try:
            self._screen.desk(tab).store.message(stored.id)
        except StoreError:
            return question
        return ""

    def _messages(self, tab: Tab) -> list[StoredMessage]:
        """The messages that this tab shows, as it shows them."""
        store = self._screen.desk(tab).store
        return [store.message(message_id) for message_id in tab.message_ids]

    def _complain(self, error: SolarChatError, tab: Tab) -> None:
        warn(self._screen, tab, error)


def warn(screen: Screen, tab: Tab, error: SolarChatError) -> None:
    """Say what went wrong, in the tab's language, in a corner of the page."""
    catalogue = screen.assistant.catalogue
    gr.Warning(escape(catalogue.describe(error, tab.lang)), title=catalogue.tr(tab.lang, "toast.warning"))


def _plain(value: object) -> str:
    """The text of an edited message, which Gradio sends as a string or as blocks."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "\n".join(str(block.get("text", "")) for block in value if isinstance(block, dict))
    return ""


def wire_turns(turns: Turns, screen: Screen, composer: Composer) -> None:
    """Connect Enter, the arrows of the Chatbot, and Stop."""
    chatbot, box, tab = screen.chat.chatbot, composer.box, screen.tab
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    # The engine has one queue of its own; a page needs room for several people to wait in it.
    model: dict[str, Any] = {"concurrency_limit": 16, "concurrency_id": "turns", **quiet}
    asked = box.submit(None, [box, chatbot], [box, chatbot, composer.pending], js=JS_SUBMIT, **quiet)
    asked.then(turns.busy, tab, box, **QUIET)
    sent = asked.then(turns.send, [composer.pending, tab, screen.controls.level, screen.controls.reply_language], turns.outputs, **model)
    chatbot.retry(turns.busy, tab, box, js="(tab) => { window.solarBusy = true; return tab }", **QUIET)
    retried = chatbot.retry(turns.regenerate, tab, turns.outputs, **model)
    chatbot.edit(turns.busy, tab, box, js="(tab) => { window.solarBusy = true; return tab }", **QUIET)
    edited = chatbot.edit(turns.edit, tab, turns.outputs, **model)
    for run in (sent, retried, edited):
        # `.then` also runs after a cancelled or failed event.
        settled = run.then(turns.settle, tab, [*screen.outputs, box], **QUIET)
        settled.then(None, [composer.returned, box], [composer.returned, box], js=JS_SETTLED, **quiet)
    box.stop(turns.stop, tab, **QUIET)
