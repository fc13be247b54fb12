"""Completions: raw prompts, several at once, echo and logprobs, with the model in the box."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import openai
import pytest
import torch

from solar_chat.engine import ScriptedBackend
from solar_chat.models import STARTER
from tests.api.house import House


@pytest.fixture
def asked(box: House) -> Iterator[openai.OpenAI]:
    with box.client() as client:
        yield client


def test_a_prompt_goes_on_without_a_template(client: openai.OpenAI, backend: ScriptedBackend) -> None:
    backend.enqueue([" 옛날에", " 살았", "다."])
    reply = client.completions.create(model="solar", prompt="옛날", stop=["<|end|>"])
    assert (reply.choices[0].text, reply.choices[0].finish_reason, reply.choices[0].logprobs) == (" 옛날에 살았다.", "stop", None)
    assert (backend.requests[0].prompt, backend.requests[0].stop, backend.requests[0].max_reply_tokens) == ("옛날", ("<|end|>",), 16)


def test_a_text_that_looks_like_a_thought_is_text_where_no_question_was_asked(client: openai.OpenAI, backend: ScriptedBackend) -> None:
    for _ in range(2):
        backend.enqueue(["<think>", "음", "</think>", "답"])
    assert client.completions.create(model="solar", prompt="<html>").choices[0].text == "<think>음</think>답"
    reply = client.chat.completions.create(model="solar", messages=[{"role": "user", "content": "?"}])
    assert reply.choices[0].message.content == "답"


def test_several_prompts_are_several_choices(client: openai.OpenAI, backend: ScriptedBackend) -> None:
    for text in ("하나", "둘", "하나", "둘"):
        backend.enqueue([text])
    whole = client.completions.create(model="solar", prompt=["1", "2 2"], echo=True)
    assert [(choice.index, choice.text) for choice in whole.choices] == [(0, "1하나"), (1, "2 2둘")]
    assert whole.usage is not None
    assert (whole.usage.prompt_tokens, whole.usage.completion_tokens) == (3, 2)
    stream = client.completions.create(model="solar", prompt=["1", "2 2"], echo=True, stream=True, stream_options={"include_usage": True})
    texts = {0: "", 1: ""}
    last = None
    for chunk in stream:
        for choice in chunk.choices:
            texts[choice.index] += choice.text
        last = chunk
    assert texts == {0: "1하나", 1: "2 2둘"}
    assert last is not None
    assert last.usage == whole.usage


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"prompt": []}, "prompt"),
        ({"prompt": [[]]}, "prompt"),
        ({"prompt": [1, "a"]}, "prompt"),
        ({"prompt": [True]}, "prompt"),
        ({"prompt": ["a"] * 129}, "prompt"),
        ({"prompt": None}, "prompt"),
        ({"best_of": 3}, "best_of"),
        ({"suffix": "end"}, "suffix"),
        ({"n": 2}, "n"),
        ({"logprobs": True}, "logprobs"),
        ({"logprobs": 21}, "logprobs"),
        ({"logprobs": 1}, "logprobs"),
        ({"echo": True, "prompt": [1, 2]}, "echo"),
        ({"speech_level": "formal"}, "speech_level"),
    ],
)
def test_refusals(house: House, fields: dict[str, Any], param: str) -> None:
    status, error = house.error("/v1/completions", {"model": "solar", "prompt": "x", **fields})
    assert (status, error["param"]) == (400, param)


def test_a_prompt_that_does_not_fit_is_called_by_its_field(house: House) -> None:
    status, error = house.error("/v1/completions", {"model": "solar", "prompt": "말 " * 500, "stream": True})
    assert (status, error["param"], error["code"]) == (400, "prompt", "context_length_exceeded")


def test_the_scores_are_the_models_own(asked: openai.OpenAI) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    text = "<|user|>안녕?<|end|><|assistant|>반가워요."
    reply = asked.completions.create(model="solar", prompt=text, max_tokens=0, echo=True, logprobs=2, temperature=0)
    choice = reply.choices[0]
    assert (choice.text, choice.finish_reason) == (text, "length")
    found = choice.logprobs
    assert found is not None
    assert found.tokens is not None
    assert found.token_logprobs is not None
    ids = torch.tensor([AutoTokenizer.from_pretrained(STARTER.path).encode(text, add_special_tokens=False)])
    model = AutoModelForCausalLM.from_pretrained(STARTER.path, dtype=torch.float32)
    with torch.inference_mode():
        rows = model(ids).logits[0].log_softmax(-1)
    expected = [float(rows[place, token]) for place, token in enumerate(ids[0, 1:].tolist())]
    assert found.token_logprobs[0] is None
    assert found.token_logprobs[1:] == pytest.approx(expected, abs=1e-3)
    assert found.tokens[0] == "<|user|>"
    assert found.text_offset is not None
    assert [text[start : start + 2] for start in found.text_offset[:2]] == ["<|", "안녕"]
    tops = found.top_logprobs
    assert tops is not None
    assert [len(top) for top in tops[1:]] == [2] * (len(expected))
    assert max(tops[1].values()) == pytest.approx(float(rows[0].max()), abs=1e-3)


def test_a_harness_gets_prompt_and_reply_in_one_list(asked: openai.OpenAI) -> None:
    """As lm-eval asks: token ids, echo, one token more."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(STARTER.path)
    prompts = [tokenizer.encode(text, add_special_tokens=False) for text in ("오늘은 날씨가 좋네요.", "Where is it stored? It is stored here.")]
    reply = asked.completions.create(model="solar", prompt=prompts, max_tokens=1, echo=True, logprobs=1, seed=1234, temperature=0)
    assert [choice.index for choice in reply.choices] == [0, 1]
    for choice, ids in zip(reply.choices, prompts, strict=True):
        assert choice.logprobs is not None
        assert choice.logprobs.token_logprobs is not None
        assert len(choice.logprobs.token_logprobs) in (len(ids), len(ids) + 1)
        assert all(-100 < number <= 0 for number in choice.logprobs.token_logprobs[1:])
    assert reply.choices[0].text.startswith("오늘은 날씨가 좋네요.")
    assert reply.choices[1].text.startswith("Where is it stored?")


