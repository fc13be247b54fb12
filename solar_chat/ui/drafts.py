"""The draft, told to the assistant once it rests, so that the model reads it ahead; and the choices beside it, which are sent with it.

The rule: nothing comes back. No output, no progress, no error reaches the page, so that no input method is disturbed and no text changes under the
hand that writes it. When a draft rests, and that it leaves no browser on another computer, is page.js's to know. Stores nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from solar_chat.levels import Level
from solar_chat.settings import ReplyChoice
from solar_chat.ui.chat import Composer
from solar_chat.ui.events import LAST
from solar_chat.ui.screen import Screen, Tab

# In place of the box's own value: empty where the draft shall not be read.
_JS_DRAFT = "(draft, ...others) => [window.solarDraft(), ...others]"


@dataclass(frozen=True, slots=True, eq=False)
class Drafts:
    """The handlers of one page."""

    screen: Screen

    def rest(self, draft: str, tab: Tab, level: Level, reply_language: ReplyChoice) -> None:
        """Read what is known of the next turn. The draft is empty where it may not be read."""
        self.screen.desk(tab).prepare(tab.conversation_id, draft, level=level, reply_language=reply_language)


def wire_drafts(drafts: Drafts, composer: Composer) -> None:
    screen, controls = drafts.screen, drafts.screen.controls
    # Out of sight: the page's script clicks it.
    rested = gr.Button("", visible="hidden", elem_id="draft-rests")
    quiet: dict[str, Any] = {**LAST, "js": _JS_DRAFT}
    known = [composer.box, screen.tab, controls.level, controls.reply_language]
    for event in (rested.click, controls.level.change, controls.reply_language.change):
        event(drafts.rest, known, None, **quiet)
