"""What cannot be exported, is in the way or breaks off: named in one error, and nothing left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from solar_chat.errors import InputError, ModelError
from solar_chat.export import Exported
from solar_chat.paths import STARTER_MODEL
from tests.export.conftest import Make

ROOT = Path(__file__).resolve().parents[2]
Export = Callable[..., Exported]


def with_config(folder: Path, **changes: Any) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | changes), encoding="utf-8")
    return folder


def with_tensors(folder: Path, **changes: Any) -> Path:
    path = folder / "model.safetensors"
    tensors = {name: tensor for name, tensor in {**load_file(path), **changes}.items() if tensor is not None}
    save_file(tensors, path, {"format": "pt"})
    return folder


def refusal(export: Callable[[], object]) -> tuple[str, dict[str, object]]:
    with pytest.raises((InputError, ModelError)) as caught:
        export()
    return caught.value.key, caught.value.params


@pytest.mark.parametrize(
    ("changes", "key", "named"),
    [
        ({"model_type": "gemma2"}, "export_architecture", "gemma2"),
        ({"hidden_act": "gelu"}, "export_config", "hidden_act"),
        ({"rope_parameters": {"rope_type": "dynamic", "rope_theta": 1e4, "factor": 2.0}}, "export_config", "rope_type dynamic"),
        ({"rope_parameters": {"rope_type": "yarn", "rope_theta": 1e4, "factor": 2.0, "mscale": 0.7}}, "export_config", "rope mscale"),
        ({"rope_parameters": {"rope_type": "llama3", "rope_theta": 1e4, "factor": 2.0}}, "export_config", "rope high_freq_factor"),
        ({"quantization_config": {"quant_method": "gptq"}}, "export_config", "quantization_config"),
        ({"num_attention_heads": 8}, "export_tensor", "model.layers.0.self_attn.o_proj.weight"),
        ({"num_hidden_layers": 3}, "export_tensor_missing", "blk.2.attn_norm.weight"),
        ({"max_position_embeddings": None}, "export_config", "max_position_embeddings"),
    ],
)
def test_configurations(changes: dict[str, Any], key: str, named: str, make: Make, made: Export) -> None:
    found, params = refusal(lambda: made(with_config(make(), **changes)))
    assert found == key
    assert named in map(str, params.values())


@pytest.mark.parametrize(
    ("name", "tensor", "key"),
    [
        ("model.layers.0.mlp.extra.weight", torch.ones(4, 4), "export_tensor"),
        ("model.layers.0.self_attn.q_norm.weight", torch.ones(16), "export_tensor"),
        ("model.layers.1.mlp.up_proj.weight", None, "export_tensor_missing"),
        ("model.norm.weight", torch.ones(64, dtype=torch.float8_e4m3fn), "export_dtype"),
        ("model.layers.1.mlp.up_proj.weight", torch.full((128, 64), 1e30), "export_too_large"),
        ("model.layers.1.mlp.up_proj.weight", torch.full((128, 64), torch.nan), "export_not_finite"),
    ],
)
def test_tensors(name: str, tensor: torch.Tensor | None, key: str, make: Make, made: Export, tmp_path: Path) -> None:
    found, params = refusal(lambda: made(with_tensors(make(), **{name: tensor})))
    assert found == key
    assert params["tensor"] in (name, "blk.1.ffn_up.weight")
    assert not list(tmp_path.glob("exported/*"))


def test_superfluous_tensors_are_left_out(make: Make, made: Export) -> None:
    folder = with_tensors(
        make(tie_word_embeddings=True), **{"lm_head.weight": torch.ones(2, 2), "model.layers.0.self_attn.rotary_emb.inv_freq": torch.ones(8)}
    )
    assert made(folder).tensors == 2 + 2 * 9


def test_a_window_shortens_the_context(make: Make, made: Export) -> None:
    file = made(make(model_type="mistral", sliding_window=64))
    assert (file.context_tokens, file.notes) == (64, ("context",))
    assert "PARAMETER num_ctx 64" in file.modelfile.read_text(encoding="utf-8")


def test_names_that_are_taken(make: Make, made: Export, tmp_path: Path) -> None:
    folder = make()
    first = made(folder, "one.gguf")
    assert refusal(lambda: made(folder, "one.gguf"))[0] == "export_target_exists"
    second = made(folder, "two.gguf", "q8_0")
    assert [first.modelfile.name, second.modelfile.name] == ["Modelfile", "two.Modelfile"]
    assert second.modelfile.read_text(encoding="utf-8").startswith("FROM ./two.gguf\n")
    (tmp_path / "exported" / "three.Modelfile").write_text("mine", encoding="utf-8")
    assert refusal(lambda: made(folder, "three.gguf"))[0] == "export_target_exists"
    assert refusal(lambda: made(folder, "four.bin"))[0] == "export_not_gguf"
    assert refusal(lambda: made(tmp_path / "exported" / "one.gguf", "five.gguf"))[0] == "export_is_gguf"
    assert refusal(lambda: made("upstage/SOLAR-10.7B-Instruct-v1.0", "five.gguf"))[0] == "model_not_downloaded"
    assert refusal(lambda: made("ollama:solar", "five.gguf"))[0] == "export_remote"
    assert sorted(path.name for path in (tmp_path / "exported").iterdir()) == [
        "Modelfile",
        "one.gguf",
        "three.Modelfile",
        "two.Modelfile",
        "two.gguf",
    ]


def test_full_disk_is_told_before_writing(make: Make, made: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _path: type("Usage", (), {"free": 1000}))
    assert refusal(lambda: made(make()))[0] == "export_no_room"
    assert not (tmp_path / "exported").exists()


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), OSError(28, "No space left on device")], ids=["interrupted", "full"])
def test_nothing_is_left_after_a_failure_half_way(failure: BaseException, make: Make, made: Export, tmp_path: Path) -> None:
    def progress(done: int, total: int) -> None:
        if done > total // 2:
            raise failure

    with pytest.raises((InputError, KeyboardInterrupt)):
        made(make(), progress=progress)
    assert list((tmp_path / "exported").iterdir()) == []


def test_a_disk_that_fills_up_with_the_modelfile(make: Make, made: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(path: Path, text: str, encoding: str) -> None:
        path.write_bytes(text.encode(encoding)[: len(text) // 2])
        raise OSError(28, "No space left on device")

    folder = make()
    monkeypatch.setattr(Path, "write_text", half)
    assert refusal(lambda: made(folder))[0] == "export_write_failed"
    assert list((tmp_path / "exported").iterdir()) == []


def test_two_exports_of_one_name(make: Make, made: Export, tmp_path: Path) -> None:
    folder, seen = make(), list[str]()

    def progress(_done: int, _total: int) -> None:
        if not seen:
            seen.append(refusal(lambda: made(folder))[0])

    made(folder, progress=progress)
    assert seen == ["export_busy"]
    assert sorted(path.name for path in (tmp_path / "exported").iterdir()) == ["Modelfile", "out.gguf"]


PROGRAM = """
import sys, time
from pathlib import Path
from solar_chat.workshop.exporting import export_model
from solar_chat.paths import Home
def slow(done, total):
    if done > total // 3:
        print("half", flush=True); time.sleep(60)
