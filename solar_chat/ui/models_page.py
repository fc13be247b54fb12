"""The Models view: which models there are, what they need, and getting, using and removing them."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import gradio as gr

from solar_chat.models import CATALOG


@dataclass(frozen=True, slots=True)
class ModelsRegion:
    column: gr.Column
    models: gr.HTML


def build_models(column: gr.Column) -> ModelsRegion:
    return ModelsRegion(column, gr.HTML(elem_id="models"))


def models_html() -> str:
    return f"<ul>{''.join(f'<li>{escape(spec.name)}</li>' for spec in CATALOG)}</ul>"
