"""`--smoke` in the bundle: all is well in the one that was built, and what was taken out of a copy is noticed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

SMOKE_S = 300
# Each goes missing without an error at the start of the program; the name of the check that must notice.
TAKEN_OUT = {
    "kiwipiepy_model/cong.mdl": "Korean morphemes",
    "bitsandbytes/libbitsandbytes_cpu.so": "4-bit library",
    "langdetect/profiles/ko": "Language detection",
    "gradio/templates/frontend/index.html": "Parts of the page",
    "assets/page/page.js": "Files of the app",
}


def smoke(folder: Path, home: Path) -> subprocess.CompletedProcess[str]:
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin", "HF_HUB_OFFLINE": "1"}
    if sys.platform == "win32":
        environment = {**os.environ, "USERPROFILE": str(home)}
    return subprocess.run(
        [folder / "SolarChat", "--lang", "en", "--smoke"],
        cwd=home,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=SMOKE_S,
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "집 폴더"
    home.mkdir()
    return home


@pytest.fixture
def copy(bundle: Path) -> Iterator[Path]:
    """The bundle once more, in hard links: files can be taken out of it, and it takes no room."""
    with tempfile.TemporaryDirectory(prefix="한 글 ", dir=bundle.parent) as folder:
        yield Path(shutil.copytree(bundle, Path(folder) / "SolarChat", symlinks=True, copy_function=os.link))


def test_every_part_is_there_and_works(bundle: Path, home: Path) -> None:
    done = smoke(bundle, home)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(lines) == 11
    assert [line for line in lines[:-1] if not line.startswith("ok ")] == []
    # A check of the installation leaves nothing behind.
    assert list(home.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="names of Linux' libraries")
def test_what_is_missing_is_noticed(copy: Path, home: Path) -> None:
    for name in TAKEN_OUT:
        part = copy / "_internal" / name
        shutil.rmtree(part) if part.is_dir() else part.unlink()
    done = smoke(copy, home)
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
    assert done.returncode == 1
    assert [check for check in TAKEN_OUT.values() if not any(check in line for line in failed)] == [], done.stdout + done.stderr
    # The parts that were left alone still work.
    assert any(line.startswith("ok ") and "Keychain" in line for line in done.stdout.splitlines())
