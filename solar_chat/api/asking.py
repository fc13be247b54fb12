"""From a client's fields to what the assistant is asked.

A plain request is OpenAI's: the model's own template and the client's messages, nothing added. A wish of the app's own makes it a guarded turn, with
our system prompt in front of the client's. The rule: what a guarded reply cannot tell (logprobs, JSON) is refused, not left out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from solar_chat.api.pieces import GuardedReply, PlainReply, Reply, Several
from solar_chat.api.refusals import Refusal, unsupported
from solar_chat.api.running import Job
from solar_chat.api.schema import ChatMessage, GuardFields, InputMessage, SamplingFields
from solar_chat.assistant import Assistant, CompletionRequest
from solar_chat.engine import Sampling
from solar_chat.messages import Message

_SEEDS: Final = 2**32
# 0 would switch the step off; this leaves the likeliest token alone.
_LEAST_TOP_P: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Asked:
    """One request for a chat reply, in the same words for every endpoint."""

    messages: tuple[Message, ...]
    fields: SamplingFields
    wishes: GuardFields
    seed: int | None = None
    stop: tuple[str, ...] = ()
    max_tokens: int | None = None
    logprobs: int | None = None
    json_object: bool = False
    sent_in: str = "messages"
    """The endpoint's own word for `messages`."""


def messages_of(sent: list[ChatMessage] | list[InputMessage], instructions: str | None = None) -> tuple[Message, ...]:
    """`instructions` stand in front, as a system message does."""
    first = (Message("system", instructions),) if instructions else ()
    return (*first, *(Message("system" if each.role == "developer" else each.role, each.content or "") for each in sent))


def chat_job(assistant: Assistant, asked: Asked) -> Job:
    """What makes the reply. Raises Refusal where a guarded reply could not be what was asked for."""
    if not is_guarded(asked.wishes):
        request = CompletionRequest(
            asked.messages,
            sampling_of(assistant, asked.fields, asked.seed),
            asked.stop,
            asked.max_tokens,
            logprobs=asked.logprobs,
            json_object=asked.json_object,
        )
        return lambda: PlainReply(assistant.completion(request))
    if asked.logprobs is not None:
        raise unsupported("logprobs")
    if asked.json_object:
        raise unsupported("response_format")
    if asked.messages[-1].role != "user":
        raise Refusal("last_not_user", asked.sent_in, "invalid_value", params={"param": asked.sent_in})
    return lambda: _guarded(assistant, asked)


def completion_job(
    assistant: Assistant, prompts: list[str | tuple[int, ...]], fields: SamplingFields, request: CompletionRequest, seed: int | None
) -> Job:
    """What makes one reply a prompt, one behind the other; `request` is all but prompt and sampling."""
    sampling = sampling_of(assistant, fields, seed)
    requests = [replace(request, prompt=prompt, sampling=sampling) for prompt in prompts]

    def maker(each: CompletionRequest) -> Job:
        return lambda: PlainReply(assistant.completion(each))

    return lambda: Several([maker(each) for each in requests])


def sampling_of(assistant: Assistant, fields: SamplingFields, seed: int | None) -> Sampling:
    """The app's settings, but for what the client gives."""
    set_here = assistant.sampling()
    return Sampling(
        temperature=set_here.temperature if fields.temperature is None else fields.temperature,
        top_p=set_here.top_p if fields.top_p is None else max(fields.top_p, _LEAST_TOP_P),
        # -1 is how vLLM says "all".
        top_k=max(fields.top_k or 0, 0),
        min_p=fields.min_p or 0.0,
        repetition_penalty=set_here.repetition_penalty if fields.repetition_penalty is None else fields.repetition_penalty,
        seed=set_here.seed if seed is None else seed % _SEEDS,
    )


def is_guarded(wishes: GuardFields) -> bool:
    """Whether something of the app's own was asked for."""
    return wishes.speech_level is not None or wishes.reply_language is not None or wishes.guard in ("mark", "keep")


def _guarded(assistant: Assistant, asked: Asked) -> Reply:
    *history, last = (message for message in asked.messages if message.role != "system")
    request = assistant.request(last.content, level=asked.wishes.speech_level, reply_language=asked.wishes.reply_language, history=tuple(history))
    request = replace(
        request,
        guard=asked.wishes.guard or request.guard,
        sampling=sampling_of(assistant, asked.fields, asked.seed),
        max_reply_tokens=asked.max_tokens or request.max_reply_tokens,
        instructions="\n\n".join(message.content for message in asked.messages if message.role == "system"),
        stop=asked.stop,
        whole_history=True,
    )
    return GuardedReply(assistant.turn(request))
