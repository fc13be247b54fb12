"""How likely the model found each token: from rows of logits to `ScoredToken`s, and from tokens to the stretches of text that show them.

The rule: numbers are of the model's own distribution, before penalties, temperature or a detour; that is what evaluations compare. Decides nothing.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from solar_chat.engine.protocol import ScoredToken, TokenChance
from solar_chat.engine.tokenizer import Detokenizer, TextTokenizer

if TYPE_CHECKING:
    from torch import Tensor


def chance(raw: bytes, logprob: float | None) -> TokenChance:
    """A token by its bytes; pieces of a character are spelled as OpenAI spells them."""
    try:
        return TokenChance(raw.decode(), raw, logprob)
    except UnicodeDecodeError:
        return TokenChance("bytes:" + "".join(f"\\x{byte:02x}" for byte in raw), raw, logprob)


class Scores:
    """The scored tokens of one request that no event has shown yet."""

    def __init__(self, tokenizer: TextTokenizer, likeliest: int) -> None:
        """`likeliest` is how many alternatives to name for each token."""
        self._tokenizer = tokenizer
        self.likeliest = likeliest
        self._waiting: deque[tuple[int, ScoredToken]] = deque()
        self._said = self._shown = 0

    def prompt(self, ids: list[int], start: int, logits: Tensor) -> tuple[ScoredToken, ...]:
        """The tokens that `logits` [n, vocabulary] speak of: those behind `ids[start : start + n]`, and the first one of all."""
        rows = logits.log_softmax(-1)
        detokenizer = Detokenizer(self._tokenizer)
        texts = [self._prompt_text(detokenizer, token, place) for place, token in enumerate(ids[: start + len(rows) + 1])]
        first = [ScoredToken(chance(self._tokenizer.raw_of(ids[0]), None), (), texts[0])] if start == 0 else []
        following = ids[start + 1 : start + 1 + len(rows)]
        return (
            *first,
            *(self._scored(row, token, texts[start + 1 + place]) for place, (row, token) in enumerate(zip(rows, following, strict=False))),
        )

    def add(self, logits: Tensor, token: int, text: str) -> None:
        """The reply went on with `token`, chosen from `logits` [vocabulary], which completed `text`."""
        self.append(self._scored(logits.log_softmax(-1), token, text))

    def append(self, scored: ScoredToken) -> None:
        """The reply went on with `scored`."""
        self._said += len(scored.text)
        self._waiting.append((self._said, scored))

    def take(self, text: str) -> tuple[ScoredToken, ...]:
        """The tokens of `text`, which is shown now; what waits for the rest of a possible stop string goes on waiting."""
        self._shown += len(text)
        taken = []
        while self._waiting and self._waiting[0][0] <= self._shown:
            taken.append(self._waiting.popleft()[1])
        return tuple(taken)

    def _prompt_text(self, detokenizer: Detokenizer, token: int, place: int) -> str:
        if token in self._tokenizer.special_ids:
            # It was written out in the prompt, but for the mark that the tokenizer put in front.
            return "" if place == 0 and token == self._tokenizer.bos_id else self._tokenizer.raw_of(token).decode()
        return detokenizer.push(token)

    def _scored(self, logprobs: Tensor, token: int, text: str) -> ScoredToken:
        best = logprobs.topk(min(self.likeliest, logprobs.numel()))
        likeliest = tuple(
            chance(self._tokenizer.raw_of(index), value) for index, value in zip(best.indices.tolist(), best.values.tolist(), strict=True)
        )
        return ScoredToken(chance(self._tokenizer.raw_of(token), float(logprobs[token])), likeliest, text)
