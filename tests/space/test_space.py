"""A Space: what its environment says, what the Hub reads, and the check that plays a visitor's chat on it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from solar_chat.cli.space_check import check_front_matter, free_port
from solar_chat.cli.space_head import PICTURE, front_matter, name_space
from solar_chat.errors import InputError
from solar_chat.hardware import _cores_within_container
from solar_chat.models.catalog import CATALOG
from solar_chat.paths import Home
from solar_chat.space import gpu_by_the_call, space_address, space_home

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
REQUIREMENTS = (ROOT / "requirements.txt").read_text(encoding="utf-8")


def test_a_home_that_cannot_be_written_to_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOLAR_CHAT_HOME", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    assert space_home(blocked / "below", {}) == Home.find(tmp_path / "solar-chat")
    assert space_home(tmp_path / "own", {}) == Home.find(tmp_path / "own")


def test_a_bucket_is_used_where_it_is_mounted_or_named(tmp_path: Path) -> None:
    assert space_home(tmp_path, {}).kept_visits is None
    named = {"SOLAR_CHAT_BUCKET": str(tmp_path / "bucket")}
    assert space_home(tmp_path, named).kept_visits is None
    (tmp_path / "bucket").mkdir()
    assert space_home(tmp_path, named).kept_visits == tmp_path / "bucket" / "solar-chat" / "visits"


def test_what_the_environment_says() -> None:
    assert space_address({"SPACE_HOST": "me-solar.hf.space,solar.example"}) == "https://me-solar.hf.space/"
    assert space_address({}) is None
    assert gpu_by_the_call({"SPACES_ZERO_GPU": "true"})
    assert not gpu_by_the_call({})


@pytest.mark.parametrize(("quota", "cores"), [("200000 100000", 2), ("50000 100000", 1), ("max 100000", 64), (None, 64)])
def test_a_containers_quota_of_cores_counts(tmp_path: Path, quota: str | None, cores: int) -> None:
    if quota is not None:
        (tmp_path / "cpu.max").write_text(quota)
    assert _cores_within_container(64, tmp_path) == cores


def test_what_the_hub_reads() -> None:
    check_front_matter(README, REQUIREMENTS)
    block = README.split("---\n", 2)[1]
    models = re.findall(r"^  - (\S+/\S+)$", block, re.MULTILINE)
    known = {form.repo for spec in CATALOG for form in spec.forms}
    assert models
    assert set(models) <= known
    assert front_matter(README)["python_version"] == "3.12"


def test_the_picture_is_named_before_the_space_is_pushed(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(README, encoding="utf-8")
    for owner in ("somebody", "somebody-else"):
        address = name_space(readme, f"{owner}/solar-chat")
        assert address.endswith(f"/spaces/{owner}/solar-chat/resolve/main/{PICTURE}")
        named = readme.read_text(encoding="utf-8")
        assert front_matter(named)["thumbnail"] == address
        assert named.replace(f"thumbnail: {address}\n", "") == README
        check_front_matter(named, REQUIREMENTS)
    assert (ROOT / PICTURE).is_file()
    for wrong in ("", "solar-chat", "a/b/c", "a//b", "some body/x", "../x"):
        with pytest.raises(InputError, match="space_name"):
            name_space(readme, wrong)
    assert readme.read_text(encoding="utf-8") == named
    readme.write_text("no head", encoding="utf-8")
    with pytest.raises(InputError, match="space_head"):
        name_space(readme, "a/b")
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("sdk_version: 6.31.0", "sdk_version: 5.49.1"), "sdk_version"),
        (("app_file: app.py", "app_file: main.py"), "app_file"),
        (("short_description: ", "short_description: A chat app for Korean and English whose description is too long. "), "short_description"),
        (("license: apache-2.0\n", ""), "license"),
    ],
)
def test_a_head_that_does_not_fit_is_said(change: tuple[str, str], problem: str) -> None:
    assert change[0] in README
    with pytest.raises(Exception, match=problem):
        check_front_matter(README.replace(*change), REQUIREMENTS)


def test_the_check_plays_a_visitors_chat() -> None:
    command = [sys.executable, "app.py", "--lang", "en", "space", "--check", "--port", str(free_port())]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300, env=None)
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    assert [line[0] for line in lines] == ["✓"] * 10 + ["I"]
    assert any("안녕하세요? 오늘 기분이 어떠세요?" in line for line in lines)


def test_a_port_that_is_taken_is_seen_by_the_check() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = [sys.executable, "app.py", "--lang", "en", "space", "--check", "--port", str(taken.getsockname()[1])]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1
    assert "✗ It starts" in done.stdout
