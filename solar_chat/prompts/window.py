"""The context window: which messages of a conversation still fit in front of a model.

The system prompt and the newest turns always stay; whole turns (a user message and its answer) leave, oldest first. In a prompt the roles take turns:
some models and servers refuse anything else. Counts are real token counts from the model's tokenizer, handed in as a function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from solar_chat.errors import InputError
from solar_chat.messages import Message
from solar_chat.prompts.templates import ChatTemplate


@dataclass(frozen=True, slots=True)
class Window:
    """A prompt that fits, and what had to leave for it."""

    prompt: str
    messages: tuple[Message, ...]
    """What `prompt` was rendered from."""
    prompt_tokens: int
    dropped_messages: int
    free_tokens: int
    """Room beside this prompt and the reserved reply."""


def fit(
    system: str,
    history: Sequence[Message],
    *,
    template: ChatTemplate,
    count_tokens: Callable[[str], int],
    context_tokens: int,
    reply_tokens: int,
) -> Window:
    """The longest tail of `history` that leaves `reply_tokens` free; the last message must be the user's.

    Raises InputError `prompt_too_long` where even the system prompt and the last message do not fit.
    """
    # One token for the BOS that the tokenizer adds. Turns are counted one by one and remembered as a sum: a joint tokenization can only merge
    # across a boundary, and templates put special tokens or newlines there, so the sum is an upper bound; joined messages need no more than apart.
    budget = context_tokens - reply_tokens - 1
    fixed = count_tokens(template.render([Message("system", system)]))
    start = len(history)
    used = fixed
    for index in range(len(history) - 1, -1, -1):
        message = history[index]
        used += count_tokens(template.before[message.role] + message.content + template.after[message.role])
        if used > budget:
            break
        if message.role == "user":
            start = index
    if start == len(history):
        raise InputError("prompt_too_long", tokens=used, context=budget)
    messages = (Message("system", system), *_joined(history[start:]))
    prompt = template.render(messages)
    prompt_tokens = count_tokens(prompt) + 1
    return Window(prompt, messages, prompt_tokens, start, max(0, context_tokens - reply_tokens - prompt_tokens))


def whole(system: str, history: Sequence[Message], *, template: ChatTemplate, count_tokens: Callable[[str], int], context_tokens: int) -> Window:
    """All of `history`, for callers who decide themselves what leaves; what is free is the room for the reply.

    Raises InputError `prompt_too_long` where no token of a reply fits behind it.
    """
    messages = (Message("system", system), *_joined(history))
    prompt = template.render(messages)
    prompt_tokens = count_tokens(prompt) + 1
    if prompt_tokens >= context_tokens:
        raise InputError("prompt_too_long", tokens=prompt_tokens, context=context_tokens)
    return Window(prompt, messages, prompt_tokens, 0, context_tokens - prompt_tokens)


def _joined(messages: Sequence[Message]) -> Iterator[Message]:
    """`messages` with those of one role that follow each other as one: a question that was stopped before an answer came, and the next one."""
    for role, said in groupby(messages, key=lambda message: message.role):
        yield Message(role, "\n\n".join(message.content for message in said))
