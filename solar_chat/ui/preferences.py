"""What a person changes in the settings panel, and how a tab opens: language, theme, guard, sampling, model.

A change is in the settings file before the handler returns. Language and theme switch in the browser at once (page.js); what the server wrote into
the page is drawn again in the new language.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from typing import Any

import gradio as gr

from solar_chat.errors import SolarChatError
from solar_chat.i18n import InterfaceLanguage
from solar_chat.settings import GuardMode, LanguageChoice, Theme
from solar_chat.ui.chat import Composer
from solar_chat.ui.events import LAST, QUIET
from solar_chat.ui.header import status_html, still_loading
from solar_chat.ui.marks import Translate
from solar_chat.ui.screen import Screen, Tab, Updates
from solar_chat.ui.settings_panel import SettingsRegion, model_html, places_html
from solar_chat.ui.shortcuts import words_html
from solar_chat.ui.turns import warn

EXAMPLES = ("about", "level", "model")
# A visitor loads no model.
GUEST_EXAMPLES = ("about", "level")
_JS_OPEN = "(tab, memory, spoken, ...visit) => { window.solarClosePanels(); return [tab, memory, document.documentElement.lang, ...visit] }"
# Another view than the chat is drawn once the tab knows its language.
_JS_OPENED = "() => window.solarViewShown()"
_JS_TO_MODELS = "() => { document.querySelector('#settings.open > .toggle-button')?.click(); window.solarView('models') }"
_JS_LANGUAGE = "(choice, tab, spoken) => [choice, tab, window.solarLanguage(choice)]"
_JS_THEME = "(choice, tab) => { window.solarTheme(choice); return [choice, tab] }"


@dataclass(frozen=True, slots=True, eq=False)
class Preferences:
    """The handlers of one page."""

    screen: Screen
    settings: SettingsRegion
    composer: Composer
    words: gr.HTML
    """What the page's scripts say, in the tab's language."""

    def open(self, tab: Tab, memory: object, spoken: str, token: object = None) -> Updates:
        """A tab that was just loaded: the conversation it showed before, else the newest. `token` is a visitor's, from an earlier load."""
        tab = replace(tab, lang=_interface_language(spoken))
        entered: Updates = {}
        if self.screen.visits is not None and self.screen.visit is not None:
            try:
                visit = self.screen.visits.enter(token if isinstance(token, str) else None)
            except SolarChatError as error:
                warn(self.screen, tab, error)
                return {self.screen.tab: tab}
            tab, entered = replace(tab, visit=visit.token), {self.screen.visit: visit.token}
        desk = self.screen.desk(tab)
        store = desk.store
        try:
            drawn = self.screen.draw(tab.at(memory if isinstance(memory, str) else None))
            newest = store.list(limit=1)
            if drawn[self.screen.tab].conversation_id is None and newest:
                drawn = self.screen.draw(tab.at(newest[0].id))
        except SolarChatError as error:
            warn(self.screen, tab, error)
            drawn = {self.screen.tab: tab}
        problem = desk.settings.problem
        values = self.settings.values(desk.settings.load())
        if problem is not None:
            warn(self.screen, tab, problem)
        return {**drawn, **values, **entered, **self._words(tab, drawn)}

    def leave(self, tab: Tab) -> None:
        """The visitor goes, and what was said goes with them; the page loads again as a new visit."""
        if self.screen.visits is not None:
            self.screen.visits.leave(tab.visit)

    def set_language(self, choice: LanguageChoice, tab: Tab, spoken: str) -> Updates:
        """`spoken` is the language the page now speaks."""
        tab = replace(tab, lang=_interface_language(spoken))
        self._update(tab, interface_language=choice)
        drawn = self.screen.draw(tab)
        return {**drawn, **self._words(tab, drawn)}

    def set_theme(self, choice: Theme, tab: Tab) -> None:
        self._update(tab, theme=choice)

    def set_guard(self, mode: GuardMode, tab: Tab) -> None:
        self._update(tab, guard=mode)

    def set_temperature(self, value: float, tab: Tab) -> None:
        self._update(tab, temperature=value)

    def set_max_reply_tokens(self, value: float, tab: Tab) -> None:
        self._update(tab, max_reply_tokens=int(value))

    def begin_loading(self, tab: Tab) -> Updates:
        """The first page is up and can be typed into: only now may torch take the processor. What it shows is what the model reads first."""
        desk = self.screen.desk(tab)
        desk.prepare(tab.conversation_id)
        desk.ready()
        return self.poll(tab)

    @property
    def followed(self) -> list[Any]:
        """What `poll` draws."""
        own = [] if self.settings.own is None else [self.settings.own.model]
        return [self.screen.header.status, self.screen.header.poll, *own]

    def poll(self, tab: Tab) -> Updates:
        """The state of the model; the timer stops when it has come to rest."""
        if self.screen.visits is not None and tab.visit is None:
            # The timer was quicker than the opening of the page: this tab has no visit yet, not one that is over.
            return {self.screen.header.poll: gr.Timer(active=True)}
        state, catalogue = self.screen.desk(tab).load_state(), self.screen.assistant.catalogue
        own = {} if self.settings.own is None else {self.settings.own.model: model_html(state, self.screen.tr(tab))}
        return {
            self.screen.header.status: status_html(state, catalogue, tab.lang),
            self.screen.header.poll: gr.Timer(active=still_loading(state)),
            **own,
        }

    def example(self, event: gr.SelectData) -> str:
        """The text of an example, for the box."""
        value = event.value
        return str(value.get("text", "")) if isinstance(value, dict) else str(value)

    def _words(self, tab: Tab, drawn: Updates) -> Updates:
        """What the server writes in the tab's language, beside the screen."""
        tr = self.screen.tr(tab)
        chatbot = self.screen.chat.chatbot
        welcome = f'<div class="welcome"><img src="app/assets/icon.svg" alt="" width="64" height="64"><h2>{escape(tr("welcome.title"))}</h2>'
        welcome += f"<p>{escape(tr('welcome.text'))}</p>{self._guest_note(tr)}</div>"
        names = EXAMPLES if self.screen.visits is None else GUEST_EXAMPLES
        examples = [{"text": tr(f"example.{name}"), "display_text": tr(f"example.{name}")} for name in names]
        return {
            chatbot: gr.update(**{**drawn.get(chatbot, {}), "placeholder": welcome, "examples": examples}),
            self.composer.box: gr.update(submit_btn=tr("chat.send")),
            self.words: words_html(tr),
            **({} if self.settings.own is None else {self.settings.own.places: places_html(self.screen.assistant, tr)}),
            **self.poll(tab),
        }

    def _guest_note(self, tr: Translate) -> str:
        """What a stranger must know before the first word: whose machine it is and what becomes of what they say."""
        if self.screen.visits is None:
            return ""
        kept = self.screen.assistant.home.kept_visits is not None
        return f'<p class="guest">{escape(tr("visit.welcome_kept" if kept else "visit.welcome"))}</p>'

    def _update(self, tab: Tab, **changes: object) -> bool:
        try:
            self.screen.desk(tab).settings.update(**changes)
        except SolarChatError as error:
            warn(self.screen, tab, error)
            return False
        return True