@pytest.mark.parametrize("stream", [False, True])
def test_token_ids_are_echoed_by_their_text_without_their_scores(asked: openai.OpenAI, stream: bool) -> None:
    from transformers import AutoTokenizer

    ids = AutoTokenizer.from_pretrained(STARTER.path).encode("오늘은 날씨가 좋네요.", add_special_tokens=False)
    options: dict[str, Any] = {"model": "solar", "prompt": ids, "max_tokens": 2, "temperature": 0}
    plain = asked.completions.create(**options).choices[0].text
    made: Any = asked.completions.create(**options, echo=True, stream=stream)
    choices = [chunk.choices[0] for chunk in made] if stream else made.choices
    assert "".join(choice.text for choice in choices) == f"오늘은 날씨가 좋네요.{plain}"
    assert {choice.logprobs for choice in choices} == {None}


def test_a_stream_tells_the_same_scores(asked: openai.OpenAI) -> None:
    options: dict[str, Any] = {"model": "solar", "messages": [{"role": "user", "content": "안녕?"}], "temperature": 0, "max_tokens": 12}
    whole = asked.chat.completions.create(**options, logprobs=True, top_logprobs=3).choices[0]
    chunks = [chunk.choices[0] for chunk in asked.chat.completions.create(**options, logprobs=True, top_logprobs=3, stream=True)]
    streamed = [token for chunk in chunks if chunk.logprobs for token in chunk.logprobs.content or []]
    assert whole.logprobs is not None
    assert [token.token for token in streamed] == [token.token for token in whole.logprobs.content or []]
    # Read in other portions, found in the cache: the same but for rounding.
    assert [token.logprob for token in streamed] == pytest.approx([token.logprob for token in whole.logprobs.content or []], abs=1e-3)
    assert b"".join(bytes(token.bytes or []) for token in streamed).decode().strip() == whole.message.content
    for token in streamed:
        # Greedy: the chosen one is the likeliest, but for the repetition penalty.
        assert len(token.top_logprobs) == 3
        assert math.isclose(token.top_logprobs[0].logprob, max(each.logprob for each in token.top_logprobs))


def test_a_token_that_the_model_does_not_have(asked: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="vocabulary") as caught:
        asked.completions.create(model="solar", prompt=[5, 10**9])
    assert caught.value.param == "prompt"
    assert asked.completions.create(model="solar", prompt=[5, 6], max_tokens=1).usage is not None


def test_an_empty_prompt_is_refused_where_there_is_nothing_to_begin_with(asked: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        asked.completions.create(model="solar", prompt="")
    assert caught.value.param == "prompt"
