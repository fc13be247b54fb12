"""Sentences of a reply that were mended or that slipped: how many, which, what they were before.

Pure: what is stored about sentences in, HTML of the note out. The browser finds each sentence in the drawn reply by its words and underlines it there
(assets/page/marks.js); the Markdown of the reply is never touched. Without script the list in the note says the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Literal, Protocol

Kind = Literal["inflected", "regenerated", "slipped", "strayed"]
"""What became of a sentence: its ending was changed, it was written once more, it is in another level, or in another language or script."""

KINDS: tuple[Kind, ...] = ("inflected", "regenerated", "slipped", "strayed")
_GOOD: tuple[Kind, ...] = ("inflected", "regenerated")
# What Markdown would not draw: the mark of a list or heading, signs of emphasis and code.
_SIGNS = re.compile(r"^\s*(?:(?:#{1,6}|>|[-*+]|\d{1,3}[.)])\s+)+|\*\*|__|`+")


class Translate(Protocol):
    def __call__(self, key: str, /, **params: object) -> str: ...


def kind_of(sentence: Mapping[str, object]) -> Kind | None:
    """What is to be said about a stored sentence; None where it is as it was asked for. Replies of older versions know no `how` and no `reason`."""
    if sentence.get("slipped"):
        return "strayed" if sentence.get("reason") in ("language", "script") else "slipped"
    if sentence.get("repaired"):
        return "regenerated" if sentence.get("how") == "regenerated" else "inflected"
    return None


def chips(sentences: Sequence[Mapping[str, object]], tr: Translate) -> str:
    """One button for each kind there is, with its count; the browser lets it step through its sentences."""
    found = [kind_of(sentence) for sentence in sentences]
    shown = ((kind, found.count(kind)) for kind in KINDS if kind in found)
    return "".join(
        f'<button class="chip step {kind} {"good" if kind in _GOOD else "warn"}">'
        f"{escape(tr(f'badge.{kind}_one') if count == 1 else tr(f'badge.{kind}', count=count))}</button>"
        for kind, count in shown
    )


def details(sentences: Sequence[Mapping[str, object]], tr: Translate) -> str:
    """The marked sentences as a list that can be unfolded. `nth-N` says which of several equal sentences of the reply is meant, from 0."""
    rows: list[str] = []
    before = ""
    for sentence in sentences:
        text = str(sentence.get("text", "")).strip()
        kind = kind_of(sentence)
        if kind is not None and text:
            rows.append(f'<li class="mark {kind} nth-{before.count(text)}">{_row(sentence, kind, text, tr)}</li>')
        before += f"\n{text}"
    if not rows:
        return ""
    had_original = any(kind_of(sentence) in _GOOD and sentence.get("original") for sentence in sentences)
    summary = tr("badge.show_original" if had_original else "badge.show_slipped")
    return f"<details><summary>{escape(summary)}</summary><ul>{''.join(rows)}</ul></details>"


def _row(sentence: Mapping[str, object], kind: Kind, text: str, tr: Translate) -> str:
    original = sentence.get("original")
    shown = (
        f'<span class="was">{escape(tr("mark.before"))}: </span><del>{escape(_words(str(original)))}</del> → ' if original and kind in _GOOD else ""
    )
    level = str(sentence.get("level") or "none")
    if kind == "slipped" and level != "none":
        said = tr("mark.slipped", level=tr(f"level.{level}"))
    else:
        said = tr("mark.strayed" if kind == "slipped" else f"mark.{kind}")
    return f"{shown}<ins>{escape(_words(text))}</ins> <small>{escape(said)}</small>"


def _words(source: str) -> str:
    """A sentence as it is drawn."""
    return _SIGNS.sub("", source)
