"""Four bits made a few rows at a time, saved once: the same to the bit as bitsandbytes makes and transformers reads."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from solar_chat.engine import load_model
from solar_chat.engine.checkpoint import read_checkpoint
from solar_chat.engine.local import LocalBackend
from solar_chat.engine.quantize import quantized_bytes, write_quantized
from solar_chat.errors import ModelError, SolarChatError
from solar_chat.hardware import Hardware
from tests.engine.conftest import Spec, in_four_bits
from tests.engine.test_loading import edit_config, save_four_bits, say

ROOT = Path(__file__).resolve().parents[2]
Make = Callable[..., Path]


def written(folder: Path, into: Path) -> Path:
    into.mkdir()
    write_quantized(read_checkpoint(folder), into, "cpu", lambda share: None)
    return into


def tensors(folder: Path) -> dict[str, Any]:
    """Name → tensor; descriptions as the objects they hold."""
    from safetensors.torch import load_file

    found: dict[str, Any] = {name: value for file in folder.glob("*.safetensors") for name, value in load_file(file).items()}
    for name in [name for name in found if "quant_state" in name]:
        found[name] = json.loads(bytes(found[name].tolist()))
    return found


def same(one: Any, other: Any) -> bool:
    return torch.equal(one, other) if torch.is_tensor(one) else bool(one == other)


@dataclass
class Place:
    """A folder, and what was asked of it."""

    folder: Path
    problem: SolarChatError | None = None
    asked: list[str] = field(default_factory=list)

    def find(self) -> Path | None:
        self.asked.append("find")
        return self.folder if self.folder.is_dir() else None

    def discard(self) -> None:
        self.asked.append("discard")
        shutil.rmtree(self.folder)

    @contextlib.contextmanager
    def making(self, size_bytes: int) -> Iterator[Path]:
        self.asked.append("making")
        if self.problem is not None:
            raise self.problem
        part = self.folder.with_name("part")
        part.mkdir()
        try:
            yield part
            assert size_bytes < sum(file.stat().st_size for file in part.iterdir()) < size_bytes + 40_000
        except OSError as error:
            raise ModelError("four_bit_unwritable", path=part, reason=str(error)) from error
        finally:
            if sys.exc_info()[0] is not None:
                shutil.rmtree(part)
        part.rename(self.folder)


@pytest.fixture(autouse=True)
def _everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("solar_chat.hardware.SMALL_FLOAT32_BYTES", 0)
    monkeypatch.setattr("solar_chat.engine.weights.LEAST_SAVED_PARAMETERS", 0)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "copy")


@pytest.fixture
def stages() -> list[str]:
    return []


@pytest.fixture
def open_into(cpu: Hardware, stages: list[str]) -> Callable[..., LocalBackend]:
    def open_(folder: Path, place: Place | None, unsaved: list[SolarChatError] | None = None, hardware: Hardware = cpu) -> LocalBackend:
        stages.clear()
        told = unsaved.append if unsaved is not None else None
        backend = load_model(Spec("tiny", folder), hardware, lambda stage, _: stages.append(stage), place=place, unsaved=told)
        assert isinstance(backend, LocalBackend)
        assert in_four_bits(backend)
        return backend

    return open_


class TestTheSameToTheBit:
    @pytest.mark.parametrize(
        "changes",
        [
            {},
            {"shard_size": "60KB"},
            # Rows that are no whole blocks, and a last block that is not full.
            {"hidden_size": 40, "intermediate_size": 104, "head_dim": 8, "num_attention_heads": 5, "num_key_value_heads": 1},
            {"model_type": "qwen2", "tie_word_embeddings": True},
            {"model_type": "qwen3"},
        ],
    )
    def test_as_transformers_saves_it(self, make_checkpoint: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]) -> None:
        # Several slices of one tensor.
        monkeypatch.setattr("solar_chat.engine.quantize.SLICE_WEIGHTS", 4096)
        source = make_checkpoint(**changes)
        ours, theirs = tensors(written(source, tmp_path / "ours")), tensors(save_four_bits(source, tmp_path / "theirs"))
        assert set(ours) == set(theirs)
        different = [name for name, value in theirs.items() if not same(ours[name], value)]
        assert different == []

    def test_transformers_loads_it_as_it_is(self, checkpoint: Path, tmp_path: Path) -> None:
        from transformers import LlamaForCausalLM

        model, info = LlamaForCausalLM.from_pretrained(written(checkpoint, tmp_path / "ours"), output_loading_info=True, dtype=torch.float32)
        assert not any(info.values())
        assert type(model.model.layers[1].mlp.down_proj).__name__ == "Linear4bit"
        assert type(model.lm_head).__name__ == "Linear"

    def test_half_precision_stays_what_it_is(self, make_checkpoint: Make, tmp_path: Path) -> None:
        source = make_checkpoint(dtype="float16")
        ours = tensors(written(source, tmp_path / "ours"))
        assert ours["lm_head.weight"].dtype == torch.float16
        assert ours["model.layers.0.mlp.up_proj.weight.quant_state.bitsandbytes__nf4"]["dtype"] == "float16"
        checkpoint = read_checkpoint(tmp_path / "ours")
        assert checkpoint.bytes == quantized_bytes(read_checkpoint(source))

    @pytest.mark.parametrize("feature", ["avx2", "avx512_bf16"])
    def test_mapped_or_read_is_the_same_model(self, make_checkpoint: Make, open_into: Any, place: Place, cpu: Hardware, feature: str) -> None:
        source = make_checkpoint()
        hardware = replace(cpu, cpu_features=(feature,), dtype="bfloat16")
        saved, again, unsaved = (open_into(source, where, hardware=hardware) for where in (place, place, None))
        layer = saved._model.model.layers[0].mlp.down_proj
        assert (layer.compute_dtype, layer.weight.quant_state.dtype) == (torch.bfloat16, torch.bfloat16)
        assert saved._model.model.embed_tokens.weight.dtype == torch.bfloat16
        said = say(saved, "안녕하세요", 20)
        assert said == say(again, "안녕하세요", 20) == say(unsaved, "안녕하세요", 20)


class TestTheCopy:
    def test_is_made_once_and_then_loaded(self, checkpoint: Path, open_into: Any, place: Place, stages: list[str], prompt: str) -> None:
        first = open_into(checkpoint, place)
        assert "quantize" in stages
        assert place.asked == ["find", "making", "find"]
        said = say(first, prompt, 40)
        second = open_into(checkpoint, place)
        assert "quantize" not in stages
        assert place.asked[3:] == ["find"]
        assert say(second, prompt, 40) == said
        assert second._end_ids == first._end_ids == {2, 6}

    def test_a_reply_ends_where_generation_config_says(self, make_checkpoint: Make, open_into: Any) -> None:
        source = make_checkpoint()
        (source / "generation_config.json").write_text('{"eos_token_id": 5}')
        assert open_into(source, None)._end_ids == {2, 5, 6}

    @pytest.mark.parametrize("damage", ["truncated", "no header", "no config", "no index"])
    def test_a_damaged_one_is_made_again(self, make_checkpoint: Make, open_into: Any, place: Place, damage: str) -> None:
        source = make_checkpoint(shard_size="60KB")
        said = say(open_into(source, place), "안녕", 10)
        file = sorted(place.folder.glob("*.safetensors"))[0]
        match damage:
            case "truncated":
                os.truncate(file, file.stat().st_size - 1)
            case "no header":
                file.write_bytes(bytes(file.stat().st_size))
            case "no config":
                (place.folder / "config.json").unlink()
            case "no index":
                (place.folder / "model.safetensors.index.json").unlink()
        place.asked.clear()
        assert say(open_into(source, place), "안녕", 10) == said
        assert place.asked == ["find", "discard", "making", "find"]

    def test_without_room_the_model_runs_all_the_same(self, checkpoint: Path, open_into: Any, place: Place, stages: list[str], prompt: str) -> None:
        place.problem = ModelError("four_bit_disk", path="x", needed_gb="6.0", free_gb="1.0")
        told: list[SolarChatError] = []
        backend = open_into(checkpoint, place, told)
        assert told == [place.problem]
        assert stages[0] == "check"
        assert stages[-1] == "ready"
        assert say(backend, prompt, 5) == say(open_into(checkpoint, None), prompt, 5)

    def test_a_disk_that_fills_up_while_writing(self, checkpoint: Path, open_into: Any, place: Place, prompt: str) -> None:
        told: list[SolarChatError] = []
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
            backend = open_into(checkpoint, place, told)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert [error.key for error in told] == ["four_bit_unwritable"]
        assert not place.folder.exists()
        assert not place.folder.with_name("part").exists()
        assert say(backend, prompt, 5)

    def test_weights_that_do_not_match_are_the_sources_fault(self, make_checkpoint: Make, open_into: Any, place: Place) -> None:
        source = make_checkpoint()
        edit_config(source, intermediate_size=96)
        told: list[SolarChatError] = []
        with pytest.raises(ModelError) as caught:
            open_into(source, place, told)
        assert (caught.value.key, caught.value.params["count"], told) == ("model_weights_mismatch", 6, [])

    def test_a_small_model_gets_none(self, checkpoint: Path, open_into: Any, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("solar_chat.engine.weights.LEAST_SAVED_PARAMETERS", 130_000)
        open_into(checkpoint, place)
        assert place.asked == []


# A process of its own: `python -c SCRIPT SOURCE CACHE`, with the model of a person's folder in the app's own place for copies.
LOAD = """
import os, sys
from dataclasses import replace
from pathlib import Path
import solar_chat.hardware, solar_chat.engine.weights, solar_chat.engine.quantize
from solar_chat.engine import load_model
from solar_chat.hardware import detect
from solar_chat.models import quantized_place, resolve
solar_chat.hardware.SMALL_FLOAT32_BYTES = solar_chat.engine.weights.LEAST_SAVED_PARAMETERS = 0
spec = resolve(Path(sys.argv[1]))
place = quantized_place(spec, Path(sys.argv[2]))
hardware = replace(detect(), device="cpu", dtype="bfloat16", quantization="nf4")
"""


def run(script: str, *arguments: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "ignore", "-c", LOAD + script, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, timeout=120, check=False)


def test_a_kill_in_the_middle_leaves_no_copy(make_checkpoint: Make, tmp_path: Path) -> None:
    source, cache = make_checkpoint(shard_size="60KB"), tmp_path / "models"
    dies = "lambda stage, share: stage == 'quantize' and share > 0.5 and os.kill(os.getpid(), 9)"
    killed = run(f"load_model(spec, hardware, {dies}, place=place)", source, cache)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    (left,) = (entry for entry in (cache / "4bit").iterdir() if entry.name != ".locks")
    assert left.name.endswith(".part")
    assert any(left.glob("*.safetensors"))
    again = run("load_model(spec, hardware, place=place); print(place.find())", source, cache)
    assert again.stdout.strip() == str(left.with_suffix("")), again.stderr
    assert [entry.name for entry in (cache / "4bit").iterdir() if entry.name != ".locks"] == [left.stem]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_host_holds_hardly_more_than_the_four_bits(make_checkpoint: Make, tmp_path: Path) -> None:
    """Peak of the resident memory, mapped files included, while 100 million weights are quantized, saved and loaded; then, from the copy, while they
    are loaded and used by a CPU that wants them rearranged."""
    shape = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 6, "num_attention_heads": 16, "num_key_value_heads": 4}
    source = make_checkpoint(**shape, head_dim=64, dtype="bfloat16", shard_size="100MB")
    measured = run(
        """
