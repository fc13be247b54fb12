"""What clients may send: the fields of OpenAI's requests, each one read, ignored as harmless, or refused unless it changes nothing.

The rule: a field that is not listed here is refused by name, and so is a value that this server could not honour. Types are strict, as OpenAI's are.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from solar_chat.levels import Level
from solar_chat.settings import GuardMode, ReplyChoice

MOST_MESSAGES: Final = 2048
MOST_STOPS: Final = 16
MOST_PROMPTS: Final = 128
# A message that is longer is refused before its tokens are counted: it would not fit into any model that runs here.
LONGEST_TEXT: Final = 4_000_000
MOST_LIKELY: Final = 20
_INT64: Final = 2**63
_TEXT_PARTS: Final = ("text", "input_text", "output_text")


def _only(*neutral: object) -> BeforeValidator:
    """Null and `neutral` mean what happens anyway; everything else would have to change the reply."""

    def check(value: object) -> None:
        # 0 == False to Python, and 1 == True.
        if value is not None and not any(value == each and isinstance(value, bool) == isinstance(each, bool) for each in neutral):
            raise PydanticCustomError("api.unsupported", "unsupported")

    return BeforeValidator(check)


def _text(content: object) -> str:
    """The text of a message: a string, or parts that are all text."""
    if isinstance(content, str):
        return _sized(content)
    if not isinstance(content, list):
        raise PydanticCustomError("api.not_text", "neither text nor parts")
    found = []
    for part in content:
        if not isinstance(part, dict) or part.get("type") not in _TEXT_PARTS or not isinstance(part.get("text"), str):
            kind = part.get("type") if isinstance(part, dict) else None
            raise PydanticCustomError("api.only_text", "only text", {"kind": kind if isinstance(kind, str) else "?"})
        found.append(part["text"])
    return _sized("\n".join(found))


def _sized(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise PydanticCustomError("api.too_long", "too long", {"limit": LONGEST_TEXT})
    if any("\ud800" <= sign <= "\udfff" for sign in text):
        raise PydanticCustomError("api.half_character", "lone surrogate")
    return text


def _stops(value: object) -> list[str]:
    stops = [value] if isinstance(value, str) else value
    if value is None:
        return []
    if not isinstance(stops, list) or len(stops) > MOST_STOPS or not all(isinstance(stop, str) for stop in stops):
        raise PydanticCustomError("api.bad_stop", "stop", {"limit": MOST_STOPS})
    return [_sized(stop) for stop in stops]


def _prompts(value: object) -> list[str | tuple[int, ...]]:
    """One prompt or several, each a text or token ids."""
    if isinstance(value, list):
        value = [[_integral(token) for token in part] if isinstance(part, list) else _integral(part) for part in value]
    one = isinstance(value, str) or (isinstance(value, list) and bool(value) and all(_is_token(part) for part in value))
    given = [value] if one else value
    if not isinstance(given, list) or not 0 < len(given) <= MOST_PROMPTS:
        raise PydanticCustomError("api.bad_prompt", "prompt", {"limit": MOST_PROMPTS})
    return [_prompt(each) for each in given]


def _prompt(value: object) -> str | tuple[int, ...]:
    if isinstance(value, str):
        return _sized(value)
    if isinstance(value, list) and value and all(_is_token(part) for part in value):
        return tuple(value)
    raise PydanticCustomError("api.bad_prompt", "prompt", {"limit": MOST_PROMPTS})


def _integral(value: object) -> object:
    """JSON has one kind of number: 7.0 is 7."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _is_token(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_PARTS_SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"type": {"enum": list(_TEXT_PARTS)}, "text": {"type": "string"}},
        "required": ["type", "text"],
    },
}
Text = Annotated[str, BeforeValidator(_text), WithJsonSchema({"anyOf": [{"type": "string"}, _PARTS_SCHEMA]})]
Stops = Annotated[
    list[str],
    BeforeValidator(_stops),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "maxItems": MOST_STOPS}, {"type": "null"}]}),
]
_TOKENS_SCHEMA = {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1}
_TEXTS_SCHEMA = {"type": "array", "items": {"anyOf": [{"type": "string"}, _TOKENS_SCHEMA]}, "minItems": 1, "maxItems": MOST_PROMPTS}
Prompts = Annotated[
    list[str | tuple[int, ...]], BeforeValidator(_prompts), WithJsonSchema({"anyOf": [{"type": "string"}, _TOKENS_SCHEMA, _TEXTS_SCHEMA]})
]
Count = Annotated[int, BeforeValidator(_integral)]
Whole = Annotated[str, AfterValidator(_sized)]
Ignored = Annotated[Any, Field(description="Accepted and ignored: it would not change the reply.")]
One = Annotated[None, _only(1), WithJsonSchema({"enum": [1, None]})]
Zero = Annotated[None, _only(0, 0.0), WithJsonSchema({"enum": [0, None]})]
Off = Annotated[None, _only(False), WithJsonSchema({"enum": [False, None]})]
Nothing = Annotated[None, _only([], {}, ""), WithJsonSchema({"enum": [None, []]})]
Never = Annotated[None, _only(), WithJsonSchema({"type": "null"})]
Penalty = Annotated[float | None, Field(gt=0, le=2)]


