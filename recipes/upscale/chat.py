"""Conversations as the tokens the app would give the model, and which of them the loss counts.

The rule: what stands before a reply is, token for token, the prompt that the engine builds for it (`ChatTemplate.render` through `TextTokenizer`);
the loss counts the reply and the token that ends it, nothing else. A conversation of which that cannot be said is refused (None), never trained on
askew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from recipes.upscale.data import Preference
from solar_chat.engine.tokenizer import TextTokenizer
from solar_chat.messages import Message
from solar_chat.prompts import ChatTemplate

IGNORED = -100
"""The label of a token that the loss does not count, as torch and transformers have it."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """A sequence to train on; `labels` repeats the ids that count and has IGNORED elsewhere."""

    ids: list[int]
    labels: list[int]


@dataclass(frozen=True, slots=True)
class ChatTokens:
    """One model's way from messages to tokens."""

    tokenizer: TextTokenizer
    template: ChatTemplate
    end_id: int
    """The token that ends the model's text; a reply whose template writes no end gets it at the very end."""

    @property
    def ends(self) -> frozenset[int]:
        """The tokens at which the engine ends a reply."""
        marks = (self.tokenizer.added_id(mark) for mark in self.template.stop)
        return frozenset({self.end_id, *(mark for mark in marks if mark is not None)})

    def conversation(self, messages: Sequence[Message]) -> Tokens | None:
        """A conversation that ends in a reply; None where the prompt of a reply is not the beginning of the whole, token for token."""
        ids = self._through(messages)
        counted = [False] * len(ids)
        for place, turn in enumerate(messages):
            if turn.role != "assistant":
                continue
            prompt = self.tokenizer.encode_prompt(self.template.render(messages[:place]))
            if ids[: len(prompt)] != prompt:
                return None
            stop = self._stop(ids, len(prompt), messages[: place + 1])
            counted[len(prompt) : stop] = [True] * (stop - len(prompt))
        if not any(counted):
            return None
        # Behind the last token that counts stands only what the next turn would begin with.
        length = len(counted) - counted[::-1].index(True)
        ids = ids[:length]
        if ids[-1] not in self.ends:
            ids, counted = [*ids, self.end_id], [*counted[:length], True]
        return Tokens(ids, [token if counts else IGNORED for token, counts in zip(ids, counted, strict=False)])

    def preference(self, pair: Preference) -> tuple[list[int], list[int], list[int]] | None:
        """The prompt and the two replies, each with its end; None where the prompt does not stay the same in front of both."""
        prompt = self.tokenizer.encode_prompt(self.template.render(pair.prompt))
        replies = []
        for reply in (pair.chosen, pair.rejected):
            tokens = self.conversation([*pair.prompt, Message("assistant", reply)])
            if tokens is None or tokens.ids[: len(prompt)] != prompt:
                return None
            replies.append(tokens.ids[len(prompt) :])
        return prompt, replies[0], replies[1]

    def _through(self, messages: Sequence[Message]) -> list[int]:
        """The conversation up to and with its last message."""
        return self.tokenizer.encode_prompt(self._text(messages))

    def _text(self, messages: Sequence[Message]) -> str:
        return self.template.render(messages).removesuffix(self.template.cue)

    def _stop(self, ids: list[int], start: int, messages: Sequence[Message]) -> int:
        """Where what counts of the reply that begins at `start` stops: behind the token that ends it, else with its words."""
        end = len(self._through(messages))
        ended = [place for place in range(start, end) if ids[place] in self.ends]
        if ended:
            return ended[0] + 1
        # The reply's words alone, as far as they are the same tokens.
        bare = self.tokenizer.encode_prompt(self._text(messages).removesuffix(self.template.after["assistant"]))
        return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(ids, bare, strict=False)))
