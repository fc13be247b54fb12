"""A model on a server: its address, its key, its name, and what leaves this computer.

The rule: before anything is sent it is said where it will go; a key goes from its field into the system's keychain and is never drawn again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from solar_chat.assistant import ServerFacts, forget_key, remote_models, save_key
from solar_chat.errors import InputError, ModelError, SolarChatError
from solar_chat.ui.events import LAST, QUIET
from solar_chat.ui.marks import Translate
from solar_chat.ui.markup import safe
from solar_chat.ui.models_page import Models, problem_html
from solar_chat.ui.models_view import ServerRegion
from solar_chat.ui.screen import Screen, Tab, Updates


@dataclass(frozen=True, slots=True, eq=False)
class ServerForm:
    """The handlers of one page."""

    models: Models

    @property
    def screen(self) -> Screen:
        return self.models.screen

    @property
    def region(self) -> ServerRegion:
        return self.models.region.server

    def look(self, kind: str | None, address: str | None, tab: Tab) -> Updates:
        """What is known about the server that is chosen. Asks it nothing."""
        region = self.region
        if kind is None:
            return {region.fields: gr.update(visible=False)}
        typed = (address or "").strip()
        shown: Updates = {region.fields: gr.update(visible=True), region.address: gr.update(visible=kind == "other"), region.problem: ""}
        try:
            facts = self.screen.assistant.library.server(_address(kind, address))
        except SolarChatError as error:
            problem = problem_html(self.screen, tab, error) if kind != "other" or typed else ""
            return {**shown, **self._key_parts(None), region.facts: "", region.problem: problem}
        return {**shown, **self._key_parts(facts), region.facts: facts_html(facts, self.screen.tr(tab))}

    def choose(self, kind: str, address: str | None, tab: Tab) -> Updates:
        """Another server: its models are not those of the last one."""
        return {**self.look(kind, address, tab), self.region.model: gr.update(choices=[], value=None)}

    def list_models(self, kind: str, address: str | None, tab: Tab) -> Updates:
        """Ask the server what it offers."""
        region = self.region
        try:
            found = [model.id for model in remote_models(_address(kind, address))]
        except SolarChatError as error:
            return {region.problem: problem_html(self.screen, tab, error)}
        said = self.screen.tr(tab)("models_page.server_offers", count=len(found))
        first = found[0] if len(found) == 1 else None
        return {region.model: gr.update(choices=found, value=first), region.problem: f'<p class="good" role="status">{safe(said)}</p>'}

    def save_key(self, secret: str, kind: str, address: str | None, tab: Tab) -> Updates:
        """Into the keychain; the field is emptied whatever happens."""
        region = self.region
        try:
            server = save_key(_address(kind, address), secret)
        except SolarChatError as error:
            return {region.key: "", region.problem: problem_html(self.screen, tab, error)}
        said = self.screen.tr(tab)("models.key_saved", server=server)
        return {**self.look(kind, address, tab), region.key: "", region.problem: f'<p class="good" role="status">{safe(said)}</p>'}

    def forget_key(self, kind: str, address: str | None, tab: Tab) -> Updates:
        region = self.region
        try:
            gone = forget_key(_address(kind, address))
        except SolarChatError as error:
            return {region.problem: problem_html(self.screen, tab, error)}
        said = self.screen.tr(tab)("models.key_forgotten" if gone else "models.key_none")
        return {**self.look(kind, address, tab), region.problem: f'<p class="good" role="status">{safe(said)}</p>'}

    def use(self, kind: str, address: str | None, model: str | None, tab: Tab) -> Updates:
        """Put the model on the list and let it answer from now on."""
        assistant = self.screen.assistant
        try:
            if not (model or "").strip():
                raise InputError("server_model_missing")
            spec = assistant.library.add_on_server(_address(kind, address), model or "")
            assistant.settings.update(model=spec.id)
        except SolarChatError as error:
            return {self.region.problem: problem_html(self.screen, tab, error)}
        assistant.start_loading(spec.id)
        return {**self.models.draw(tab), **self.models.preferences.poll(tab), self.region.problem: ""}

    def _key_parts(self, facts: ServerFacts | None) -> Updates:
        """The field where a key can be kept, the way to delete one where there is one."""
        region, state = self.region, facts.key if facts is not None else "not_needed"
        return {
            region.key_row: gr.update(visible=state in ("keychain", "environment", "missing", "locked")),
            region.forget_key: gr.update(visible=state == "keychain"),
        }


def facts_html(facts: ServerFacts, tr: Translate) -> str:
    """Where what is written goes, and how it stands with the key."""
    where = tr("models_page.leaves", server=facts.leaves_for) if facts.leaves_for else tr("models_page.stays", url=facts.url)
    kind = "leaves" if facts.leaves_for else "stays"
    key = "" if facts.key == "not_needed" else f"<p>{safe(tr(f'models_page.key_{facts.key}', variable=facts.variable))}</p>"
    return f'<p class="{kind}">{safe(where)}</p>{key}'


def _address(kind: str, typed: str | None) -> str:
    """`typed` is None while its field has not been in sight. Raises ModelError `remote_bad_url` where an address is missing."""
    address = (typed or "").strip()
    if kind == "other" and not address:
        raise ModelError("remote_bad_url", url="-")
    return address if kind == "other" else kind


def wire_server(form: ServerForm, opened: Any) -> None:
    """`opened` is the event after which the view is in sight."""
    region, tab = form.region, form.screen.tab
    which = [region.kind, region.address, tab]
    looked = [region.fields, region.address, region.facts, region.key_row, region.forget_key, region.problem]
    opened.then(form.look, which, looked, **QUIET)
    region.kind.input(form.choose, which, [*looked, region.model], **LAST)
    for trigger in (region.address.blur, region.address.submit):
        trigger(form.look, which, looked, **QUIET)
    busy = {**QUIET, "show_progress": "minimal"}
    region.list_models.click(form.list_models, which, [region.model, region.problem], **busy)
    for trigger in (region.save_key.click, region.key.submit):
        trigger(form.save_key, [region.key, *which], [*looked, region.key], **QUIET)
    region.forget_key.click(form.forget_key, which, looked, **QUIET)
    models = form.models
    region.use.click(
        form.use, [region.kind, region.address, region.model, tab], [*models.region.drawn, *models.preferences.followed, region.problem], **busy
    )