class Strict(BaseModel):
    """Nothing unknown, nothing converted, no NaN."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class SamplingFields(Strict):
    """How tokens are chosen. What is left out is as in the app's settings."""

    temperature: Annotated[float | None, Field(ge=0, le=2)] = None
    top_p: Annotated[float | None, Field(ge=0, le=1)] = None
    # Of vLLM, llama.cpp and transformers.
    top_k: Annotated[Count | None, Field(ge=-1, le=1_000_000)] = None
    min_p: Annotated[float | None, Field(ge=0, le=1)] = None
    repetition_penalty: Penalty = None


class GuardFields(Strict):
    """The app's own wishes; giving one has the reply kept in a language and a speech level."""

    speech_level: Level | None = None
    reply_language: ReplyChoice | None = None
    guard: GuardMode | None = None


class HarmlessFields(Strict):
    """What clients tell a server about themselves."""

    user: Ignored = None
    metadata: Ignored = None
    store: Ignored = None
    service_tier: Ignored = None
    safety_identifier: Ignored = None
    prompt_cache_key: Ignored = None
    prompt_cache_retention: Ignored = None
    parallel_tool_calls: Ignored = None


class StreamOptions(Strict):
    include_usage: bool | None = None
    include_obfuscation: Ignored = None


class ResponseFormat(Strict):
    type: Literal["text", "json_object"]


class ChatMessage(Strict):
    """One message. What clients send back of a reply of ours is ignored."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"properties": {"role": {"const": "assistant"}}},
                {"properties": {"content": {"not": {"type": "null"}}}, "required": ["content"]},
            ]
        }
    )

    role: Literal["system", "developer", "user", "assistant"]
    content: Annotated[Text | None, Field(description="Null only where the assistant said nothing.")] = None
    name: Ignored = None
    refusal: Ignored = None
    annotations: Ignored = None
    reasoning_content: Ignored = None
    tool_calls: Nothing = None
    function_call: Nothing = None
    audio: Nothing = None


class ChatRequest(SamplingFields, GuardFields, HarmlessFields):
    """`POST /v1/chat/completions`."""

    model: Whole
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=MOST_MESSAGES)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    stop: Stops = []
    seed: Annotated[Count | None, Field(ge=-_INT64, lt=_INT64)] = None
    max_tokens: Annotated[Count | None, Field(ge=1, lt=2**31)] = None
    max_completion_tokens: Annotated[Count | None, Field(ge=1, lt=2**31)] = None
    logprobs: bool | None = None
    top_logprobs: Annotated[Count | None, Field(ge=0, le=MOST_LIKELY)] = None
    response_format: ResponseFormat | None = None
    n: One = None
    frequency_penalty: Zero = None
    presence_penalty: Zero = None
    logit_bias: Nothing = None
    tools: Nothing = None
    functions: Nothing = None
    tool_choice: Annotated[None, _only("none", "auto"), WithJsonSchema({"enum": ["none", "auto", None]})] = None
    function_call: Annotated[None, _only("none", "auto"), WithJsonSchema({"enum": ["none", "auto", None]})] = None
    modalities: Annotated[None, _only(["text"]), WithJsonSchema({"enum": [["text"], None]})] = None
    audio: Nothing = None
    web_search_options: Never = None
    prediction: Ignored = None
    reasoning_effort: Ignored = None
    verbosity: Ignored = None


class CompletionsRequest(SamplingFields, HarmlessFields):
    """`POST /v1/completions`."""

    model: Whole
    prompt: Prompts
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    stop: Stops = []
    seed: Annotated[Count | None, Field(ge=-_INT64, lt=_INT64)] = None
    max_tokens: Annotated[Count | None, Field(ge=0, lt=2**31)] = None
    logprobs: Annotated[Count | None, Field(ge=0, le=MOST_LIKELY)] = None
    echo: bool | None = None
    n: One = None
    best_of: One = None
    frequency_penalty: Zero = None
    presence_penalty: Zero = None
    logit_bias: Nothing = None
    suffix: Nothing = None


class InputMessage(Strict):
    """One message of `/v1/responses`."""

    role: Literal["system", "developer", "user", "assistant"]
    content: Text
    type: Literal["message"] | None = None
    id: Ignored = None
    status: Ignored = None
    phase: Ignored = None


def _input(value: object) -> object:
    """A string is one message of the user."""
    return [{"role": "user", "content": value}] if isinstance(value, str) else value


class TextConfig(Strict):
    format: ResponseFormat | None = None
    verbosity: Ignored = None


class ResponsesRequest(SamplingFields, GuardFields, HarmlessFields):
    """`POST /v1/responses`, stateless: nothing is kept, so nothing can be referred to."""

    model: Whole
    input: Annotated[
        list[InputMessage], BeforeValidator(_input, json_schema_input_type=str | list[InputMessage]), Field(min_length=1, max_length=MOST_MESSAGES)
    ]
    instructions: Whole | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_output_tokens: Annotated[Count | None, Field(ge=1, lt=2**31)] = None
    text: TextConfig | None = None
    top_logprobs: Zero = None
    tools: Nothing = None
    tool_choice: Annotated[None, _only("none", "auto"), WithJsonSchema({"enum": ["none", "auto", None]})] = None
    # The one value means nothing to a model that does not reason; agents send it always.
    include: Annotated[None, _only([], ["reasoning.encrypted_content"]), WithJsonSchema({"enum": [None, []]})] = None
    truncation: Annotated[None, _only("disabled"), WithJsonSchema({"enum": ["disabled", None]})] = None
    background: Off = None
    previous_response_id: Nothing = None
    conversation: Nothing = None
    prompt: Nothing = None
    context_management: Nothing = None
    max_tool_calls: Ignored = None
    reasoning: Ignored = None
