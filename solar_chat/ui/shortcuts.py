"""The words that the page's scripts need in the reader's language: the list of shortcuts, and names for screen readers where Gradio has English only.

Drawn anew with every change of the language. What a shortcut does is in assets/page/shortcuts.js, where the names are put in page.js.
"""

from __future__ import annotations

from solar_chat.ui.marks import Translate
from solar_chat.ui.markup import safe

# What is pressed → `shortcuts.<name>`; a letter comes with the modifiers of the system.
_LETTERS = {"new": "n", "search": "k", "focus": "i", "copy": "c", "settings": ",", "list": "/"}
_KEYS = {"send": ("Enter",), "line": ("Shift", "Enter"), "stop": ("Esc",)}
_NAMES = ("copied", "nothing", "list_panel", "settings_panel", "messages")


def words_html(tr: Translate) -> str:
    """A dialog that is closed, with the names as its data."""
    names = "".join(f' data-{name.replace("_", "-")}="{safe(tr(f"shortcuts.name_{name}"))}"' for name in _NAMES)
    rows = [_row(tr(f"shortcuts.{name}"), f'<kbd data-letter="{safe(letter)}">Alt+{safe(letter.upper())}</kbd>') for name, letter in _LETTERS.items()]
    rows += [_row(tr(f"shortcuts.{name}"), "+".join(f"<kbd>{key}</kbd>" for key in keys)) for name, keys in _KEYS.items()]
    sizes = " ".join(f'<kbd data-zoom="{key}">Ctrl+{key}</kbd>' for key in ("+", "-", "0"))
    rows.append(_row(tr("shortcuts.size"), sizes, "in-window"))
    return (
        f'<dialog id="shortcuts" aria-labelledby="shortcuts-title"{names}><h2 id="shortcuts-title">{safe(tr("shortcuts.title"))}</h2>'
        f'<dl>{"".join(rows)}</dl><form method="dialog"><button autofocus>{safe(tr("shortcuts.close"))}</button></form></dialog>'
    )


def _row(words: str, keys: str, kind: str = "") -> str:
    return f'<div class="{kind}"><dt>{safe(words)}</dt><dd>{keys}</dd></div>'