def _interface_language(spoken: str) -> InterfaceLanguage:
    return "ko" if spoken.lower().startswith("ko") else "en"


def wire_preferences(handlers: Preferences, page: gr.Blocks) -> None:
    screen, settings, composer = handlers.screen, handlers.settings, handlers.composer
    tab, header = screen.tab, screen.header
    spoken = gr.Textbox(visible=False, elem_id="spoken")
    words: list[Any] = [*screen.outputs, composer.box, handlers.words, *([settings.own.places] if settings.own else []), *handlers.followed]
    visit = [screen.visit] if screen.visit is not None else []
    opened = page.load(handlers.open, [tab, screen.memory, spoken, *visit], [*words, *settings.controls, *visit], js=_JS_OPEN, **QUIET)
    opened.then(None, js=_JS_OPENED, api_visibility="private")
    opened.then(handlers.begin_loading, tab, handlers.followed, **QUIET)
    spoke = settings.interface_language.input(handlers.set_language, [settings.interface_language, tab, spoken], words, js=_JS_LANGUAGE, **LAST)
    spoke.then(None, js=_JS_OPENED, api_visibility="private")
    settings.theme.input(handlers.set_theme, [settings.theme, tab], None, js=_JS_THEME, **LAST)
    settings.guard.input(handlers.set_guard, [settings.guard, tab], None, **LAST)
    if settings.own is not None:
        settings.own.temperature.release(handlers.set_temperature, [settings.own.temperature, tab], None, **LAST)
        settings.own.max_reply_tokens.release(handlers.set_max_reply_tokens, [settings.own.max_reply_tokens, tab], None, **LAST)
        if settings.own.to_models is not None:
            settings.own.to_models.click(None, js=_JS_TO_MODELS, api_visibility="private")
    if settings.leave is not None:
        settings.leave.click(handlers.leave, tab, None, **QUIET).then(
            None, js="() => { window.solarForgetLook(); location.reload() }", api_visibility="private"
        )
    header.poll.tick(handlers.poll, tab, handlers.followed, **QUIET)
    screen.chat.chatbot.example_select(handlers.example, None, composer.box, **QUIET)
