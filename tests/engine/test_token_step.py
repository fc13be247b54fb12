"""The steps of one token against the model's own forward: the same tokens, whatever their shapes, and after whatever stood in the buffers."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from solar_chat.engine import Event, GenerationRequest, Sampling
from solar_chat.engine.cache import PrefixCache
from solar_chat.engine.checkpoint import ARCHITECTURES
from solar_chat.engine.local import LocalBackend
from solar_chat.engine.token_step import FixedStep, GraphStep, Step, TokenStep, open_step

LONG = "설정을 확인하십시오. 그러면 해결됩니다. Hello there, how are you today? " * 12
Open = Callable[..., LocalBackend]
Make = Callable[..., Path]


class WithSteps(LocalBackend):
    """A backend whose steps are those that a test asks for, on buffers as CUDA has them."""

    make: Callable[[Any, PrefixCache], Step | None]

    def _rewind(self, prompt: list[int]) -> int:
        if self._cache is None:
            self._cache = PrefixCache(self._model.config.num_hidden_layers, self.context_tokens, zeroed=True)
            self._step = type(self).make(self._model, self._cache)
        return super()._rewind(prompt)


class FixedAlone(FixedStep):
    """The step that a graph holds, called without one."""

    can_stop_inside = True

    def run(self, token: int, position: int) -> Tensor:
        self.fill(token, position)
        logits = self.forward(self.rows(position))
        self._cache.lengthen_by_one()
        return logits

    def prepare(self, position: int) -> None:
        """Nothing to do."""


def stepping(backend: LocalBackend, make: Callable[[Any, PrefixCache], Step | None]) -> LocalBackend:
    backend.__class__ = type("Stepping", (WithSteps,), {"make": staticmethod(make)})
    return backend


def no_step(_model: Any, _cache: PrefixCache) -> None:
    return None


def run(backend: LocalBackend, text: str, tokens: int = 24, stop: threading.Event | None = None) -> list[Event]:
    return list(backend.stream(GenerationRequest(text, tokens, sampling=Sampling(temperature=0)), stop or threading.Event()))


@pytest.fixture
def small_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Buckets of 8, 16, ... rows, so that short texts pass through several."""
    monkeypatch.setattr("solar_chat.engine.token_step._SMALLEST_ROWS", 8)


@pytest.mark.usefixtures("small_buckets")
@pytest.mark.parametrize("model_type", sorted(ARCHITECTURES))
@pytest.mark.parametrize("make", [TokenStep, FixedAlone, GraphStep])
def test_a_step_says_what_the_models_own_forward_says(
    model_type: str, make: Callable[[Any, PrefixCache], Step], make_checkpoint: Make, open_folder: Open
) -> None:
    window = {"sliding_window": None} if model_type == "mistral" else {}
    folder = make_checkpoint(model_type=model_type, eos_token_id=None, initializer_range=0.3, **window)
    plain, stepped = stepping(open_folder(folder), no_step), stepping(open_folder(folder), make)
    words = LONG.split()
    dice = random.Random(3)
    for _ in range(6):
        # Rewinds to anywhere, with longer texts before: their rows still stand behind the mark.
        prompt = " ".join(words[: dice.randint(1, 40)] + dice.sample(words, 3))
        run(plain, prompt)
        run(stepped, prompt)
        assert stepped._read == plain._read
        assert stepped._cache is not None
        assert stepped._cache.for_model.get_seq_length() == len(stepped._read)


def test_the_logits_are_those_of_the_model(make_checkpoint: Make, open_folder: Open) -> None:
    backend = open_folder(make_checkpoint(initializer_range=0.3))
    model = backend._model
    ids = torch.randint(7, 200, (1, 40))
    with torch.inference_mode():
        expected = model(input_ids=ids).logits[0, -1]
        for make in (TokenStep, FixedAlone):
            cache = PrefixCache(2, 64, zeroed=True)
            model(input_ids=ids[:, :39], cache=cache.for_model, use_cache=True)
            torch.testing.assert_close(make(model, cache).run(int(ids[0, 39]), 39), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.usefixtures("small_buckets")
def test_a_step_looks_at_the_smallest_bucket_that_holds_it(make_checkpoint: Make, open_folder: Open) -> None:
    step = FixedStep(open_folder(make_checkpoint())._model, PrefixCache(2, 100, zeroed=True))
    assert [step.rows(position) for position in (0, 7, 8, 15, 16, 63, 64, 99)] == [8, 8, 16, 16, 32, 64, 100, 100]


def test_without_cuda_a_capture_fails_once_and_says_why(checkpoint: Path, open_folder: Open, caplog: pytest.LogCaptureFixture) -> None:
    backend = stepping(open_folder(checkpoint), GraphStep)
    with caplog.at_level(logging.WARNING, logger="solar_chat.engine.token_step"):
        run(backend, "안녕", 12)
        run(backend, "네", 12)
    assert isinstance(backend._step, GraphStep)
    assert not backend._step.captures
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("No CUDA graph of a decode step, going on without: ")
    assert len(caplog.messages[0]) > 60


@pytest.mark.parametrize("make", [TokenStep, FixedAlone])
def test_stop_between_two_layers_of_a_step(make: Callable[[Any, PrefixCache], Step], checkpoint: Path, open_folder: Open) -> None:
    backend = stepping(open_folder(checkpoint), make)
    stop = threading.Event()
    run(backend, LONG[:60], 2)
    before = len(backend._read)

    def stop_now(*_: object) -> None:
        stop.set()

    handle = backend._model.model.layers[0].register_forward_hook(stop_now)
    stream = backend.stream(GenerationRequest(LONG[:60], 9, sampling=Sampling(temperature=0)), stop)
    list(stream)
    handle.remove()
    assert len(backend._read) < before
    for text in (LONG, "안녕?"):
        again = stepping(open_folder(checkpoint), no_step)
        run(again, text)
        run(backend, text)
        assert backend._read == again._read


def test_reading_early_prepares_the_first_token(checkpoint: Path, open_folder: Open) -> None:
    prepared: list[int] = []

    class Prepared(TokenStep):
        def prepare(self, position: int) -> None:
            prepared.append(position)

    backend = stepping(open_folder(checkpoint), Prepared)
    run(backend, "안녕", 0)
    assert prepared == [len(backend._read)]
    run(backend, "안녕", 3)
    assert len(prepared) == 1


def test_what_a_step_cannot_do_is_left_to_the_model(make_checkpoint: Make, open_folder: Open) -> None:
    narrow = open_folder(make_checkpoint("narrow", model_type="mistral", sliding_window=8))._model
    wide = open_folder(make_checkpoint("wide", model_type="mistral", sliding_window=256))._model
    dynamic = {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 10000.0}
    stretched = open_folder(make_checkpoint("stretched", rope_parameters=dynamic))._model
    assert [open_step(model, PrefixCache(2, 256)) is None for model in (narrow, wide, stretched)] == [True, False, True]


def test_rows_that_are_no_numbers_are_not_kept(make_checkpoint: Make, open_folder: Open) -> None:
    backend = stepping(open_folder(make_checkpoint()), FixedAlone)
    norm = backend._model.model.layers[0].input_layernorm.weight
    before = norm.clone()
    norm.fill_(float("nan"))
    with pytest.raises(Exception, match="generation_failed"):
        run(backend, LONG, 4)
    norm.copy_(before)
    fresh = stepping(open_folder(make_checkpoint("fresh")), no_step)
    run(backend, "안녕")
    run(fresh, "안녕")
    assert backend._read == fresh._read
