"""What Kiwi's analysis is handed on as: one morpheme with its tag and its place in the original text. Nothing is analysed here."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(init=False, slots=True)
class Morpheme:
    """One of Kiwi's tokens; offsets in characters of the original text. `tag` keeps -R/-I, which `join` needs; `kind` is the tag without it.

    Not frozen although nobody changes one: half a million pass by in a minute, and a frozen dataclass takes four times as long to make.
    """

    form: str
    tag: str
    start: int
    end: int
    kind: str = field(repr=False, compare=False)

    def __init__(self, form: str, tag: str, start: int, end: int) -> None:
        self.form = form
        self.tag = tag
        self.start = start
        self.end = end
        self.kind = tag.partition("-")[0] if "-" in tag else tag
