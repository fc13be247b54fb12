"""Views: what the middle of the window shows. One is in sight at a time; the conversations at the left and the settings at the right stay.

The rule: switching is the browser's alone. The address says which view is open (`#models`), so that a reload, a link and the Back button find it;
what is typed or being answered in another view goes on untouched. A view other than the chat is not in the document before it is opened, and asks the
server for nothing until then.

Another view is added in four steps:
  1. its name in `VIEWS`, its words `view.<name>` (the way to it) and `view.<name>_heading` (a Markdown heading) in both locales, and its sign in
     page.css (`#go-<name>`);
  2. in `page.build_page`, inside the main column: `if "<name>" in views: with view_column("<name>") as column:` and what it consists of;
  3. `nav.when_opened("<name>", column, draw, inputs, outputs)`: `draw` runs each time the view comes into sight, the first time included, and returns
     updates for `outputs`; nothing of the view may be computed before;
  4. whatever else belongs to one view only (a button in the header) gets `elem_classes=of_view("<name>")`.
A page for visitors is built with fewer `views`: what is left out has no components, no handlers and no way to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from solar_chat.ui.events import QUIET

CHAT = "chat"
VIEWS = (CHAT, "models", "upscale")


@dataclass(frozen=True, slots=True)
class Navigation:
    """The ways to the views, and the unseen buttons that page.js clicks when one has come into sight."""

    opened: dict[str, gr.Button]

    def when_opened(self, view: str, column: gr.Column, draw: Callable[..., Any], inputs: Sequence[Any], outputs: Sequence[Any]) -> Any:
        """Put `column` into the document at the first time, then let `draw` fill it, every time. Returns the event, for what shall follow it."""
        # Two steps: Gradio drops values for components that are not in the document yet.
        shown = self.opened[view].click(lambda: gr.update(visible=True), None, column, **QUIET)
        return shown.then(draw, list(inputs), list(outputs), **QUIET)


def build_navigation(i18n: gr.I18n, views: Sequence[str]) -> Navigation:
    """One button for each view; none where there is nothing to choose from."""
    opened: dict[str, gr.Button] = {}
    if len(views) > 1:
        with gr.Column(elem_id="views"):
            for view in views:
                way = gr.Button(i18n(f"view.{view}"), size="sm", elem_id=f"go-{view}", elem_classes="view-link", min_width=0)
                way.click(None, js=f"() => window.solarView('{view}')", api_visibility="private")
                opened[view] = gr.Button("", visible="hidden", elem_id=f"opened-{view}")
    return Navigation(opened)


def build_headings(i18n: gr.I18n, views: Sequence[str]) -> None:
    """What stands in the place of the conversation's title."""
    for view in views:
        if view != CHAT:
            gr.Markdown(i18n(f"view.{view}_heading"), elem_classes=[*of_view(view), "view-heading"])


def view_column(view: str) -> gr.Column:
    """Where the components of a view go. The chat's is there from the start."""
    return gr.Column(visible=view == CHAT, elem_id=f"view-{view}", elem_classes=["view", *of_view(view)])


def of_view(view: str) -> list[str]:
    """The class of what is in sight with `view` only."""
    return [f"of-{view}"]


def views_css(views: Sequence[str]) -> str:
    """What hides the parts of the other views, for the head: the first paint is right then."""
    return "".join(f"html:not([data-view='{view}']) .of-{view}{{display:none!important}}" for view in views)
