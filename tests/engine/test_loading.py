"""Loading real folders, good and broken; what fails says which file and leaves nothing behind."""

from __future__ import annotations

import gc
import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from solar_chat.checkpoint import INDEX, StoredTensor
from solar_chat.engine import Finished, GenerationRequest, Sampling, TextPiece
from solar_chat.engine.checkpoint import read_checkpoint
from solar_chat.engine.loading import needed_bytes
from solar_chat.engine.local import LocalBackend
from solar_chat.errors import ModelError, OutOfMemory
from solar_chat.hardware import Hardware
from tests.engine.conftest import in_four_bits

Open = Callable[..., LocalBackend]
Make = Callable[..., Path]
SOLAR = 10_731_524_096
"""Parameters of SOLAR 10.7B."""


def refused(open_folder: Open, folder: Path | None, key: str, **options: object) -> ModelError:
    with pytest.raises(ModelError) as caught:
        open_folder(folder, **options)
    assert caught.value.key == key
    return caught.value


def say(backend: LocalBackend, prompt: str, tokens: int = 200) -> str:
    events = backend.stream(GenerationRequest(prompt, tokens, sampling=Sampling(temperature=0)), threading.Event())
    return "".join(event.text for event in events if isinstance(event, TextPiece))


def edit_config(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def edit_index(folder: Path, name: Callable[[str], object]) -> None:
    path = folder / INDEX
    index = json.loads(path.read_text())
    path.write_text(json.dumps({**index, "weight_map": {tensor: name(file) for tensor, file in index["weight_map"].items()}}))


def save_four_bits(checkpoint: Path, folder: Path) -> Path:
    """As transformers itself quantizes and saves."""
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    options = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=torch.float32)
    model = AutoModelForCausalLM.from_pretrained(checkpoint, quantization_config=options, device_map={"": "cpu"}, dtype=torch.float32)
    model.save_pretrained(folder)
    (folder / "tokenizer.json").write_bytes((checkpoint / "tokenizer.json").read_bytes())
    return folder


def live_tensor_bytes() -> int:
    gc.collect()
    found = {}
    for thing in gc.get_objects():
        if type(thing) in (torch.Tensor, torch.nn.Parameter) and thing.device.type == "cpu":
            found[thing.untyped_storage().data_ptr()] = thing.untyped_storage().nbytes()
    return sum(found.values())


class TestGoodFolders:
    def test_a_small_model_on_a_cpu_stays_in_float32(self, backend: LocalBackend) -> None:
        assert not in_four_bits(backend)
        assert {parameter.dtype for parameter in backend._model.parameters()} == {torch.float32}
        assert not any(parameter.requires_grad for parameter in backend._model.parameters())
        assert (backend.name, backend.device, backend.context_tokens) == ("tiny", "cpu", 256)

    def test_the_context_is_never_longer_than_the_models(self, checkpoint: Path, open_folder: Open) -> None:
        assert open_folder(checkpoint, context_tokens=100_000).context_tokens == 256
        assert open_folder(checkpoint, context_tokens=64).context_tokens == 64

    def test_shards_are_put_together(self, make_checkpoint: Make, open_folder: Open) -> None:
        whole, parts = make_checkpoint("whole"), make_checkpoint("parts", shard_size="60KB")
        assert len(list(parts.glob("*.safetensors"))) > 2
        assert say(open_folder(whole), "안녕", 20) == say(open_folder(parts), "안녕", 20)

    def test_tied_embeddings_are_not_missing(self, make_checkpoint: Make, open_folder: Open) -> None:
        say(open_folder(make_checkpoint(tie_word_embeddings=True)), "안녕", 2)

    def test_progress_reaches_the_end(self, checkpoint: Path, cpu: Hardware) -> None:
        from dataclasses import dataclass

        from solar_chat.engine import load_model

        @dataclass(frozen=True)
        class Spec:
            id: str
            path: Path | None
            context_tokens: int

        stages: list[tuple[str, float]] = []
        load_model(Spec("tiny", checkpoint, 64), cpu, lambda stage, share: stages.append((stage, share)))
        assert stages[0] == ("check", 0.0)
        assert stages[-1] == ("ready", 1.0)
        weights = [share for stage, share in stages if stage == "weights"]
        assert len(weights) > 5
        assert weights == sorted(weights)
        assert weights[-1] == 1.0

    def test_a_tiny_model_runs_on_one_thread(self, backend: LocalBackend) -> None:
        before = torch.get_num_threads()
        try:
            torch.set_num_threads(2)
            say(backend, "안녕", 1)
            assert torch.get_num_threads() == 1
        finally:
            torch.set_num_threads(before)

    def test_nothing_is_printed(self, checkpoint: Path, open_folder: Open, capfd: pytest.CaptureFixture[str]) -> None:
        open_folder(checkpoint)
        assert capfd.readouterr() == ("", "")


