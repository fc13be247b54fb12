"""Buttons in the page's own HTML, and the box that asks before one of them does something that cannot be undone.

A box is the browser's own popover: it opens, closes with Escape and gives the focus back without a script, and it stays open while what lies around
it is drawn again. What a button does is in its `data-do` and `data-model`; the view's handlers act on it.
"""

from __future__ import annotations

from collections.abc import Sequence

from solar_chat.ui.markup import safe

# Gradio patches the drawn HTML in place, so a button keeps its focus and its click while the numbers beside it change. What was pressed is disabled
# until the answer is there.
JS_BUTTONS = """element.addEventListener('click', (event) => {
  const button = event.target.closest('button[data-do]')
  if (!button || button.disabled) return
  const box = button.closest('[popover]')
  if (box) box.hidePopover()
  button.disabled = true
  trigger('act', {act: button.dataset.do, model: button.dataset.model})
})"""
JS_ANSWERED = "() => document.querySelectorAll('button[data-do]:disabled').forEach((button) => { button.disabled = false })"


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
