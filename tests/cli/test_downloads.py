"""`models download`, `list` and `remove` as a person meets them: real processes, a hub of our own."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from solar_chat.models import quantized_place, resolve
from tests.ctrl_c import hear
from tests.models.hub import StandInHub, running

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS = random.Random(2).randbytes(400_000)
FILES = {"config.json": b'{"model_type": "llama", "max_position_embeddings": 2048}', "model.safetensors": WEIGHTS, "tokenizer.json": b"{}"}


@pytest.fixture
def hub() -> Iterator[StandInHub]:
    with running() as site:
        site.offer("me/model", FILES, parameters=200_000, license="cc-by-nc-4.0")
        yield site


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "집"


def environment(hub: StandInHub, home: Path) -> dict[str, str]:
    return {**os.environ, "SOLAR_CHAT_HOME": str(home), "HF_ENDPOINT": hub.url, "LANG": "en_US.UTF-8", "LC_ALL": "", "COLUMNS": "200"}


def run(hub: StandInHub, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "app.py", "models", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment(hub, home), stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", timeout=120, check=False
    )


def test_download_list_and_remove(hub: StandInHub, home: Path) -> None:
    folder = home / "cache" / "models" / "me--model"
    shown = run(hub, home, "show", "me/model").stdout
    assert "cc-by-nc-4.0, not for commercial use" in shown
    assert "runs here" in shown
    done = run(hub, home, "download", "me/model")
    assert done.returncode == 0, done.stderr
    first, licence, fit, *_, last = done.stdout.splitlines()
    assert (first, licence) == ("model (me/model)", "  Licence: cc-by-nc-4.0, not for commercial use")
    assert "download 400 kB" in fit
    assert "runs here" in fit
    assert last == f"Downloaded, 400 kB, checksums right: {folder}"
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS

    listed = run(hub, home, "list").stdout
    assert f"safetensors: downloaded, 400 kB · {folder}" in listed
    (model,) = [model for model in json.loads(run(hub, home, "list", "--json").stdout) if model["id"] == "me/model"]
    size = sum(len(data) for data in FILES.values())
    assert model["copies"] == [{"form": "safetensors", "weights": "", "path": str(folder), "whole": True, "here_bytes": size, "total_bytes": size}]
    assert model["commercial"] is False

    hub.requests.clear()
    assert run(hub, home, "download", "me/model").stdout.splitlines()[-1] == f"Already downloaded: {folder}"
    assert hub.requests == []

    refused = run(hub, home, "remove", "me/model")
    assert (refused.returncode, refused.stderr) == (1, "Removing needs a confirmation. Run it again with --yes.\n")
    assert refused.stdout == f"{folder} · frees 401 kB\n"
    assert folder.exists()
    assert run(hub, home, "remove", "me/model", "--yes").returncode == 0
    assert not folder.exists()
    gone = run(hub, home, "remove", "me/model", "--yes")
    assert (gone.returncode, gone.stderr) == (1, "The model me/model has not been downloaded. Download it first.\n")


def part_bytes(home: Path) -> int:
    """Of the largest file that is not whole yet. Small ones are moved to their place while we look."""
    sizes = [0]
    for part in home.rglob(".parts/*"):
        with contextlib.suppress(FileNotFoundError):
            sizes.append(part.stat().st_size)
    return max(sizes)


def test_the_16_bit_files_can_go_when_four_bits_are_here(hub: StandInHub, home: Path) -> None:
    models = home / "cache" / "models"
    assert run(hub, home, "download", "me/model").returncode == 0
    early = run(hub, home, "remove", "me/model", "--only-16bit", "--yes")
    assert (early.returncode, "no 4-bit copy of model, so its 16-bit files were kept" in early.stderr) == (1, True)
    place = quantized_place(resolve("me/model"), models)
    assert place is not None
    with place.making(100_000) as folder:
        (folder / "model.safetensors").write_bytes(WEIGHTS[:100_000])
        (folder / "config.json").write_bytes(FILES["config.json"])
    asked = run(hub, home, "remove", "me/model", "--only-16bit")
    assert asked.stdout.splitlines() == [f"{models / 'me--model'} · frees 401 kB", f"The 4-bit copy stays: {place.folder} (101 kB)"]
    assert (asked.returncode, (models / "me--model").is_dir()) == (1, True)
    assert run(hub, home, "remove", "me/model", "--only-16bit", "--yes").stdout.splitlines()[-1] == "Removed; 401 kB are free again."
    hub.requests.clear()
    shown = run(hub, home, "show", "me/model").stdout
    assert f"safetensors: 4-bit copy, 101 kB · {place.folder}" in shown
    assert "download" not in shown
    assert run(hub, home, "download", "me/model").stdout.splitlines()[-1] == f"Already downloaded: {place.folder}"
    assert hub.requests == []
    assert run(hub, home, "remove", "me/model", "--yes").returncode == 0
    assert not place.folder.exists()


def test_control_c_leaves_a_part_and_says_how_to_go_on(hub: StandInHub, home: Path) -> None:
    hub.bytes_per_second = 100_000
    command = [sys.executable, "app.py", "models", "download", "me/model"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment(hub, home), stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", preexec_fn=hear
    )
    deadline = time.monotonic() + 60
    while part_bytes(home) < 50_000:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, complaint = process.communicate(timeout=60)
    assert (process.returncode, complaint) == (130, "")
    assert out.splitlines()[-1].startswith("Stopped. The ")
    assert "are kept: the same command goes on with them." in out
    have = part_bytes(home)
    assert "of 400 kB downloaded" in run(hub, home, "list").stdout
    hub.bytes_per_second = None
    hub.requests.clear()
    assert run(hub, home, "download", "me/model").returncode == 0
    assert ("model.safetensors", have) in hub.got


def test_a_line_that_is_gone_says_what_is_kept(hub: StandInHub, home: Path) -> None:
    hub.replaced["model.safetensors"] = WEIGHTS[::-1]
    done = run(hub, home, "download", "me/model")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "does not match its checksum" in done.stderr
    hub.replaced.clear()
    hub.content_failures = [(429, {"Retry-After": "1800"})]
    busy = run(hub, home, "download", "me/model")
    assert "Try again in 30 min" in busy.stderr


def test_what_is_typed_wrong(hub: StandInHub, home: Path) -> None:
    assert run(hub, home, "download", "me/model", "--form", "onnx").returncode == 2
    assert "Choose one of these: safetensors" in run(hub, home, "download", "kullm3", "--form", "gguf").stderr
    assert "There is no public model me/other" in run(hub, home, "download", "me/other").stderr
    assert "cannot be run by this app" in run(hub, home, "download", "solar-pro-preview").stderr
    hub.gated.add("me/model")
    assert f"Accept its terms at {hub.url}/me/model and run hf auth login." in run(hub, home, "download", "me/model").stderr
