"""`export`, `upscale measure` and plans of a hub's model as a person and a script meet them: real processes, real exit codes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.ctrl_c import hear
from tests.models.hub import StandInHub, running
from tests.talk import TALK

ROOT = Path(__file__).resolve().parents[2]
STARTER = ROOT / "assets" / "models" / "starter"


def run(*arguments: str | Path, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    given = {**os.environ, "SOLAR_CHAT_HOME": str(home), "LANG": "en_US.UTF-8", "LC_ALL": "", **environment}
    command = [sys.executable, "app.py", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=300, check=False, env=given)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "집"


@pytest.fixture
def hub() -> Iterator[StandInHub]:
    with running() as site:
        site.offer("me/starter", {file.name: file.read_bytes() for file in STARTER.iterdir()}, license="apache-2.0")
        yield site


class TestExport:
    def test_a_file_that_the_app_chats_with(self, home: Path, tmp_path: Path) -> None:
        out = tmp_path / "내 모델" / "my.gguf"
        done = run("export", "starter", out, "--type", "q8_0", home=home)
        assert (done.returncode, done.stderr) == (0, "")
        assert "11.86 MB, 110 tensors" in done.stdout
        assert "Licence: Apache-2.0" in done.stdout
        assert f"ollama create my -f '{out.with_name('Modelfile')}'" in done.stdout
        written = out.with_name("Modelfile").read_text(encoding="utf-8").splitlines()
        assert written[0] == "FROM ./my.gguf"
        assert written[-6:] == [
            'PARAMETER stop "<|end|>"',
            'PARAMETER stop "<|user|>"',
            'PARAMETER stop "<|system|>"',
            'PARAMETER stop "<|assistant|>"',
            "PARAMETER num_ctx 768",
            'LICENSE """Apache-2.0"""',
        ]
        asked = [run("ask", "안녕하세요!", "--seed", "3", "--model", model, home=home) for model in (out, "starter")]
        assert asked[0].stdout == asked[1].stdout != ""

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("no/such", "OUT.gguf"), "has not been downloaded"),
            (("/no/such/folder", "OUT.gguf"), "/no/such/folder"),
            (("starter", "OUT.bin"), ".gguf"),
            (("starter", "/dev/null/x.gguf"), "could not be written"),
            (("upstage:solar-pro2", "OUT.gguf"), "on a server"),
        ],
    )
    def test_bad_input_is_one_line(self, arguments: tuple[str, str], words: str, home: Path, tmp_path: Path) -> None:
        done = run("export", *(argument.replace("OUT", str(tmp_path / "out")) for argument in arguments), home=home)
        assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
        assert words in done.stderr
        assert not list(tmp_path.glob("out*"))

    def test_bad_usage_exits_with_2(self, home: Path) -> None:
        assert run("export", "starter", "x.gguf", "--type", "q2_k", home=home).returncode == 2
        assert not (ROOT / "x.gguf").exists()

    @pytest.mark.skipif(sys.platform == "win32", reason="Ctrl+C is a console event there")
    def test_interrupted(self, home: Path, tmp_path: Path) -> None:
        folder = Path(shutil.copytree(STARTER, tmp_path / "big"))
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        raw = (folder / "model.safetensors").read_bytes()
        length = int.from_bytes(raw[:8], "little")
        header = json.loads(raw[8 : 8 + length])
        at = max(entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__")
        # A hundred more layers that are zeros in a hole of the file: long enough to be interrupted.
        first = {name: entry for name, entry in header.items() if name.startswith("model.layers.0.")}
        for layer in range(config["num_hidden_layers"], 800):
            for name, entry in first.items():
                size = entry["data_offsets"][1] - entry["data_offsets"][0]
                header[name.replace(".0.", f".{layer}.")] = {**entry, "data_offsets": [at, at + size]}
                at += size
        encoded = json.dumps(header).encode()
        with (folder / "model.safetensors").open("wb") as file:
            file.write(len(encoded).to_bytes(8, "little") + encoded + raw[8 + length :])
            file.truncate(8 + len(encoded) + at)
        (folder / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 800}), encoding="utf-8")

        command = [sys.executable, "app.py", "export", str(folder), str(tmp_path / "x.gguf"), "--type", "q4_0"]
        environment = {**os.environ, "SOLAR_CHAT_HOME": str(home), "LANG": "en_US.UTF-8", "LC_ALL": ""}
        begun = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=hear)
        part = tmp_path / ".exporting-x.gguf"
        while begun.poll() is None and not (part.exists() and part.stat().st_size > 1_000_000):
            time.sleep(0.005)
        begun.send_signal(signal.SIGINT)
        _, said = begun.communicate(timeout=60)
        assert begun.returncode == 130
        assert "Nothing was left behind" in said.decode()
        assert not list(tmp_path.glob("*.gguf")) + list(tmp_path.glob(".*")) + list(tmp_path.glob("Modelfile"))


class TestMeasure:
    def test_figures_picture_and_sentence(self, home: Path, tmp_path: Path) -> None:
        text, out = tmp_path / "talk.txt", tmp_path / "deep"
        text.write_text(TALK, encoding="utf-8")
        run("upscale", "build", STARTER, out, "--drop", "4", home=home)
        done = run("--lang", "ko", "upscale", "measure", STARTER, out, "--text", text, home=home)
        assert done.returncode == 0, done.stderr
        assert f"{len(TALK.encode()):,}" not in done.stdout  # without a BOS the first token is not counted
        assert "쌓기만 한 모델은 원본보다 못한 것이 당연하며" in done.stdout
        assert "이음매 바로 위의 8번 층" in done.stdout
        with Image.open(out / "upscale.png") as picture:
            assert picture.size == (1600, 900)
        figures = json.loads(run("upscale", "measure", STARTER, out, "--text", text, "--json", "--plot", tmp_path / "p.png", home=home).stdout)
        assert figures["verdict"] == "worse"
        assert "A raw stack is worse than its source" in figures["sentence"]
        assert figures["result"]["perplexity"] > figures["source"]["perplexity"] > 1
        assert (len(figures["source"]["cosines"]), len(figures["result"]["cosines"]), figures["seams"]) == (12, 16, [8])
        assert (figures["plot"], (tmp_path / "p.png").is_file()) == (str(tmp_path / "p.png"), True)
        # What belongs to this result is not handed on to the next.
        run("upscale", "build", out, tmp_path / "deeper", home=home)
        assert not (tmp_path / "deeper" / "upscale.png").exists()

    def test_bad_input_is_one_line(self, home: Path, tmp_path: Path) -> None:
        (tmp_path / "empty.txt").write_bytes(b"")
        for arguments, words in (
            (("starter", tmp_path / "none"), "none"),
            (("starter", STARTER, "--text", tmp_path / "empty.txt"), "too short (0 tokens)"),
            (("starter", STARTER, "--plot", tmp_path / "no" / "p.png"), "could not be written"),
        ):
            done = run("upscale", "measure", *arguments, home=home)
            assert (done.returncode, done.stdout) == (1, "")
            assert words in done.stderr.splitlines()[-1]


def test_a_plan_of_a_hubs_model_fetches_kilobytes(hub: StandInHub, home: Path) -> None:
    done = run("upscale", "plan", "me/starter", "--drop", "4", "--json", home=home, HF_ENDPOINT=hub.url)
    assert done.returncode == 0, done.stderr
    there, here = json.loads(done.stdout), json.loads(run("upscale", "plan", STARTER, "--drop", "4", "--json", home=home).stdout)
    assert {**there, "source": {**there["source"], "name": "starter"}} == here
    assert there["bytes"] == 27_804_160
    # A config of 0.8 kB and 64 kB of a file of 22 MB.
    assert 60_000 < hub.sent_bytes < 70_000
    assert not home.exists() or not list(home.rglob("*.safetensors"))


def test_a_build_of_a_hubs_model_downloads_it(hub: StandInHub, home: Path, tmp_path: Path) -> None:
    built = run("upscale", "build", "me/starter", tmp_path / "deep", "--drop", "4", home=home, HF_ENDPOINT=hub.url)
    assert built.returncode == 0, built.stderr
    proven = run("upscale", "verify", tmp_path / "deep", home=home, HF_ENDPOINT="http://127.0.0.1:9")
    assert (proven.returncode, "13,902,080 parameters" in proven.stdout) == (0, True)
    sent = hub.sent_bytes
    assert run("upscale", "plan", "me/starter", home=home, HF_ENDPOINT=hub.url).returncode == 0
    assert hub.sent_bytes == sent
