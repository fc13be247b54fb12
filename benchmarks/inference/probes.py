"""The measurements, each in a process of its own: `python -m benchmarks.inference.probes NAME PLAN` prints its figures as one line of JSON.

Ours and the peer take turns on the same prompts, round by round, in one process: what else the machine does meets both alike. In every second round
raw llama.cpp goes first. Ours goes first, alone, where memory is read.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from benchmarks.inference.peers import RawLlama, generate
from benchmarks.inference.resident import resident_megabytes
from benchmarks.inference.shapes import SOLAR, TOY
from benchmarks.inference.solar_nf4 import build, read_bytes_per_token
from benchmarks.inference.timing import QUESTION, Figures, Plan, Timed, ask, early_gain, passage
from benchmarks.inference.vocabulary import write_tokenizer
from solar_chat.engine import Backend, GenerationRequest, load_model
from solar_chat.engine.gguf_file import read_gguf
from solar_chat.engine.gguf_tokenizer import gguf_tokenizer
from solar_chat.engine.llama_cpp import LlamaCppBackend
from solar_chat.engine.loading import SINGLE_THREAD_PARAMETERS, load_tokenizer
from solar_chat.engine.local import LocalBackend
from solar_chat.hardware import Hardware, detect

# Rounds of different parts use different texts, so that nothing is in a cache by chance.
_EARLY: Final = 500
_COPY_BYTES: Final = 2_000_000_000


def llama(plan: Plan) -> Figures:
    """Ours on llama.cpp beside raw xllamacpp."""
    found: Figures = defaultdict(list)
    backend, hardware = _loaded(plan, found)
    assert isinstance(backend, LlamaCppBackend)
    warm_up = passage(backend.count_tokens, plan.prompt_tokens, 0)
    ask(backend, warm_up, plan.reply_tokens)
    _remember_memory(found)
    file = read_gguf(plan.path)
    ids = gguf_tokenizer(file).encode_prompt
    threads = 1 if file.parameters < SINGLE_THREAD_PARAMETERS else hardware.physical_cores
    raws = {"raw": True, "raw_default": False}
    for name, as_ours in raws.items():
        raw = RawLlama(plan.path, plan.context_tokens, threads, as_ours=as_ours, cache_in_8_bits=backend.cache_in_8_bits)
        raw.ask(ids(warm_up), plan.reply_tokens)
        suffix = "" if as_ours else "_beside_default"
        for number in range(1, plan.rounds + 1):
            text = passage(backend.count_tokens, plan.prompt_tokens, number if as_ours else 100 + number)
            turns: list[tuple[str, str, Callable[[int], Timed]]] = [
                ("ours", suffix, functools.partial(ask, backend, text)),
                (name, "", functools.partial(raw.ask, ids(text))),
            ]
            for who, which, asked in turns[:: 1 if number % 2 else -1]:
                found[f"{who}_prefill{which}"].append(asked(1).prefill_rate)
            for who, which, asked in turns[:: 1 if number % 2 else -1]:
                found[f"{who}_decode{which}"].append(asked(plan.reply_tokens).decode_rate)
        del raw, turns
    _early(backend, plan, found)
    _tenth_turn(backend, plan, found, None)
    return found


def nf4(plan: Plan) -> Figures:
    """Ours on transformers and bitsandbytes beside `generate` on the same weights."""
    found: Figures = defaultdict(list)
    backend, _ = _loaded(plan, found)
    ask(backend, passage(backend.count_tokens, plan.prompt_tokens, 0), plan.reply_tokens)
    _remember_memory(found)
    assert isinstance(backend, LocalBackend)
    _beside_generate(backend, plan, found)
    return found


def cuda(plan: Plan) -> Figures:
    """The same on a card, with a model that is made there: its memory, and how much of the memory's speed is used."""
    import torch

    found: Figures = defaultdict(list)
    shape = (TOY if plan.toy else SOLAR).with_layers(plan.layers)
    model = build(shape, plan.device)
    folder = Path(plan.model)
    write_tokenizer(folder, shape.vocabulary)
    tokenizer = load_tokenizer(folder)
    threads = 1 if plan.toy else None
    backend = LocalBackend(model, tokenizer, name="solar", context_tokens=plan.context_tokens, end_ids=frozenset(), threads=threads)
    longest = passage(backend.count_tokens, plan.context_tokens - 2 * plan.reply_tokens, 0)
    ask(backend, longest, plan.reply_tokens)
    if plan.device == "cuda":
        found["vram_allocated"].append(torch.cuda.max_memory_allocated() / 1e9)
        found["vram_reserved"].append(torch.cuda.max_memory_reserved() / 1e9)
    _beside_generate(backend, plan, found)
    found["read_short"].append(read_bytes_per_token(model, plan.prompt_tokens) / 1e9)
    found["read_long"].append(read_bytes_per_token(model, plan.history_tokens) / 1e9)
    found["bandwidth"].append(_bandwidth(plan.device, _COPY_BYTES if plan.device == "cuda" else _COPY_BYTES // 100))
    return found


def _loaded(plan: Plan, found: Figures) -> tuple[Backend, Hardware]:
    hardware = dataclasses.replace(detect(), quantization="nf4")
    started = time.perf_counter()
    backend = load_model(plan, hardware)
    found["load_seconds"].append(time.perf_counter() - started)
    return backend, hardware


def _remember_memory(found: Figures) -> None:
    for name, megabytes in resident_megabytes().items():
        found[f"memory_{name}"].append(megabytes)


def _beside_generate(backend: LocalBackend, plan: Plan, found: Figures) -> None:
    # The very weights that ours uses: nothing else holds a loaded model.
    model = backend._model
    model.generation_config.eos_token_id = None
    generate(model, backend._encoded(GenerationRequest(passage(backend.count_tokens, plan.prompt_tokens, 0))), 4)
    for number in range(1, plan.rounds + 1):
        text = passage(backend.count_tokens, plan.prompt_tokens, number)
        cold = ask(backend, text, 1)
        found["ours_prefill"].append(cold.prefill_rate)
        found["ours_decode"].append(ask(backend, text, plan.reply_tokens).decode_rate)
        first, rate = generate(model, backend._encoded(GenerationRequest(text)), plan.reply_tokens)
        found["generate_prefill"].append(cold.prompt_tokens / first)
        found["generate_decode"].append(rate)
    _early(backend, plan, found)
    _tenth_turn(backend, plan, found, model)


def _early(backend: Backend, plan: Plan, found: Figures) -> None:
    """The first token of a prompt that nobody read before, beside one that was read while the person typed."""
    for number in range(_EARLY, _EARLY + plan.rounds):
        found["first_cold"].append(ask(backend, passage(backend.count_tokens, plan.prompt_tokens, number + 100), 1).seconds)
        found["first_early"].append(early_gain(backend, plan, number))


def _tenth_turn(backend: Backend, plan: Plan, found: Figures, model: Any) -> None:
    """A question behind a long history that ours has in its cache, as nine turns leave it there."""
    history = passage(backend.count_tokens, plan.history_tokens, 900)
    ask(backend, history, 0)
    for number in range(plan.history_rounds):
        prompt = history + QUESTION.format(number=number)
        found["ours_tenth"].append(ask(backend, prompt, 1).seconds)
        found["ours_decode_long"].append(ask(backend, prompt, plan.reply_tokens).decode_rate)
        if model is not None:
            assert isinstance(backend, LocalBackend)
            first, rate = generate(model, backend._encoded(GenerationRequest(prompt)), plan.reply_tokens)
            found["generate_tenth"].append(first)
            found["generate_decode_long"].append(rate)


def _bandwidth(device: str, size: int) -> float:
    """GB a second of a copy on the device, reads and writes together."""
    import torch

    source = torch.zeros(size, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    best = 0.0
    for _ in range(5):
        started = time.perf_counter()
        for _ in range(10):
            target.copy_(source)
        target[-1].item()
        best = max(best, 20 * size / (time.perf_counter() - started) / 1e9)
    return best


PROBES: Final = {"llama": llama, "nf4": nf4, "cuda": cuda}


def main() -> None:
    """Run one probe; see the module."""
    name, plan = sys.argv[1:]
    print(json.dumps(PROBES[name](Plan(**json.loads(plan)))))


if __name__ == "__main__":
    main()
