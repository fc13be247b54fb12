"""Speech level and reply language: always in sight above the box, one click each.

A click counts for this conversation from its next reply on, and is where the next new conversation starts.
"""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from solar_chat.levels import LEVELS

REPLY_CHOICES = ("follow", "ko", "en")


@dataclass(frozen=True, slots=True)
class ControlRegion:
    level: gr.Radio
    reply_language: gr.Radio


def build_controls(i18n: gr.I18n) -> ControlRegion:
    with gr.Row(elem_id="controls"):
        level = gr.Radio(
            [(i18n(f"level.{level}"), level) for level in LEVELS],
            label=i18n("controls.level"),
            elem_id="level",
            elem_classes="segmented",
            min_width=0,
        )
        reply_language = gr.Radio(
            [(i18n(f"reply.{choice}"), choice) for choice in REPLY_CHOICES],
            label=i18n("controls.reply_language"),
            elem_id="reply-language",
            elem_classes="segmented",
            min_width=0,
        )
    return ControlRegion(level, reply_language)
