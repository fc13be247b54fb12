"""What a file says of its model beside the weights: name, licence, template, context. Values only."""

from __future__ import annotations

from dataclasses import dataclass

from solar_chat.prompts import ChatTemplate


@dataclass(frozen=True, slots=True)
class About:
    """One model, for the file's header and for Ollama."""

    name: str
    template: ChatTemplate
    context_tokens: int
    """How much of it the app uses; the file's own limit may be higher."""
    licence: str | None = None
    """As the catalogue or the card says; None where nobody did."""
    licence_text: str | None = None
    """The terms, where they lie beside the model."""
