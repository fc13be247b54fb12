"""How likely tokens were, in the two shapes that OpenAI's endpoints have for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from solar_chat.engine import ScoredToken, TokenChance

# JSON has no infinity; other servers write this for a token that cannot be.
IMPOSSIBLE: Final = -9999.0


def chat_logprobs(scored: Sequence[ScoredToken]) -> dict[str, Any]:
    """Of chat completions."""
    content = [{**_chance(token.chosen), "top_logprobs": [_chance(each) for each in token.likeliest]} for token in scored]
    return {"content": content, "refusal": None}


def completion_logprobs(scored: Sequence[ScoredToken], offset: int) -> dict[str, Any]:
    """Of completions; `offset` is where in the text the first token begins."""
    offsets = []
    for token in scored:
        offsets.append(offset)
        offset += len(token.text)
    return {
        "tokens": [token.chosen.spelling for token in scored],
        "token_logprobs": [_number(token.chosen) for token in scored],
        "top_logprobs": [None if token.chosen.logprob is None else {each.spelling: _number(each) for each in token.likeliest} for token in scored],
        "text_offset": offsets,
    }


def _chance(chance: TokenChance) -> dict[str, Any]:
    return {"token": chance.spelling, "logprob": _number(chance), "bytes": list(chance.raw)}


def _number(chance: TokenChance) -> float | None:
    return None if chance.logprob is None else max(chance.logprob, IMPOSSIBLE)
