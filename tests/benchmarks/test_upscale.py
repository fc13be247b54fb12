"""The up-scaling benchmark on a model of 20 MB: it runs, its model is a real one, its page holds what it measured."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.upscale.__main__ import measure_rows
from benchmarks.upscale.measure import by_mergekit, first_difference
from benchmarks.upscale.model import make
from solar_chat.upscale import Checkpoint, DepthPlan, write

ROOT = Path(__file__).resolve().parents[2]


def test_its_model_is_as_long_as_asked_and_real(tmp_path: Path) -> None:
    source = Checkpoint.read(make(tmp_path / "source", 500_000_000, shard_bytes=200_000_000))
    plan = DepthPlan.solar(32, 8)
    assert len(list(source.folder.glob("*.safetensors"))) == 2
    assert plan.parameters(source.config) * 2 == pytest.approx(500_000_000, rel=0.03)
    deep = Checkpoint.read(write(source, plan, tmp_path / "deep"))
    assert deep.bytes == plan.parameters(source.config) * 2
    assert first_difference(deep.folder, deep.folder) is None


def test_a_difference_is_named(tmp_path: Path) -> None:
    source = make(tmp_path / "source", 50_000_000)
    other = Path(shutil.copytree(source, tmp_path / "other"))
    last = Checkpoint.read(other).tensors["model.layers.3.mlp.up_proj.weight"]
    with last.file.open("r+b") as file:
        file.seek(last.start)
        file.write(b"\0\1\2\3\4\5\6\7\0\1\2\3\4\5\6\7")
    assert first_difference(source, other) == "model.layers.3.mlp.up_proj.weight"


@pytest.mark.skipif(sys.platform != "linux", reason="measures as Linux does")
def test_the_command_writes_its_page(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.upscale", "--gb", "0.1", "--repeats", "1", "--cache", "warm", "cold", "--work", str(tmp_path)]
    done = subprocess.run([*command, "--out", str(tmp_path / "page.md")], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    rows = [line.split("|") for line in (tmp_path / "page.md").read_text(encoding="utf-8").splitlines() if line.startswith("| 0.")]
    assert [(row[2].strip(), row[4].strip()) for row in rows] == [
        ("warm", "upscale build"),
        ("warm", "cp"),
        ("cold", "upscale build"),
        ("cold", "cp"),
    ]
    assert 0 < int(rows[0][-2]) < 300
    assert sorted(path.name for path in tmp_path.iterdir()) == ["page.md"]


def test_a_disk_with_little_room_holds_two_folders_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _path: type("Usage", (), {"free": 9_000_000_000}))
    (measured,) = measure_rows(tmp_path, 0.05, ["cold"], 3, None)
    assert {who: len(runs) for who, runs in measured.runs.items()} == {"upscale": 1, "upscale build": 1, "cp": 1}
    assert measured.result_bytes == pytest.approx(50_000_000, rel=0.05)
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_mergekit_makes_the_same_tensors(tmp_path: Path) -> None:
    """mergekit pins versions of its own: SOLAR_CHAT_MERGEKIT names a Python that has it, else it is looked for here."""
    python = Path(os.environ.get("SOLAR_CHAT_MERGEKIT", sys.executable))
    if subprocess.run([python, "-c", "import mergekit"], capture_output=True, check=False, timeout=120).returncode:
        pytest.skip("mergekit is not installed; SOLAR_CHAT_MERGEKIT may name a Python that has it")
    source = Checkpoint.read(make(tmp_path / "source", 20_000_000))
    mine = write(source, DepthPlan.solar(32, 8), tmp_path / "mine")
    by_mergekit(python, source.folder, tmp_path / "theirs", tmp_path / "log")
    assert first_difference(mine, tmp_path / "theirs") is None
    assert json.loads((tmp_path / "theirs" / "config.json").read_text(encoding="utf-8"))["num_hidden_layers"] == 48
