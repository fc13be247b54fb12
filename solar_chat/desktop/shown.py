"""An error that the person has seen: what is left is to end, and to say it where somebody may read a terminal."""

from __future__ import annotations


class Shown(Exception):
    """What went wrong has been shown to the person: `sentence`."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
