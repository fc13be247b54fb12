"""How likely tokens were, token ids as prompts, and JSON: what only some backends can do, and what they then say."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

import pytest

from solar_chat.engine import Backend, Engine, Finished, GenerationRequest, Prefilled, Sampling, ScoredToken, ScriptedBackend, TextPiece
from solar_chat.engine.llama_cpp import LlamaCppBackend
from solar_chat.engine.local import LocalBackend
from solar_chat.engine.scoring import chance
from solar_chat.errors import ModelError

GREEDY = Sampling(0.0, 1.0)


def run(backend: Backend, request: GenerationRequest) -> tuple[str, list[ScoredToken], list[ScoredToken], Finished]:
    """(text, scores of the prompt, scores of the reply, end)."""
    events = list(backend.stream(request, threading.Event()))
    read = [token for event in events if isinstance(event, Prefilled) for token in event.scored]
    said = [token for event in events if isinstance(event, TextPiece) for token in event.scored]
    assert isinstance(events[-1], Finished)
    return "".join(event.text for event in events if isinstance(event, TextPiece)), read, said, events[-1]


def test_a_reply_is_scored_token_by_token(backend: LocalBackend, prompt: str, answer: str) -> None:
    text, read, said, finished = run(backend, GenerationRequest(prompt, 200, ("<|end|>",), GREEDY, logprobs=2))
    assert text == answer
    assert read == []
    assert len(said) == finished.reply_tokens
    assert "".join(token.text for token in said) == answer
    # Bytes of a character are told apart and make the characters again.
    assert b"".join(token.chosen.raw for token in said).decode().strip() == answer
    assert any(token.chosen.spelling.startswith("bytes:\\x") for token in said)
    for token in said:
        assert token.likeliest[0] == token.chosen
        assert -0.2 < (token.chosen.logprob or 0.0) < 0
        assert len(token.likeliest) == 2


def test_no_scores_unless_they_are_asked_for(backend: LocalBackend, prompt: str) -> None:
    _, read, said, _ = run(backend, GenerationRequest(prompt, 10, sampling=GREEDY))
    assert (read, said) == ([], [])
    _, _, bare, _ = run(backend, GenerationRequest(prompt, 10, sampling=GREEDY, logprobs=0))
    assert [token.likeliest for token in bare] == [()] * 10


def test_a_prompt_is_scored_whole_although_it_is_in_the_cache(backend: LocalBackend, prompt: str, answer: str) -> None:
    run(backend, GenerationRequest(prompt, 5, sampling=GREEDY))
    _, read, _, finished = run(backend, GenerationRequest(prompt + answer, 0, logprobs=1, score_prompt=True))
    assert len(read) == finished.prompt_tokens
    assert read[0].chosen.logprob is None
    assert all(token.chosen.logprob is not None for token in read[1:])
    # What it has learnt by heart is likely, wherever a chunk of the prompt ends.
    reply = read[-(finished.prompt_tokens - len(backend._tokenizer.encode_prompt(prompt))) :]
    assert all((token.chosen.logprob or 0.0) > -0.5 for token in reply)
    # This tokenizer puts a space in front of what follows a special token.
    assert "".join(token.text for token in read).replace("|> ", "|>") == prompt + answer


def test_a_stop_string_takes_its_scores_with_it(backend: LocalBackend, prompt: str, answer: str) -> None:
    text, _, said, _ = run(backend, GenerationRequest(prompt, 200, ("확인",), GREEDY, logprobs=0))
    assert text == answer.split("확인")[0]
    assert "".join(token.text for token in said).strip() == text.strip()


@pytest.mark.parametrize("which", ["local", "llama"])
def test_token_ids_are_read_as_they_are(
    which: str, backend: LocalBackend, open_gguf: Callable[..., LlamaCppBackend], prompt: str, answer: str
) -> None:
    asked: Backend = backend if which == "local" else open_gguf()
    ids = tuple(backend._tokenizer.encode_prompt(prompt))
    text, _, _, finished = run(asked, GenerationRequest("", 200, ("<|end|>",), GREEDY, prompt_ids=ids))
    assert (text, finished.prompt_tokens) == (answer, len(ids))
    # What it said is not taken for the beginning of a text.
    assert run(asked, GenerationRequest(answer[:5], 1, sampling=GREEDY))[3].prompt_tokens < 12
    for wrong in ((-1,), (10**6,), (3, 2**70)):
        with pytest.raises(ModelError, match="prompt_unknown_token"):
            run(asked, GenerationRequest("", 5, prompt_ids=wrong))


def test_llama_cpp_scores_its_reply(open_gguf: Callable[..., LlamaCppBackend], backend: LocalBackend, prompt: str) -> None:
    asked = open_gguf()
    assert "prompt_logprobs" not in asked.features
    text, _, said, _ = run(asked, GenerationRequest(prompt, 6, sampling=GREEDY, logprobs=2))
    assert "".join(token.text for token in said) == text
    expected = run(backend, GenerationRequest(prompt, 6, sampling=GREEDY, logprobs=2))[2]
    assert [token.chosen.spelling for token in said] == [token.chosen.spelling for token in expected]
    for found, wanted in zip(said, expected, strict=True):
        assert found.chosen.logprob == pytest.approx(wanted.chosen.logprob, abs=0.05)
        assert found.likeliest[0].spelling == wanted.likeliest[0].spelling
        assert len(found.likeliest) == 2


@pytest.mark.parametrize("seed", range(4))
def test_llama_cpp_writes_a_json_object_whatever_the_model_wants(open_gguf: Callable[..., LlamaCppBackend], prompt: str, seed: int) -> None:
    asked = open_gguf()
    text, _, _, finished = run(asked, GenerationRequest(prompt, 200, sampling=Sampling(1.0, 1.0, seed=seed), json_object=True))
    assert text.lstrip().startswith("{")
    if finished.reason == "stop":
        assert isinstance(json.loads(text), dict)
    assert run(asked, GenerationRequest(prompt, 200, sampling=GREEDY, json_object=True))[0].strip().startswith("{")


def test_spellings() -> None:
    assert chance("한".encode(), -1.0).spelling == "한"
    assert chance("한".encode()[:2], -1.0).spelling == "bytes:\\xed\\x95"
    assert chance(b"", None).spelling == ""


def test_a_lease_given_back_by_another_thread_asks_nothing_more() -> None:
    backend = ScriptedBackend(default=["가 "] * 50)
    engine = Engine()
    engine.load(lambda: backend)
    lease = engine.lease()
    first = lease.stream(GenerationRequest("x"))
    next(first)
    closer = threading.Thread(target=lease.close)
    closer.start()
    closer.join()
    assert list(first) == []
    assert list(lease.stream(GenerationRequest("y"))) == []
    engine.close()
    assert [request.prompt for request in backend.requests] == ["x"]