export_model("starter", Path(sys.argv[1]), "q8_0", Home.find(), slow)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_killed_half_way_then_run_again(made: Export, tmp_path: Path) -> None:
    target = tmp_path / "exported" / "out.gguf"
    run = subprocess.Popen([sys.executable, "-c", PROGRAM, target], cwd=ROOT, stdout=subprocess.PIPE)
    assert run.stdout is not None
    assert run.stdout.readline() == b"half\n"
    run.kill()
    run.wait()
    run.stdout.close()
    assert not target.exists()
    assert not (target.parent / "Modelfile").exists()
    assert made(STARTER_MODEL, weights="q8_0").gguf == target
    assert sorted(path.name for path in target.parent.iterdir()) == ["Modelfile", "out.gguf"]


MEMORY = """
import sys, resource
from pathlib import Path
from solar_chat.checkpoint import Checkpoint
from solar_chat.export.tensors import Entry, entries, pieces
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
list(map(len, pieces(entries(Checkpoint.read(Path(sys.argv[1])), "q4_0")[1])))
before = peak()
for entry in entries(Checkpoint.read(Path(sys.argv[2])), "q4_0"):
    for piece in pieces(entry): pass
print(peak() - before)
"""


def test_memory_is_flat(make: Make, tmp_path: Path) -> None:
    """Matrices of 50 MB each, converted in the memory of a piece."""
    pytest.importorskip("resource")
    small = make()
    big = tmp_path / "big"
    big.mkdir()
    config = json.loads((small / "config.json").read_text(encoding="utf-8")) | {"hidden_size": 2048, "intermediate_size": 12288, "head_dim": 512}
    (big / "config.json").write_text(json.dumps(config), encoding="utf-8")
    tensors = load_file(small / "model.safetensors")
    shapes: dict[str, tuple[int, ...]] = {
        "gate_proj": (12288, 2048),
        "up_proj": (12288, 2048),
        "down_proj": (2048, 12288),
        "q_proj": (2048, 2048),
        "o_proj": (2048, 2048),
    }
    shapes |= {"k_proj": (1024, 2048), "v_proj": (1024, 2048), "layernorm": (2048,), "norm": (2048,), "embed_tokens": (config["vocab_size"], 2048)}
    shapes |= {"lm_head": (config["vocab_size"], 2048)}
    made = {name: torch.zeros(next(shape for part, shape in shapes.items() if part in name), dtype=torch.float16) for name in tensors}
    save_file(made, big / "model.safetensors")
    done = subprocess.run([sys.executable, "-c", MEMORY, small, big], cwd=ROOT, capture_output=True, check=True, env=os.environ)
    assert int(done.stdout) < 150_000
