"""Buttons in the page's own HTML, and the box that asks before one of them does something that cannot be undone.

A box is the browser's own popover: it opens, closes with Escape and gives the focus back without a script, and it stays open while what lies around
it is drawn again. What a button does is in its `data-do` and `data-model`; `models_page` acts on it.
"""

from __future__ import annotations

from collections.abc import Sequence

from solar_chat.ui.markup import safe


def act_button(do: str, model: str, words: str, *, primary: bool = False) -> str:
    style = "primary" if primary else "plain"
    return f'<button class="{style}" data-do="{do}" data-model="{safe(model)}">{safe(words)}</button>'


def asking_button(ident: str, words: str, sentences: Sequence[str], sure: str, back: str, *, primary: bool = False) -> str:
    """A button called `words` that opens a box: what is to be known, the way `back`, and `sure`, the button that does it."""
    style = "primary" if primary else "plain"
    opener = f'<button class="{style}" popovertarget="{ident}">{safe(words)}</button>'
    # The harmless one has the focus.
    close = f'<button class="plain" popovertarget="{ident}" popovertargetaction="hide" autofocus>{safe(back)}</button>'
    said = "".join(f"<p>{safe(sentence)}</p>" for sentence in sentences)
    acts = f'<div class="acts">{close}{sure}</div>'
    return f'{opener}<div class="ask" popover id="{ident}" role="dialog" aria-label="{safe(words)}">{said}{acts}</div>'