class TestFourBits:
    @pytest.fixture
    def tight(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Every model counts as large."""
        monkeypatch.setattr("solar_chat.hardware.SMALL_FLOAT32_BYTES", 0)

    @pytest.mark.usefixtures("tight")
    @pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
    def test_nf4_on_a_cpu_answers(self, checkpoint: Path, open_folder: Open, cpu: Hardware, prompt: str, answer: str, dtype: str) -> None:
        backend = open_folder(checkpoint, hardware=replace(cpu, dtype=dtype))
        assert in_four_bits(backend)
        layer = backend._model.model.layers[0].self_attn.q_proj
        assert layer.weight.quant_type == "nf4"
        assert layer.weight.quant_state.nested
        assert layer.compute_dtype == getattr(torch, dtype)
        # Learnt by heart with a wide margin: four bits do not lose the beginning.
        assert say(backend, prompt, 200)[:5] == answer[:5]
        backend.close()

    @pytest.mark.usefixtures("tight")
    def test_a_checkpoint_saved_in_four_bits_is_taken_as_it_is(self, checkpoint: Path, open_folder: Open, tmp_path: Path, prompt: str) -> None:
        saved = save_four_bits(checkpoint, tmp_path / "saved")
        quantized, again = open_folder(checkpoint), open_folder(saved)
        assert in_four_bits(again)
        assert say(again, prompt, 20) == say(quantized, prompt, 20)

    def test_the_choice(self, checkpoint: Path, cpu: Hardware) -> None:
        small = read_checkpoint(checkpoint).parameters
        assert small == 129_088
        cuda = replace(cpu, device="cuda", dtype="bfloat16")
        assert [device.wants_nf4(size) for device in (cpu, cuda) for size in (small, SOLAR)] == [False, True, True, True]
        assert not replace(cpu, device="mps", dtype="float16", quantization="none").wants_nf4(SOLAR)

    def test_the_estimate_for_solar(self, checkpoint: Path, cpu: Hardware) -> None:
        solar = replace(
            read_checkpoint(checkpoint),
            tensors={"all": StoredTensor("all", checkpoint, "BF16", (SOLAR,), 0, 2 * SOLAR)},
            config={"hidden_size": 4096, "num_hidden_layers": 48, "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 32000},
        )
        cuda = replace(cpu, device="cuda", dtype="bfloat16")
        # 5.40 GB of 4-bit weights, 0.52 GB of embedding and head, 0.81 GB of cache for 4,096 tokens.
        assert needed_bytes(solar, cuda, 4096, quantized=True) == pytest.approx(6.73e9, rel=0.005)
        assert needed_bytes(solar, cuda, 4096, quantized=False) == pytest.approx(22.27e9, rel=0.005)


class TestBrokenFolders:
    def test_no_folder(self, open_folder: Open, tmp_path: Path) -> None:
        refused(open_folder, tmp_path / "nowhere", "model_folder_missing")
        refused(open_folder, None, "model_not_downloaded")

    @pytest.mark.parametrize("file", ["config.json", "model.safetensors", "tokenizer.json"])
    def test_a_missing_file_is_named(self, open_folder: Open, make_checkpoint: Make, file: str) -> None:
        folder = make_checkpoint()
        (folder / file).unlink()
        assert refused(open_folder, folder, "model_file_missing").params["file"] == file

    @pytest.mark.parametrize("keep", [0, 7, 100, -1])
    def test_a_truncated_file_is_named(self, open_folder: Open, make_checkpoint: Make, keep: int) -> None:
        file = make_checkpoint() / "model.safetensors"
        file.write_bytes(file.read_bytes()[:keep])
        assert refused(open_folder, file.parent, "model_file_broken").params["file"] == "model.safetensors"

    @pytest.mark.parametrize("content", [b"PK\x03\x04" * 500, b"version https://git-lfs.github.com/spec/v1\n", b"\x02" + b"\0" * 7 + b"[]"])
    def test_a_file_that_is_no_safetensors(self, open_folder: Open, make_checkpoint: Make, content: bytes) -> None:
        folder = make_checkpoint()
        (folder / "model.safetensors").write_bytes(content)
        refused(open_folder, folder, "model_file_broken")

    @pytest.mark.parametrize("content", ["{", "[]", "\xff"])
    def test_a_broken_config(self, open_folder: Open, make_checkpoint: Make, content: str) -> None:
        folder = make_checkpoint()
        (folder / "config.json").write_bytes(content.encode("latin-1"))
        assert refused(open_folder, folder, "model_file_broken").params["file"] == "config.json"

    def test_a_config_without_shape(self, open_folder: Open, make_checkpoint: Make) -> None:
        folder = make_checkpoint()
        edit_config(folder, hidden_size=None)
        assert refused(open_folder, folder, "model_file_broken").params["file"] == "config.json"

    def test_a_missing_shard(self, open_folder: Open, make_checkpoint: Make) -> None:
        folder = make_checkpoint(shard_size="60KB")
        gone = sorted(folder.glob("*.safetensors"))[1]
        gone.unlink()
        assert refused(open_folder, folder, "model_file_missing").params["file"] == gone.name

    def test_an_index_that_leads_out_of_the_folder(self, open_folder: Open, make_checkpoint: Make) -> None:
        make_checkpoint("other")
        folder = make_checkpoint(shard_size="60KB")
        edit_index(folder, lambda _file: "../other/model.safetensors")
        assert refused(open_folder, folder, "model_file_broken").params["file"] == INDEX

    @pytest.mark.parametrize("wrong", [7, None, ["model.safetensors"]])
    def test_an_index_that_names_no_file(self, open_folder: Open, make_checkpoint: Make, wrong: object) -> None:
        folder = make_checkpoint(shard_size="60KB")
        edit_index(folder, lambda _file: wrong)
        assert refused(open_folder, folder, "model_file_broken").params["file"] == INDEX

    def test_a_tensor_with_fewer_bytes_than_its_shape_has(self, open_folder: Open, make_checkpoint: Make) -> None:
        folder = make_checkpoint()
        header = json.dumps({"model.embed_tokens.weight": {"dtype": "F32", "shape": [1000, 1000], "data_offsets": [0, 4]}}).encode()
        (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
        assert refused(open_folder, folder, "model_file_broken").params["file"] == "model.safetensors"

    def test_shards_with_other_tensors_than_the_index_says(self, open_folder: Open, make_checkpoint: Make) -> None:
        folder = make_checkpoint(shard_size="60KB")
        first, second = sorted(folder.glob("*.safetensors"))[:2]
        second.write_bytes(first.read_bytes())
        assert refused(open_folder, folder, "model_file_broken").params["file"] == second.name

    def test_shards_may_hold_more_than_the_index_says(self, open_folder: Open, make_checkpoint: Make) -> None:
        folder = make_checkpoint(shard_size="60KB")
        index = folder / "model.safetensors.index.json"
        listed = json.loads(index.read_text(encoding="utf-8"))
        del listed["weight_map"]["model.norm.weight"]
        index.write_text(json.dumps(listed), encoding="utf-8")
        open_folder(folder)

    def test_pickles_are_refused_unread(self, open_folder: Open, make_checkpoint: Make) -> None:
        folder = make_checkpoint()
        (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
        refused(open_folder, folder, "model_only_pickle")

    def test_code_in_the_folder_is_never_run(self, open_folder: Open, make_checkpoint: Make) -> None:
        folder = make_checkpoint()
        (folder / "evil.py").write_text(f"open({str(folder / 'ran')!r}, 'w')")
        edit_config(folder, model_type="evil", auto_map={"AutoConfig": "evil.C", "AutoModelForCausalLM": "evil.M"})
        refused(open_folder, folder, "model_remote_code")
        edit_config(folder, model_type="llama", auto_map={"AutoConfig": "evil.C", "AutoModelForCausalLM": "evil.M"})
        open_folder(folder)
        assert not (folder / "ran").exists()

    @pytest.mark.parametrize(
        ("changes", "key"),
        [
            ({"model_type": "mamba"}, "model_architecture"),
            ({"quantization_config": {"quant_method": "gptq", "bits": 4}}, "model_quantization"),
            ({"intermediate_size": 96}, "model_weights_mismatch"),
            ({"num_hidden_layers": 3}, "model_weights_mismatch"),
        ],
    )
    def test_a_config_that_does_not_fit(self, open_folder: Open, make_checkpoint: Make, changes: dict[str, object], key: str) -> None:
        folder = make_checkpoint()
        edit_config(folder, **changes)
        refused(open_folder, folder, key)

    def test_what_cannot_fit_is_refused_before_it_is_read(self, open_folder: Open, make_checkpoint: Make, cpu: Hardware) -> None:
        with pytest.raises(OutOfMemory) as caught:
            open_folder(make_checkpoint(), hardware=replace(cpu, device_free_bytes=300_000_100))
        assert caught.value.key == "memory_too_small"
        assert caught.value.params["free_gb"] == "0.3"

    def test_after_a_failure_nothing_stays_allocated(self, open_folder: Open, make_checkpoint: Make) -> None:
        folder = make_checkpoint(hidden_size=256, num_hidden_layers=3)
        edit_config(folder, num_hidden_layers=4)
        before = live_tensor_bytes()
        error = refused(open_folder, folder, "model_weights_mismatch")
        size = (folder / "model.safetensors").stat().st_size
        assert size > 2_000_000
        assert live_tensor_bytes() - before < size / 20
        assert error.params["count"]

    def test_memory_that_ends_while_loading(self, open_folder: Open, make_checkpoint: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        import transformers

        def fail(*_: object, **__: object) -> None:
            raise torch.OutOfMemoryError("CUDA out of memory")

        monkeypatch.setattr(transformers.LlamaForCausalLM, "from_pretrained", fail)
        assert isinstance(refused(open_folder, make_checkpoint(), "memory_loading"), OutOfMemory)


def test_finished_counts_the_bos(backend: LocalBackend, prompt: str) -> None:
    last = list(backend.stream(GenerationRequest(prompt, 1), threading.Event()))[-1]
    assert isinstance(last, Finished)
    assert last.prompt_tokens == backend.count_tokens(prompt) + 1
