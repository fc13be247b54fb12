"""`upscale` as a person and a script meet it: the model in the box as the source, real processes, real exit codes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.ctrl_c import hear

ROOT = Path(__file__).resolve().parents[2]
STARTER = ROOT / "assets" / "models" / "starter"


def run(*arguments: str | Path, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    given = {**os.environ, "SOLAR_CHAT_HOME": str(home), "LANG": "en_US.UTF-8", "LC_ALL": "", **environment}
    command = [sys.executable, "app.py", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=120, check=False, env=given)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "집"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A copy of the model in the box that a test may damage."""
    return Path(shutil.copytree(STARTER, tmp_path / "parent"))


def test_plan_shows_and_writes_nothing(source: Path, home: Path) -> None:
    before = sorted(path for path in source.parent.rglob("*"))
    shown = run("upscale", "plan", source, "--drop", "4", home=home)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "12 layers · 10,950,912 parameters · 21.90 MB" in shown.stdout
    assert "16 layers · 13,902,080 parameters · 27.80 MB" in shown.stdout
    assert "8–15 ← 4–11" in shown.stdout
    assert "7 → 4 (distance 3)" in shown.stdout
    assert "worse than its parent" in shown.stdout
    assert sorted(path for path in source.parent.rglob("*")) == before


def test_plan_as_json(source: Path, home: Path) -> None:
    plan = json.loads(run("upscale", "plan", source, "--json", home=home).stdout)
    assert plan["map"] == [*range(9), *range(3, 12)]
    assert (plan["method"], plan["layers"], plan["parameters"], plan["bytes"]) == ("dus", 18, 15_377_664, 30_755_328)
    assert plan["seams"] == [{"below": 8, "above": 3, "distance": 5}]
    assert plan["source"]["dtypes"] == ["BF16"]
    assert plan["kept_outside"] == ["model.embed_tokens.weight", "model.norm.weight"]


def test_what_a_plan_warns_of(source: Path, home: Path) -> None:
    shown = run("--lang", "en", "upscale", "plan", source, "--slices", "2:10,1:9", home=home).stdout
    assert "does not start with the source's first layer" in shown
    assert "does not end with the source's last layer" in shown
    assert "left out: 0, 10, 11" in shown


def test_identity(source: Path, home: Path) -> None:
    plan = json.loads(run("upscale", "plan", source, "--method", "identity", "--slices", "0:8,4:12", "--json", home=home).stdout)
    assert (plan["zeroed"], plan["seams"], plan["notes"]) == ([8, 9, 10, 11], [], ["identity"])


def test_build_and_verify(source: Path, home: Path, tmp_path: Path) -> None:
    (source / "README.md").write_text("---\nlicense: cc-by-nc-4.0\nlanguage:\n- ko\npipeline_tag: text-generation\n---\n# Parent\n", encoding="utf-8")
    out = tmp_path / "깊은 모델"
    built = run("upscale", "build", source, out, "--drop", "4", "--shard-size", "10MB", home=home)
    assert (built.returncode, built.stderr) == (0, "")
    assert str(out) in built.stdout
    index = json.loads((out / "model.safetensors.index.json").read_text(encoding="utf-8"))
    assert len(set(index["weight_map"].values())) == 3
    assert all((out / file).stat().st_size < 10_100_000 for file in index["weight_map"].values())
    for name in ("tokenizer.json", "tokenizer_config.json", "generation_config.json", "solar_chat.json"):
        assert (out / name).read_bytes() == (source / name).read_bytes()
    card = (out / "README.md").read_text(encoding="utf-8")
    assert card.startswith('---\nlicense: cc-by-nc-4.0\nlanguage:\n- ko\nbase_model: "parent"\n')
    assert "worse than its parent" in card
    assert "python app.py upscale build parent '깊은 모델' --drop 4 --shard-size 10000000" in card
    recipe = json.loads((out / "upscale.json").read_text(encoding="utf-8"))
    assert recipe["sources"] == [*range(8), *range(4, 12)]
    assert recipe["source"]["location"] == "../parent"
    assert str(tmp_path) not in card + json.dumps(recipe)
    proven = run("upscale", "verify", out, home=home)
    assert proven.returncode == 0
    assert "146 tensors, 27,804,160 bytes, 13,902,080 parameters" in proven.stdout
    source.rename(tmp_path / "moved")
    gone = run("upscale", "verify", out, home=home)
    assert (gone.returncode, "--source" in gone.stderr) == (1, True)
    assert run("upscale", "verify", out, "--source", tmp_path / "moved", home=home).returncode == 0


def test_verify_names_the_first_difference(source: Path, home: Path, tmp_path: Path) -> None:
    out = tmp_path / "deep"
    run("upscale", "build", source, out, home=home)
    weights = out / "model.safetensors"
    with weights.open("r+b") as file:
        file.seek(-5, 2)
        byte = file.read(1)[0]
        file.seek(-5, 2)
        file.write(bytes([byte ^ 255]))
    done = run("upscale", "verify", out, home=home)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert "differs from its source from byte" in done.stderr
    (out / "tokenizer.json").write_text("{}", encoding="utf-8")
    (out / "config.json").write_text((source / "config.json").read_text(encoding="utf-8"), encoding="utf-8")
    assert "num_hidden_layers" in run("upscale", "verify", out, home=home).stderr


