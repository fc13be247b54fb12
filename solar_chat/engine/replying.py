"""One reply in the making, token by token: which token comes next, and what of it may be shown.

The same for a reply that has the model to itself (`local`) and for one that is made together with others (`batch`). Runs no model.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import TYPE_CHECKING

from solar_chat.engine.detour import Detour
from solar_chat.engine.protocol import GenerationRequest, TextPiece
from solar_chat.engine.sampling import choose
from solar_chat.engine.scoring import Scores
from solar_chat.engine.stops import StopScanner
from solar_chat.engine.tokenizer import Detokenizer, TextTokenizer
from solar_chat.engine.transcript import Transcript

if TYPE_CHECKING:
    from torch import Tensor


class NotNumbers(RuntimeError):
    """The model computed NaN: what it has read can be trusted no more."""

    def __init__(self) -> None:
        super().__init__("the logits are not numbers")


class Reply:
    """Where one reply stands."""

    def __init__(self, request: GenerationRequest, tokenizer: TextTokenizer, transcript: Transcript | None = None) -> None:
        self.scanner = StopScanner(request.stop)
        self.scores = None if request.logprobs is None else Scores(tokenizer, request.logprobs)
        self.tokens = 0
        self._detokenizer = Detokenizer(tokenizer)
        self._transcript = transcript

    def push(self, token: int, logits: Tensor) -> str:
        """The text that may be shown now that `token` was chosen from `logits`."""
        self.tokens += 1
        text = self._detokenizer.push(token)
        if self._transcript is not None:
            self._transcript.add(token, text)
        if self.scores is not None:
            self.scores.add(logits, token, text)
        return self.scanner.push(text)

    def end(self) -> str:
        """The text still held back."""
        return self.scanner.flush()

    def piece(self, text: str) -> TextPiece:
        """`text` as it is shown."""
        return TextPiece(text, self.tokens, self.scores.take(text) if self.scores is not None else ())


class Picker:
    """Chooses the tokens of one reply."""

    def __init__(self, request: GenerationRequest, prompt: list[int], tokenizer: TextTokenizer, end_ids: Collection[int], like: Tensor) -> None:
        """`prompt` are the tokens read, `like` a row of logits."""
        import torch

        self._sampling = request.sampling
        self._generator = torch.Generator(device=like.device)
        if self._sampling.seed is None:
            self._generator.seed()
        else:
            self._generator.manual_seed(self._sampling.seed)
        # A stop string that is one token of its own ends the reply by id, because special tokens have no text to compare.
        self.end_ids = {*end_ids, *(index for text in request.stop if (index := tokenizer.added_id(text)) is not None)}
        self._seen: Tensor | None = None
        if self._sampling.repetition_penalty != 1.0:
            self._seen = torch.zeros(like.shape[-1], dtype=torch.bool, device=like.device)
            self._seen[torch.tensor(prompt, device=like.device)] = True
        # Behind a sentence a word has a space in front; some tokenizers write it by themselves.
        self._detour = Detour(tokenizer.encode(f"{space}{text.strip()}") for text in request.avoid for space in ("", " "))

    def pick(self, logits: Tensor) -> int:
        """The next token, from float32 [vocabulary]. Raises NotNumbers."""
        import torch

        with torch.inference_mode():
            chosen = choose(self._detour.weaken(logits), self._sampling, self._generator, self._seen)
            # One transfer for both: token numbers are exact in float32 up to 16 million.
            number, score = torch.cat([chosen.to(logits.dtype), logits[chosen]]).tolist()
            if self._seen is not None:
                self._seen[chosen] = True
        if math.isnan(score):
            raise NotNumbers
        token = int(number)
        self._detour.take(token)
        return token
