"""llama.cpp itself: the same words as transformers, nothing read twice, nobody else at the model, everything given back."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]  # ships no types
import pytest
import xllamacpp
from gguf import GGUFWriter
from tokenizers import Tokenizer

from solar_chat.engine import Event, Finished, GenerationRequest, Prefilled, Sampling, TextPiece, load_model
from solar_chat.engine.llama_cpp import LlamaCppBackend
from solar_chat.engine.llama_server import BATCH_TOKENS
from solar_chat.engine.local import LocalBackend
from solar_chat.errors import ModelError, OutOfMemory
from solar_chat.hardware import Device, Hardware
from tests.engine.conftest import Spec, tiny_config, tiny_model
from tests.engine.gguf_files import finish, write_gguf, write_vocabulary
from tests.engine.test_gguf_tokenizer import TEXTS

GREEDY = Sampling(temperature=0)
Open = Callable[..., LlamaCppBackend]


def run(backend: Any, prompt: str, tokens: int = 200, sampling: Sampling = GREEDY, stop: tuple[str, ...] = ()) -> list[Event]:
    return list(backend.stream(GenerationRequest(prompt, tokens, stop, sampling), threading.Event()))


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextPiece))


def reading(events: list[Event]) -> Prefilled:
    assert isinstance(events[0], Prefilled)
    return events[0]


def finish_of(events: list[Event]) -> Finished:
    assert isinstance(events[-1], Finished)
    return events[-1]


class TestSameAsTransformers:
    @pytest.mark.parametrize("asked", ["<|user|>안녕?<|end|><|assistant|>", "설정을", "Hello there, how", "한국어와 English를 <|user|>"])
    def test_greedy_text_and_counts(self, open_gguf: Open, backend: LocalBackend, asked: str) -> None:
        ours, theirs = run(open_gguf(), asked, 60), run(backend, asked, 60)
        assert text_of(ours) == text_of(theirs)
        one, other = finish_of(ours), finish_of(theirs)
        assert (one.reason, one.prompt_tokens, one.reply_tokens) == (other.reason, other.prompt_tokens, other.reply_tokens)

    def test_token_counts(self, open_gguf: Open, backend: LocalBackend) -> None:
        ours = open_gguf()
        assert [ours.count_tokens(text) for text in TEXTS] == [backend.count_tokens(text) for text in TEXTS]

    @pytest.mark.parametrize("kind", ["mistral", "qwen2", "qwen3"])
    def test_other_architectures(self, tmp_path: Path, tokenizer: Tokenizer, open_gguf: Open, make_checkpoint: Callable[..., Path],
                                 open_folder: Callable[..., LocalBackend], kind: str) -> None:  # fmt: skip
        from transformers import AutoModelForCausalLM

        folder = make_checkpoint(model_type=kind, initializer_range=0.3)
        file = write_gguf(tmp_path / f"{kind}.gguf", AutoModelForCausalLM.from_pretrained(folder), tokenizer)
        assert text_of(run(open_gguf(file), "설정을 확인", 24)) == text_of(run(open_folder(folder), "설정을 확인", 24))

    def test_a_model_in_several_files(
        self, tmp_path: Path, checkpoint: Path, tokenizer: Tokenizer, open_gguf: Open, prompt: str, answer: str
    ) -> None:
        from transformers import LlamaForCausalLM

        write_gguf(tmp_path / "cut.gguf", LlamaForCausalLM.from_pretrained(checkpoint), tokenizer, tensors_a_file=8)
        parts = sorted(tmp_path.glob("*.gguf"))
        assert len(parts) == 3
        assert text_of(run(open_gguf(parts[0]), prompt, stop=("<|end|>",))) == answer
        parts[2].write_bytes(parts[2].read_bytes()[:-100])
        with pytest.raises(ModelError, match="model_file_broken"):
            open_gguf(parts[0])
        parts[1].unlink()
        with pytest.raises(ModelError, match="model_file_missing"):
            open_gguf(parts[0])

    def test_the_end_of_a_turn_is_a_stop_string_without_text(self, open_gguf: Open, prompt: str, answer: str) -> None:
        assert text_of(run(open_gguf(), prompt, stop=("<|end|>",))) == answer


class TestSampling:
    HOT = Sampling(temperature=1.5, top_p=1.0, seed=7)

    @pytest.fixture
    def wild(self, tmp_path: Path, tokenizer: Tokenizer, open_gguf: Open) -> LlamaCppBackend:
        """Untrained, so that every draw may differ."""
        return open_gguf(write_gguf(tmp_path / "wild.gguf", tiny_model(tiny_config(tokenizer.get_vocab_size())), tokenizer))

    def test_a_seed_repeats_and_another_does_not(self, wild: LlamaCppBackend) -> None:
        first = text_of(run(wild, "설정", 30, self.HOT))
        assert text_of(run(wild, "설정", 30, self.HOT)) == first
        assert text_of(run(wild, "설정", 30, replace(self.HOT, seed=8))) != first
        assert text_of(run(wild, "설정", 30, replace(self.HOT, seed=None))) != text_of(run(wild, "설정", 30, replace(self.HOT, seed=None)))

    @pytest.mark.parametrize("narrow", [{"top_k": 1}, {"top_p": 1e-6}, {"min_p": 1.0}])
    def test_narrow_settings_are_greedy(self, wild: LlamaCppBackend, narrow: dict[str, Any]) -> None:
        assert text_of(run(wild, "설정", 20, replace(self.HOT, **narrow))) == text_of(run(wild, "설정", 20))

    def test_repetition_is_weakened_as_in_transformers(
        self, open_gguf: Open, tmp_path: Path, tokenizer: Tokenizer, make_checkpoint: Callable[..., Path], open_folder: Callable[..., LocalBackend]
    ) -> None:
        from transformers import LlamaForCausalLM

        folder = make_checkpoint(initializer_range=0.1)
        file = write_gguf(tmp_path / "model.gguf", LlamaForCausalLM.from_pretrained(folder), tokenizer)
        penalized = Sampling(temperature=0, repetition_penalty=5.0)
        ours = text_of(run(open_gguf(file), "설정을 확인", 20, penalized))
        assert ours == text_of(run(open_folder(folder), "설정을 확인", 20, penalized))
        assert ours != text_of(run(open_gguf(file), "설정을 확인", 20))


class TestPrefix:
    def test_a_second_turn_reads_only_what_is_new_and_equals_a_fresh_start(self, open_gguf: Open, prompt: str, answer: str) -> None:
        warm = open_gguf()
        run(warm, prompt)
        longer = f"{prompt}{answer}<|end|><|user|>Hello<|end|><|assistant|>"
        second = run(warm, longer, 20)
        assert reading(second).reused_tokens >= warm.count_tokens(prompt)
        assert text_of(second) == text_of(run(open_gguf(), longer, 20))

    def test_a_reply_goes_on_with_its_own_tokens(self, open_gguf: Open, prompt: str, answer: str) -> None:
        backend = open_gguf()
        run(backend, prompt)
        boundary = answer[: answer.index("설정을")].rstrip()
        rest = run(backend, prompt + boundary)
        assert f"{boundary} {text_of(rest).lstrip()}" == answer
        assert reading(rest).reused_tokens == reading(rest).prompt_tokens - 1

    def test_stop_in_prefill_comes_within_a_batch_and_keeps_what_was_read(self, open_gguf: Open) -> None:
        class AtOnce(threading.Event):
            """Set when llama.cpp's thread first asks: a busy machine lets it read on before the loop below has its turn."""

            def is_set(self) -> bool:
                return super().is_set() or threading.current_thread().name == "llama.cpp"

        backend, stop = open_gguf(), AtOnce()
        long = " ".join(["설정을"] * 200)
        seen: list[Event] = []
        for event in backend.stream(GenerationRequest(long, 5), stop):
            seen.append(event)
            stop.set()
        assert finish_of(seen).reason == "cancelled"
        assert finish_of(seen).reply_tokens == 0
        assert len(seen) == 2
        assert reading(run(backend, long, 1)).reused_tokens <= 2 * BATCH_TOKENS["cpu"]

    def test_a_reply_ends_where_the_context_does(self, open_gguf: Open, prompt: str) -> None:
        last = finish_of(run(open_gguf(context_tokens=20), prompt))
        assert (last.reason, last.prompt_tokens + last.reply_tokens) == ("length", 20)


