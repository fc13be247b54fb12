"""Going on in the middle of a reply: with its own tokens, and with nearly all of them in the cache."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from solar_chat.engine import Event, Finished, GenerationRequest, Prefilled, Sampling, TextPiece
from solar_chat.engine.local import LocalBackend
from solar_chat.engine.transcript import Transcript

GREEDY = Sampling(temperature=0)
BOUNDARY = "안녕하세요, 오늘은 날씨가 좋네요! 힣 😀 👩‍💻 👍🏽 설정을 확인하십시오."


def run(backend: LocalBackend, prompt: str, tokens: int = 200, sampling: Sampling = GREEDY) -> list[Event]:
    return list(backend.stream(GenerationRequest(prompt, tokens, sampling=sampling), threading.Event()))


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextPiece))


def reading(events: list[Event]) -> Prefilled:
    assert isinstance(events[0], Prefilled)
    return events[0]


def test_a_reply_goes_on_from_a_sentence_boundary_as_it_would_have(backend: LocalBackend, prompt: str, answer: str) -> None:
    run(backend, prompt)
    rest = run(backend, prompt + BOUNDARY)
    assert f"{BOUNDARY} {text_of(rest).lstrip()}" == answer
    start = reading(rest)
    # One token is always left to run.
    assert start.reused_tokens == start.prompt_tokens - 1


def test_another_attempt_finds_the_same_prefix(backend: LocalBackend, prompt: str) -> None:
    run(backend, prompt)
    for seed in range(3):
        start = reading(run(backend, prompt + BOUNDARY, 12, Sampling(temperature=1.5, seed=seed)))
        assert start.reused_tokens == start.prompt_tokens - 1


def test_behind_another_sentence_only_that_one_is_read(backend: LocalBackend, prompt: str, tokenizer: Tokenizer) -> None:
    run(backend, prompt)
    changed = "안녕하세요, 오늘은 날씨가 좋네요! 설정을 확인하세요."
    start = reading(run(backend, prompt + changed, 4))
    same = len(tokenizer.encode(prompt + "안녕하세요, 오늘은 날씨가 좋네요!").ids)
    assert start.reused_tokens >= same
    assert start.prompt_tokens == len(tokenizer.encode(prompt + changed).ids)


def test_the_model_sees_its_own_tokens_and_not_another_spelling_of_them(
    make_checkpoint: Callable[..., Path], open_folder: Callable[..., LocalBackend], tokenizer: Tokenizer
) -> None:
    # An untrained model writes what no tokenizer would: encoding its text again gives other tokens.
    backend = open_folder(make_checkpoint(initializer_range=0.3, eos_token_id=None))
    prompt = "### User:\n안녕\n\n### Assistant:\n"
    told = run(backend, prompt, 40, Sampling(temperature=1.5, top_p=1.0, seed=3))
    wrote = list(backend._read)
    said = text_of(told)
    assert tokenizer.encode(prompt + said).ids != wrote
    # The last token was said and never read.
    start = reading(run(backend, prompt + said, 1))
    assert start.prompt_tokens == len(wrote) + 1
    assert start.reused_tokens == len(wrote)
    assert backend._read[: len(wrote)] == wrote


def test_it_equals_a_fresh_start(backend: LocalBackend, checkpoint: Path, open_folder: Callable[..., LocalBackend], prompt: str) -> None:
    run(backend, prompt)
    continued = run(backend, prompt + BOUNDARY)
    fresh = run(open_folder(checkpoint), prompt + BOUNDARY)
    assert text_of(continued) == text_of(fresh)
    finished = continued[-1]
    assert isinstance(finished, Finished)


class TestTranscript:
    def made(self) -> Transcript:
        transcript = Transcript("질문", [1, 2])
        for token, text in ((10, "안녕"), (11, "."), (12, ""), (13, ""), (14, "😀"), (15, " 끝")):
            transcript.add(token, text)
        return transcript

    @pytest.mark.parametrize(
        ("prompt", "ids"),
        [
            ("질문", [1, 2]),
            ("질문안녕", [1, 2, 10]),
            ("질문안녕.", [1, 2, 10, 11]),
            ("질문안녕.😀", [1, 2, 10, 11, 12, 13, 14]),
            ("질문안녕.😀 끝", [1, 2, 10, 11, 12, 13, 14, 15]),
            ("질문안", None),
            ("질문안녕.😀 끝 더", None),
            ("질문잘", None),
            ("다른", None),
            ("질", None),
        ],
    )
    def test_tokens_of_a_beginning(self, prompt: str, ids: list[int] | None) -> None:
        assert self.made().ids_of(prompt) == ids
