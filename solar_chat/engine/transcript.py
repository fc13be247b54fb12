"""What the model said to its last prompt, token by token, so that a reply can be continued from the middle exactly.

A text that a model wrote does not always tokenize to the tokens it was written in: decoders drop the space in front of a reply, and models spell
words in pieces that no tokenizer would choose. A continued reply finds its own tokens here, and with them all of its keys and values. Knows text and
ids only.
"""

from __future__ import annotations


class Transcript:
    """One prompt and the reply to it."""

    def __init__(self, prompt: str, ids: list[int]) -> None:
        """`ids` are the tokens of `prompt`."""
        self._prompt = prompt
        self._prompt_ids = list(ids)
        self._reply_ids: list[int] = []
        self._pieces: list[str] = []

    def add(self, token: int, text: str) -> None:
        """The model said `token`, which completed `text`; often none."""
        self._reply_ids.append(token)
        self._pieces.append(text)

    def ids_of(self, prompt: str) -> list[int] | None:
        """The tokens of `prompt` where it is the old one with the beginning of the reply behind it, up to the end of a token."""
        if not prompt.startswith(self._prompt):
            return None
        position = len(self._prompt)
        for count, piece in enumerate(self._pieces):
            if position == len(prompt):
                return self._prompt_ids + self._reply_ids[:count]
            if not prompt.startswith(piece, position):
                return None
            position += len(piece)
        return self._prompt_ids + self._reply_ids if position == len(prompt) else None