@pytest.mark.parametrize(("device", "gpu_layers", "batch"), [("cpu", 0, 64), ("mps", 999, 256)])
def test_how_it_is_started(gguf: Path, cpu: Hardware, monkeypatch: pytest.MonkeyPatch, device: Device, gpu_layers: int, batch: int) -> None:
    """What llama.cpp is told: mapped and not copied, a thread for each physical core, every layer on Metal, one conversation in the cache."""
    told: list[Any] = []

    def refuse(_server: Any, params: Any) -> Any:
        told.append(params)
        raise RuntimeError

    monkeypatch.setattr("solar_chat.engine.llama_server._unreachable", refuse)
    monkeypatch.setattr("solar_chat.engine.loading.SINGLE_THREAD_PARAMETERS", 0)
    with pytest.raises(ModelError, match="model_load_failed"):
        load_model(Spec("tiny", gguf), replace(cpu, device=device, physical_cores=3, logical_cores=6))
    (params,) = told
    assert (params.cpuparams.n_threads, params.cpuparams_batch.n_threads, params.n_gpu_layers, params.n_ubatch) == (3, 3, gpu_layers, batch)
    assert params.load_mode == xllamacpp.llama_load_mode.LLAMA_LOAD_MODE_MMAP
    assert (params.no_extra_bufts, params.cache_ram_mib, params.n_parallel, params.warmup) == (True, 0, 1, False)
    assert len(params.api_keys[0]) > 30


