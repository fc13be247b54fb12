"""The end of the owner's settings: reporting a problem, asking for a newer version, ending the program."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from solar_chat.errors import SolarChatError
from solar_chat.ui.events import QUIET
from solar_chat.ui.markup import safe
from solar_chat.ui.screen import Screen, Tab, Updates
from solar_chat.ui.services import Services

_REPORT_LINES = 8
# The page cannot be used any more: what is in it would only fail. No handler may run that would ask the server.
_JS_OVER = (
    "(words) => { const said = document.createElement('p'); said.id = 'over'; said.setAttribute('role', 'status'); said.textContent = words;"
    " document.body.replaceChildren(said); document.title = 'Solar Chat'; window.stop() }"
)


@dataclass(frozen=True, slots=True)
class DesktopRegion:
    folder: gr.Button
    show: gr.Button
    report: gr.Textbox
    said: gr.HTML
    """What came of a button."""
    check: gr.Button | None
    newest: gr.HTML
    leave: gr.Button | None
    over: gr.Textbox
    """The last words on their way to the browser; never seen."""


def build_desktop(i18n: gr.I18n, services: Services) -> DesktopRegion:
    gr.Markdown(i18n("desktop.report_heading"), elem_classes="settings-heading")
    gr.Markdown(i18n("desktop.report_about"), elem_classes="settings-about")
    with gr.Row(elem_classes="settings-buttons"):
        show = gr.Button(i18n("desktop.show_report"), size="sm", elem_id="show-report", min_width=0)
        folder = gr.Button(i18n("desktop.open_logs"), size="sm", elem_id="open-logs", min_width=0)
    said = gr.HTML(elem_id="report-said", visible=False)
    report = gr.Textbox(
        label=i18n("desktop.report"),
        lines=_REPORT_LINES,
        max_lines=_REPORT_LINES,
        interactive=False,
        buttons=["copy"],
        visible=False,
        elem_id="report",
    )
    check = None
    if services.newest is not None:
        check = gr.Button(i18n("desktop.check"), size="sm", elem_id="check-updates", min_width=0)
    newest = gr.HTML(elem_id="newest", visible=False)
    leave = None
    if services.quit is not None:
        leave = gr.Button(i18n("desktop.quit"), size="sm", variant="stop", elem_id="quit", min_width=0)
    return DesktopRegion(folder, show, report, said, check, newest, leave, gr.Textbox(visible=False, elem_id="over-words"))


def wire_desktop(region: DesktopRegion, services: Services, screen: Screen) -> None:
    def show_report(tab: Tab) -> Updates:
        return {region.report: gr.update(value=services.report(tab.lang), visible=True)}

    def open_logs(tab: Tab) -> Updates:
        # Where it did not open, its name is of use; where it did, what to look for is.
        words = "desktop.logs_opened" if services.open_logs() else "desktop.logs_are_in"
        return {region.said: gr.update(value=f"<p>{safe(screen.tr(tab)(words, log=services.log))}</p>", visible=True)}

    def check(tab: Tab) -> Updates:
        assert services.newest is not None
        try:
            sentence, page = services.newest(tab.lang)
        except SolarChatError as error:
            sentence, page = screen.assistant.catalogue.describe(error, tab.lang), None
        link = "" if page is None else f' <a href="{safe(page)}" target="_blank" rel="noopener noreferrer">{safe(page)}</a>'
        return {region.newest: gr.update(value=f'<p role="status">{safe(sentence)}{link}</p>', visible=True)}

    def leave(tab: Tab) -> Updates:
        assert services.quit is not None
        services.quit()
        return {region.over: screen.tr(tab)("desktop.over")}

    tab = screen.tab
    region.show.click(show_report, tab, [region.report], **QUIET)
    region.folder.click(open_logs, tab, [region.said], **QUIET)
    if region.check is not None:
        region.check.click(check, tab, [region.newest], **QUIET)
    if region.leave is not None:
        region.leave.click(leave, tab, [region.over], **QUIET).then(None, region.over, js=_JS_OVER, api_visibility="private")
