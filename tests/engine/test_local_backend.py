"""The decode loop against transformers' own `generate`, and its cache against a fresh one."""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer

from solar_chat.engine import Event, Finished, GenerationRequest, Prefilled, Sampling, TextPiece
from solar_chat.engine.checkpoint import ARCHITECTURES
from solar_chat.engine.local import CHUNK_TOKENS, LocalBackend
from solar_chat.errors import ModelError, OutOfMemory

GREEDY = Sampling(temperature=0)
LONG = "설정을 확인하십시오. 그러면 해결됩니다. Hello there, how are you today? " * 12


@pytest.fixture(autouse=True)
def several_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """The context of a small model is no longer than one piece."""
    monkeypatch.setitem(CHUNK_TOKENS, "cpu", 64)


def run(backend: LocalBackend, text: str, tokens: int = 24, sampling: Sampling = GREEDY) -> list[Event]:
    return list(backend.stream(GenerationRequest(text, tokens, sampling=sampling), threading.Event()))


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextPiece))


def ids_read(backend: LocalBackend) -> list[int]:
    return list(backend._read)


@pytest.mark.parametrize("model_type", sorted(ARCHITECTURES))
@pytest.mark.parametrize("penalty", [1.0, 1.3])
def test_greedy_equals_generate(
    model_type: str, penalty: float, make_checkpoint: Callable[..., Path], open_folder: Callable[..., LocalBackend], tokenizer: Tokenizer
) -> None:
    import transformers

    # Mistral's window of 8 tokens is shorter than the prompt: the mask has to come out right with a cache that keeps everything.
    window = {"sliding_window": 8} if model_type == "mistral" else {}
    folder = make_checkpoint(model_type=model_type, eos_token_id=None, initializer_range=0.3, **window)
    model = getattr(transformers, ARCHITECTURES[model_type]).from_pretrained(folder).eval()
    ids = tokenizer.encode(LONG).ids
    expected = model.generate(torch.tensor([ids]), do_sample=False, max_new_tokens=24, repetition_penalty=penalty)[0, len(ids) :].tolist()
    backend = open_folder(folder)
    events = run(backend, LONG, 24, Sampling(temperature=0, repetition_penalty=penalty))
    assert ids_read(backend) == ids + expected[:-1]
    last = events[-1]
    assert isinstance(last, Finished)
    assert last.reply_tokens == 24
    assert len(ids) > CHUNK_TOKENS["cpu"]


@pytest.mark.parametrize("model_type", sorted(ARCHITECTURES))
def test_a_reused_prefix_equals_a_fresh_start(
    model_type: str, make_checkpoint: Callable[..., Path], open_folder: Callable[..., LocalBackend]
) -> None:
    folder = make_checkpoint(model_type=model_type, initializer_range=0.3)
    used = open_folder(folder)
    words = LONG.split()
    dice = random.Random(7)
    reused = []
    for _ in range(8):
        # A common beginning, another end: what editing, regenerating and a next turn do to a prompt.
        prompt = " ".join(words[: dice.randint(1, 30)] + dice.sample(words, 5))
        events = run(used, prompt, 12)
        first = events[0]
        assert isinstance(first, Prefilled)
        reused.append(first.reused_tokens)
        fresh = open_folder(folder)
        assert text_of(events) == text_of(run(fresh, prompt, 12))
        assert ids_read(used) == ids_read(fresh)
    assert max(reused) > 10


def test_a_next_turn_reads_only_what_is_new(backend: LocalBackend, prompt: str, answer: str) -> None:
    first = run(backend, prompt, 200)
    assert text_of(first) == answer
    second = run(backend, f"{prompt}{answer}<|end|><|user|>다시<|end|><|assistant|>", 4)
    start = second[0]
    assert isinstance(start, Prefilled)
    finished = first[-1]
    assert isinstance(finished, Finished)
    # Everything but the new turn: the end mark was never run, the question is new.
    assert start.reused_tokens == finished.prompt_tokens + finished.reply_tokens