import threading
import bitsandbytes, solar_chat.engine.cpu_layout
from solar_chat.engine import GenerationRequest
from solar_chat.engine.memory import free_memory
def memory(key): return int(next(line for line in open("/proc/self/status") if line.startswith(key)).split()[1]) * 1024
def begin():
    free_memory()
    open("/proc/self/clear_refs", "w").write("5")
    return memory("VmRSS")
def use(backend): list(backend.stream(GenerationRequest("안녕하세요", 2), threading.Event()))
# The libraries, before anything is measured.
use(load_model(resolve(Path(sys.argv[3])), hardware))
# As many weights for this size as there are for SOLAR's.
solar_chat.engine.quantize.SLICE_WEIGHTS, solar_chat.engine.cpu_layout._PIECE_WEIGHTS = 200_000, 50_000
before = begin()
backend = load_model(spec, hardware, place=place)
print(memory("VmHWM") - before)
backend.close()
del backend
if not bitsandbytes.functional.has_avx512bf16():
    # Without the product, which this CPU has not got; rearranging is bitsandbytes' own everywhere.
    bitsandbytes.nn.modules.has_avx512bf16 = lambda: True
    bitsandbytes.matmul_4bit = lambda given, weight, bias=None, quant_state=None: given.new_zeros(*given.shape[:-1], quant_state.shape[0])
before = begin()
backend = load_model(spec, replace(hardware, cpu_features=("avx512_bf16",)), place=place)
use(backend)
print(memory("VmHWM") - before)
""",
        source,
        tmp_path / "models",
        make_checkpoint("tiny"),
    )
    assert measured.returncode == 0, measured.stderr
    four_bits = quantized_bytes(read_checkpoint(source))
    assert read_checkpoint(source).bytes > 3.5 * four_bits
    made, rearranged = map(int, measured.stdout.split())
    assert made < 1.3 * four_bits
    assert rearranged < 1.3 * four_bits
