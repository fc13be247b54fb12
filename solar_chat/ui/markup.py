"""Text inside the page's own HTML: nothing in it is markup, a template or a placeholder."""

from __future__ import annotations

import re
from html import escape

# ASCII only: a Korean particle stands right behind an address.
_ADDRESS = re.compile(r"https?://[\w./:%~#-]*[\w/]", re.ASCII)


def safe(text: str) -> str:
    """`text` as it stands. gr.HTML reads its value as a template too, so braces and dollars are written as entities."""
    return escape(text).replace("{", "&#123;").replace("$", "&#36;").replace("`", "&#96;").replace("\\", "&#92;")


def with_links(text: str) -> str:
    """`safe`, with the web addresses in it as links that open beside the page."""
    pieces, end = [], 0
    for found in _ADDRESS.finditer(text):
        pieces += [safe(text[end : found.start()]), link(found[0], found[0])]
        end = found.end()
    return "".join([*pieces, safe(text[end:])])


def link(address: str, words: str) -> str:
    return f'<a href="{safe(address)}" target="_blank" rel="noopener noreferrer">{safe(words)}</a>'