class TestAlone:
    def test_no_port_and_no_socket_is_left_open(self, open_gguf: Open) -> None:
        process = psutil.Process()
        before = {connection.laddr for connection in process.net_connections("tcp")}
        address = open_gguf()._server.listening_address
        assert {connection.laddr for connection in process.net_connections("tcp")} == before
        assert address.startswith("unix:")
        assert not Path(address.removeprefix("unix://")).parent.exists()

    def test_where_there_are_no_sockets_the_port_wants_a_key(self, open_gguf: Open, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("solar_chat.engine.llama_server._LONGEST_SOCKET_PATH", 0)
        address = open_gguf()._server.listening_address
        assert address.startswith("http://127.0.0.1:")
        for path in ("/tokenize", "/v1/completions", "/completion", "/props", "/slots", "/metrics", "/apply-template", "/v1/models"):
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(f"{address}{path}", b"{}")
            assert refused.value.code == 401
            refused.value.close()

    def test_it_writes_nothing_and_leaves_signals_alone(self, gguf: Path, capfd: pytest.CaptureFixture[str], open_gguf: Open, prompt: str) -> None:
        interrupted = []
        before = signal.signal(signal.SIGINT, lambda *_: interrupted.append(True))
        try:
            backend = open_gguf()
            run(backend, prompt, 3)
            os.kill(os.getpid(), signal.SIGINT)
            backend.close()
        finally:
            signal.signal(signal.SIGINT, before)
        assert interrupted == [True]
        assert capfd.readouterr() == ("", "")


# Measured in a process of its own: what pytest and torch hold would hide it.
_LOADS = """
import sys, psutil
from pathlib import Path
from solar_chat.engine.gguf_file import read_gguf
from solar_chat.engine.gguf_tokenizer import gguf_tokenizer
from solar_chat.engine.llama_cpp import LlamaCppBackend
from solar_chat.engine.protocol import GenerationRequest, Sampling
import threading
file = read_gguf(Path(sys.argv[1]))
tokenizer = gguf_tokenizer(file)
def once():
    backend = LlamaCppBackend(file, tokenizer, name="x", context_tokens=256, device="cpu", threads=1)
    list(backend.stream(GenerationRequest("설정을 확인", 8, sampling=Sampling(temperature=0)), threading.Event()))
    during = psutil.Process().memory_info().rss
    backend.close()
    return during
once()
rest, threads = psutil.Process().memory_info().rss, psutil.Process().num_threads()
during = [once() for _ in range(5)]
print(rest, max(during), psutil.Process().memory_info().rss, psutil.Process().num_threads() - threads)
"""


def test_several_loads_take_the_file_once_and_give_it_back(tmp_path: Path, tokenizer: Tokenizer) -> None:
    config = tiny_config(tokenizer.get_vocab_size(), hidden_size=512, intermediate_size=4096, num_hidden_layers=6, num_attention_heads=32)
    file = write_gguf(tmp_path / "wide.gguf", tiny_model(config), tokenizer)
    size = file.stat().st_size
    assert size > 150_000_000
    done = subprocess.run([sys.executable, "-c", _LOADS, str(file)], capture_output=True, text=True, check=True, timeout=120)
    rest, during, after, more_threads = map(int, done.stdout.split())
    assert during - rest < 1.3 * size
    assert after - rest < 0.1 * size
    assert more_threads <= 0
    assert done.stderr == ""


class TestRefused:
    def refusal(self, file: Path, hardware: Hardware) -> ModelError:
        with pytest.raises(ModelError) as caught:
            load_model(Spec("tiny", file), hardware)
        return caught.value

    @pytest.mark.parametrize("share", [0.0, 0.0005, 0.01, 0.3, 0.99])
    def test_a_cut_file(self, tmp_path: Path, gguf: Path, cpu: Hardware, share: float) -> None:
        whole = gguf.read_bytes()
        file = tmp_path / "cut.gguf"
        file.write_bytes(whole[: int(len(whole) * share)])
        error = self.refusal(file, cpu)
        assert (error.key, error.params["file"]) == ("model_file_broken", "cut.gguf")

    def test_another_file(self, tmp_path: Path, cpu: Hardware) -> None:
        file = tmp_path / "not.gguf"
        file.write_bytes(b"<!doctype html>" * 1000)
        assert self.refusal(file, cpu).params["reason"] == "no GGUF header"
        assert self.refusal(tmp_path / "nowhere.gguf", cpu).key == "model_file_missing"
        shard = tmp_path / "big-00001-of-00002.gguf"
        shutil.copyfile(file, shard)
        assert self.refusal(shard, cpu).params["file"] == "big-00002-of-00002.gguf"

    def test_an_unknown_architecture_or_tokenizer(self, tmp_path: Path, tokenizer: Tokenizer, byte_level: Tokenizer, cpu: Hardware) -> None:
        writer = GGUFWriter(tmp_path / "solar.gguf", "solar")
        write_vocabulary(writer, tokenizer)
        error = self.refusal(finish(writer, tmp_path / "solar.gguf"), cpu)
        assert (error.key, error.params["type"]) == ("gguf_architecture", "solar")
        writer = GGUFWriter(tmp_path / "words.gguf", "llama")
        write_vocabulary(writer, byte_level, pre="never-seen")
        error = self.refusal(finish(writer, tmp_path / "words.gguf"), cpu)
        assert (error.key, error.params["type"]) == ("gguf_tokenizer", "gpt2 never-seen")

    def test_missing_tensors_are_llama_cpps_to_notice(self, tmp_path: Path, tokenizer: Tokenizer, cpu: Hardware) -> None:
        writer = GGUFWriter(tmp_path / "empty.gguf", "llama")
        write_vocabulary(writer, tokenizer)
        assert self.refusal(finish(writer, tmp_path / "empty.gguf"), cpu).key == "model_load_failed"

    def test_a_cpu_that_would_die_of_it_never_meets_the_library(self, tmp_path: Path, cpu: Hardware) -> None:
        loading = (
            "import sys\nfrom dataclasses import replace\nfrom pathlib import Path\nfrom tests.engine.conftest import Spec\n"
            "from solar_chat.engine.loading import load_model\nfrom solar_chat.errors import ModelError\n"
            "from solar_chat.hardware import Hardware, Reason\n"
            "old = Hardware('cpu', 'x', 'float32', 'none', Reason('cpu_only', {}), 9, 9, 9, 9, 1, 1, 'x', ('avx2',), 'Linux x86_64', {})\n"
            "try: load_model(Spec('some/model', Path(sys.argv[1])), old)\n"
            "except ModelError as error: print(error.key, error.params['missing'], 'xllamacpp' in sys.modules)"
        )
        done = subprocess.run([sys.executable, "-c", loading, str(tmp_path / "x.gguf")], capture_output=True, text=True, check=True, timeout=120)
        assert done.stdout.strip() == "cpu_too_old FMA, F16C, BMI2 False"
        error = self.refusal(tmp_path / "x.gguf", replace(cpu, cpu_features=(), system="Windows AMD64"))
        assert error.params == {"model": "tiny", "missing": "AVX2, FMA, F16C, BMI2"}
        assert self.refusal(tmp_path / "x.gguf", replace(cpu, cpu_features=(), system="Linux aarch64")).key == "model_file_missing"

    def test_too_little_memory(self, gguf: Path, cpu: Hardware) -> None:
        error = self.refusal(gguf, replace(cpu, host_free_bytes=300_000_000))
        assert isinstance(error, OutOfMemory)
        assert error.key == "memory_too_small"
