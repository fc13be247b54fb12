"""Builds that end early: killed at random points, interrupted, racing, out of room. The result is whole or absent, and the next run succeeds."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from solar_chat.errors import InputError
from solar_chat.upscale import Checkpoint, DepthPlan, verify, write

ROOT = Path(__file__).resolve().parents[2]
PLAN = DepthPlan.solar(8, 2)
SHARD_BYTES = 12_000_000
PROGRAM = f"""
import sys
from pathlib import Path
from solar_chat.upscale import Checkpoint, DepthPlan, write
write(Checkpoint.read(Path(sys.argv[1])), DepthPlan.solar(8, 2), Path(sys.argv[2]), shard_bytes={SHARD_BYTES})
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight layers of 10 MB in two tensors each: long enough to be hit in the middle."""
    folder = tmp_path_factory.mktemp("killed") / "source"
    folder.mkdir()
    header: dict[str, object] = {}
    at = 0
    for name in [f"model.layers.{layer}.mlp.{part}.weight" for layer in range(8) for part in ("up_proj", "down_proj")] + ["model.norm.weight"]:
        header[name] = {"dtype": "BF16", "shape": [1000, 2500], "data_offsets": [at, at + 5_000_000]}
        at += 5_000_000
    encoded = json.dumps(header).encode()
    with (folder / "model.safetensors").open("wb") as file:
        file.write(len(encoded).to_bytes(8, "little") + encoded)
        file.write(random.Random(5).randbytes(at))
    (folder / "config.json").write_text('{"num_hidden_layers": 8, "hidden_size": 2500}', encoding="utf-8")
    (folder / "tokenizer.json").write_text("{}", encoding="utf-8")
    return folder


def start(source: Path, target: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", PROGRAM, str(source), str(target)], cwd=ROOT, stderr=subprocess.DEVNULL)


def written(target: Path) -> int:
    """Bytes in the workplace of the build of `target`."""
    try:
        return sum(path.stat().st_size for path in target.with_name(f".{target.name}.upscaling").iterdir())
    except OSError:
        return 0


def until(condition: Callable[[], bool], run: subprocess.Popen[bytes]) -> None:
    while run.poll() is None and not condition():
        time.sleep(0.0005)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_killed_at_random_points_then_run_again(source: Path, tmp_path: Path) -> None:
    draw = random.Random(11)
    target = tmp_path / "deep"
    hits = 0
    for _ in range(8):
        point = draw.randrange(0, 115_000_000)
        run = start(source, target)
        until(lambda point=point: written(target) > point, run)  # type: ignore[misc]  # a default binds the loop's value
        run.kill()
        run.wait()
        if run.returncode == -signal.SIGKILL:
            hits += 1
            assert not target.exists()
        else:
            verify(Checkpoint.read(source), PLAN, Checkpoint.read(target))
            for path in target.iterdir():
                path.unlink()
            target.rmdir()
    assert hits >= 3
    assert start(source, target).wait() == 0
    assert verify(Checkpoint.read(source), PLAN, Checkpoint.read(target)).tensors == 25
    assert [path.name for path in tmp_path.iterdir()] == ["deep"]
    assert len(list(target.glob("*.safetensors"))) == 13
    assert sorted(path.name for path in target.iterdir() if path.suffix != ".safetensors") == [
        "config.json",
        "model.safetensors.index.json",
        "tokenizer.json",
    ]


@pytest.mark.parametrize(
    ("failure", "wanted"),
    [
        (KeyboardInterrupt(), KeyboardInterrupt),
        (OSError(28, "No space left on device"), InputError),
        (RuntimeError(), RuntimeError),
    ],
)
def test_nothing_is_left_after_a_failure_half_way(failure: BaseException, wanted: type[BaseException], source: Path, tmp_path: Path) -> None:
    def progress(done: int, _total: int) -> None:
        if done > 60_000_000:
            raise failure

    with pytest.raises(wanted):
        write(Checkpoint.read(source), PLAN, tmp_path / "deep", shard_bytes=SHARD_BYTES, progress=progress)
    assert list(tmp_path.iterdir()) == []


def test_progress_ends_at_the_total(source: Path, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    write(Checkpoint.read(source), PLAN, tmp_path / "deep", shard_bytes=SHARD_BYTES, progress=lambda done, total: steps.append((done, total)))
    assert steps[-1] == (125_000_000, 125_000_000)
    assert steps == sorted(steps)


def test_two_builds_of_one_target(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "deep"
    seen: list[str] = []

    def progress(_done: int, _total: int) -> None:
        if not seen:
            with pytest.raises(InputError) as caught:
                write(Checkpoint.read(source), PLAN, target)
            seen.append(caught.value.key)

    write(Checkpoint.read(source), PLAN, target, shard_bytes=SHARD_BYTES, progress=progress)
    assert seen == ["upscale_busy"]
    verify(Checkpoint.read(source), PLAN, Checkpoint.read(target))


def test_memory_is_flat(source: Path, tmp_path: Path) -> None:
    """The peak of a process that stacks 125 MB is that of one that only reads the headers, and a buffer."""
    pytest.importorskip("resource")
    program = PROGRAM + "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    idle = "import solar_chat.upscale, resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    peaks = [
        int(subprocess.run([sys.executable, "-c", code, str(source), str(tmp_path / "deep")], cwd=ROOT, capture_output=True, check=True).stdout)
        for code in (idle, program)
    ]
    if sys.platform != "darwin":  # bytes there
        assert peaks[1] - peaks[0] < 20_000


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes everywhere")
def test_read_only_parent(source: Path, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(InputError, match="upscale_write_failed"):
            write(Checkpoint.read(source), PLAN, tmp_path / "deep")
    finally:
        tmp_path.chmod(0o700)


def test_a_file_where_a_folder_should_be(source: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(InputError, match="upscale_write_failed"):
        write(Checkpoint.read(source), PLAN, tmp_path / "file" / "deep")
    assert (tmp_path / "file").read_text(encoding="utf-8") == "in the way"
