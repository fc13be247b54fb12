"""Word lists as text: one string of words, separated by any white space, is easier to read and to extend than a list of quoted ones."""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The words of `text`."""
    return frozenset(text.split())