class TestStop:
    def test_in_the_middle_of_prefill(self, backend: LocalBackend, prompt: str, answer: str) -> None:
        stop = threading.Event()
        events: list[Event] = []
        for event in backend.stream(GenerationRequest(LONG, 20, sampling=GREEDY), stop):
            events.append(event)
            if isinstance(event, Prefilled) and event.done_tokens:
                stop.set()
        assert [type(event) for event in events] == [Prefilled, Prefilled, Finished]
        last = events[-1]
        assert isinstance(last, Finished)
        assert (last.reason, last.reply_tokens) == ("cancelled", 0)
        # Two pieces of one length.
        assert len(ids_read(backend)) == math.ceil(last.prompt_tokens / 2) <= CHUNK_TOKENS["cpu"] < last.prompt_tokens
        assert text_of(run(backend, prompt, 200)) == answer

    def test_between_two_layers(self, checkpoint: Path, open_folder: Callable[..., LocalBackend], answer: str, prompt: str) -> None:
        backend = open_folder(checkpoint)
        run(backend, LONG[:60], 2)
        stop = threading.Event()
        layers_run: list[int] = []

        def stop_behind(number: int) -> Callable[..., None]:
            def hook(*_: object) -> None:
                layers_run.append(number)
                stop.set()

            return hook

        handles = [layer.register_forward_hook(stop_behind(number)) for number, layer in enumerate(backend._model.model.layers)]
        events = list(backend.stream(GenerationRequest(LONG, 20, sampling=GREEDY), stop))
        for handle in handles:
            handle.remove()
        last = events[-1]
        assert isinstance(last, Finished)
        assert last.reason == "cancelled"
        assert layers_run == [0]
        # The first layer holds rows the second one has not seen; they must be gone.
        for text in (LONG, prompt):
            assert text_of(run(backend, text, 20)) == text_of(run(open_folder(checkpoint), text, 20))
        assert text_of(run(backend, prompt, 200)) == answer

    def test_stop_and_close_keep_the_cache_true(self, backend: LocalBackend, checkpoint: Path, open_folder: Callable[..., LocalBackend]) -> None:
        for steps in range(1, 6):
            events: Iterator[Event] = backend.stream(GenerationRequest(LONG, 20, sampling=GREEDY), threading.Event())
            for _ in range(steps):
                next(events)
            events.close()  # type: ignore[attr-defined]  # a generator
            assert text_of(run(backend, LONG + "네", 10)) == text_of(run(open_folder(checkpoint), LONG + "네", 10))


class TestErrors:
    @pytest.mark.parametrize(
        ("raised", "kind", "key"),
        [
            (RuntimeError("mat1 and mat2\nmore"), ModelError, "generation_failed"),
            (torch.OutOfMemoryError("CUDA out of memory"), OutOfMemory, "memory_generating"),
            (MemoryError(), OutOfMemory, "memory_generating"),
            (RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"), OutOfMemory, "memory_generating"),
        ],
    )
    def test_a_failing_layer_is_reported_once_and_forgotten(
        self, backend: LocalBackend, prompt: str, answer: str, raised: Exception, kind: type[ModelError], key: str
    ) -> None:
        def fail(*_: object) -> None:
            raise raised

        run(backend, prompt, 5)
        handle = backend._model.model.layers[1].register_forward_hook(fail)
        with pytest.raises(kind) as caught:
            run(backend, LONG, 5)
        handle.remove()
        assert caught.value.key == key
        assert caught.value.__cause__ is raised
        assert "\n" not in str(caught.value.params.get("reason", ""))
        assert text_of(run(backend, prompt, 200)) == answer

    def test_not_a_number_is_an_error_and_not_a_reply(self, make_checkpoint: Callable[..., Path], open_folder: Callable[..., LocalBackend]) -> None:
        backend = open_folder(make_checkpoint())
        with torch.no_grad():
            backend._model.model.norm.weight.fill_(float("nan"))
        for sampling in (GREEDY, Sampling(temperature=1.0)):
            with pytest.raises(ModelError) as caught:
                run(backend, "안녕", 5, sampling)
            assert caught.value.key == "generation_failed"


def test_a_seed_repeats_a_reply(make_checkpoint: Callable[..., Path], open_folder: Callable[..., LocalBackend]) -> None:
    backend = open_folder(make_checkpoint())

    def say(seed: int | None) -> list[int]:
        run(backend, "안녕", 30, Sampling(temperature=1.5, top_p=1.0, seed=seed))
        return ids_read(backend)

    assert say(1) == say(1)
    assert say(1) != say(2)
    assert say(None) != say(None)


def test_a_special_token_as_stop_string_ends_by_id(backend: LocalBackend, prompt: str, answer: str, tokenizer: Tokenizer) -> None:
    backend._end_ids = frozenset()
    events = list(backend.stream(GenerationRequest(prompt, 200, stop=("<|end|>",), sampling=GREEDY), threading.Event()))
    assert text_of(events) == answer


def test_the_page_of_a_reply_is_shown_as_it_grows(backend: LocalBackend, prompt: str) -> None:
    pieces = [event for event in run(backend, prompt, 200) if isinstance(event, TextPiece)]
    assert len(pieces) > 12
    assert not any("\ufffd" in piece.text for piece in pieces)


def test_generation_leaves_the_callers_torch_as_it_was(backend: LocalBackend, prompt: str) -> None:
    state = torch.random.get_rng_state()
    for _ in backend.stream(GenerationRequest(prompt, 5, sampling=Sampling(seed=1)), threading.Event()):
        assert not torch.is_inference_mode_enabled()
    assert torch.equal(state, torch.random.get_rng_state())


def test_close_frees_the_weights(make_checkpoint: Callable[..., Path], open_folder: Callable[..., LocalBackend]) -> None:
    import weakref

    backend: Any = open_folder(make_checkpoint())
    run(backend, "안녕", 2)
    model = weakref.ref(backend._model)
    backend.close()
    assert model() is None