def test_a_list_of_files(source: Path, home: Path, tmp_path: Path) -> None:
    run("upscale", "build", source, tmp_path / "shards", "--shard-size", "8MB", home=home)
    (tmp_path / "shards" / "model.safetensors.index.json").unlink()
    files = ",".join(str(path) for path in sorted((tmp_path / "shards").glob("*.safetensors")))
    assert files.count(",") == 3
    assert run("upscale", "build", files, tmp_path / "deeper", home=home).returncode == 0
    proven = run("upscale", "verify", tmp_path / "deeper", home=home)
    assert (proven.returncode, "shards" in proven.stdout) == (0, True)
    apart = f"{source / 'model.safetensors'},{files.split(',')[0]}"
    assert "one folder" in run("upscale", "plan", apart, home=home).stderr


def test_a_model_of_the_catalogue_answers_from_its_deeper_self(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "same"
    assert run("upscale", "build", "starter", out, "--method", "identity", home=home).returncode == 0
    assert "license: apache-2.0" in (out / "README.md").read_text(encoding="utf-8")
    replies = [run("ask", "안녕하세요!", "--seed", "3", "--model", str(model), home=home).stdout for model in ("starter", out)]
    assert replies[0] == replies[1] != ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("plan", "SRC", "--drop", "0"), "Give 1 to 5"),
        (("plan", "SRC", "--drop", "6"), "Give 1 to 5"),
        (("plan", "SRC", "--slices", "0:13"), "between 0 and 12"),
        (("plan", "SRC", "--slices", "9:4,0:12"), "between 0 and 12"),
        (("plan", "SRC", "--slices=-1:4"), "between 0 and 12"),
        (("plan", "SRC", "--slices", "0:12"), "not deeper"),
        (("plan", "SRC", "--slices", "0:8,0:8", "--method", "identity"), "does not come in its turn"),
        (("plan", "/no/such/folder"), "/no/such/folder"),
        (("plan", "WORDS"), "config.json"),
        (("build", "SRC", "SRC"), "source's folder"),
        (("build", "SRC", "SRC/inside"), "source's folder"),
        (("build", "SRC", "WORDS"), "exists already"),
        (("build", "SRC", "SRC/../parent/config.json/deep"), "source's folder"),
        (("build", "SRC", "/dev/null/deep"), "could not be written"),
        (("verify", "SRC"), "upscale.json"),
        (("verify", "/no/such/folder"), "/no/such/folder"),
    ],
)
def test_bad_input_is_one_line_that_says_what_to_do(arguments: tuple[str, ...], words: str, source: Path, home: Path, tmp_path: Path) -> None:
    (tmp_path / "words").mkdir()
    given = [argument.replace("SRC", str(source)).replace("WORDS", str(tmp_path / "words")) for argument in arguments]
    before = sorted(source.rglob("*"))
    done = run("upscale", *given, home=home)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert words in done.stderr
    assert sorted(source.rglob("*")) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan",),
        ("plan", "starter", "--slices", "0-24"),
        ("plan", "starter", "--slices", ""),
        ("plan", "starter", "--drop", "2", "--slices", "0:8,4:12"),
        ("plan", "starter", "--method", "magic"),
        ("build", "starter"),
        ("build", "starter", "out", "--shard-size", "big"),
        ("build", "starter", "out", "--shard-size", "0"),
    ],
)
def test_bad_usage_exits_with_2(arguments: tuple[str, ...], home: Path) -> None:
    assert run("upscale", *arguments, home=home).returncode == 2
    assert not (ROOT / "out").exists()


def test_it_speaks_korean(source: Path, home: Path) -> None:
    assert "원본보다 못합니다" in run("--lang", "ko", "upscale", "plan", source, home=home).stdout
    assert "1부터 5까지 적으십시오" in run("--lang", "ko", "upscale", "plan", source, "--drop", "9", home=home).stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl+C is a console event there")
def test_interrupted_build_leaves_nothing(source: Path, home: Path, tmp_path: Path) -> None:
    weights = source / "model.safetensors"
    raw = weights.read_bytes()
    end = 8 + int.from_bytes(raw[:8], "little")
    # 2 GB that take no room: long enough to be interrupted.
    header = json.loads(raw[8:end])
    last = max(entry["data_offsets"][1] for entry in header.values() if "data_offsets" in entry)
    header["extra.weight"] = {"dtype": "U8", "shape": [2_000_000_000], "data_offsets": [last, last + 2_000_000_000]}
    encoded = json.dumps(header).encode()
    with weights.open("wb") as file:
        file.write(len(encoded).to_bytes(8, "little") + encoded + raw[end:])
        file.truncate(8 + len(encoded) + last + 2_000_000_000)
    out = tmp_path / "deep"
    environment = {**os.environ, "SOLAR_CHAT_HOME": str(home), "LANG": "en_US.UTF-8", "LC_ALL": ""}
    command = [sys.executable, "app.py", "upscale", "build", str(source), str(out)]

    begun = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=hear)
    place = tmp_path / ".deep.upscaling" / "model.safetensors"
    while begun.poll() is None and not (place.exists() and place.stat().st_size > 0):
        time.sleep(0.001)
    begun.send_signal(signal.SIGINT)
    _, said = begun.communicate(timeout=60)
    assert begun.returncode == 130
    assert "Nothing was left behind" in said.decode()
    assert not out.exists()
    assert not place.parent.exists()
