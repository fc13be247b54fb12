"""The bundle's benchmark: what it counts, archives that unpack to the same folder, and the page."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from benchmarks.bundle.__main__ import Round, page
from benchmarks.bundle.packing import packed
from benchmarks.bundle.parts import count
from benchmarks.bundle.starting import Start, child_environment


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "SolarChat"
    (folder / "_internal" / "torch" / "lib").mkdir(parents=True)
    (folder / "SolarChat").write_bytes(b"x" * 100)
    (folder / "_internal" / "torch" / "lib" / "libtorch.so").write_bytes(b"y" * 5000)
    (folder / "_internal" / "한글.json").write_text("{}", encoding="utf-8")
    if sys.platform != "win32":
        (folder / "SolarChat").chmod(0o755)
        (folder / "_internal" / "libtorch.so").symlink_to(Path("torch", "lib", "libtorch.so"))
    folder.with_name("SolarChat-left-out.json").write_text(json.dumps({"symbols": 3_000_000}), encoding="utf-8")
    return folder


def test_parts_are_counted_once_and_the_largest_first(bundle: Path) -> None:
    found = count(bundle)
    assert list(found.parts.items()) == [("torch", 5000), ("SolarChat", 100), ("한글.json", 2)]
    assert (found.bytes, found.files) == (5102, 3)
    assert found.longest_path == len("_internal/torch/lib/libtorch.so")
    assert found.left_out == {"symbols": 3_000_000}


@pytest.mark.skipif(sys.platform == "win32", reason="links and modes are POSIX'")
def test_archives_unpack_to_the_same_folder(bundle: Path, tmp_path: Path) -> None:
    sizes = packed(bundle)
    assert all(size > 0 for size in sizes.values())
    with zipfile.ZipFile(bundle.with_name("SolarChat.zip")) as file:
        modes = {info.filename: info.external_attr >> 16 for info in file.infolist()}
        assert stat.S_ISLNK(modes["SolarChat/_internal/libtorch.so"])
        assert modes["SolarChat/SolarChat"] & 0o111
        assert file.read("SolarChat/_internal/libtorch.so") == b"torch/lib/libtorch.so"
    if shutil.which("zstd"):
        (tmp_path / "out").mkdir()
        subprocess.run(["tar", "--zstd", "-xf", bundle.with_name("SolarChat.tar.zst"), "-C", tmp_path / "out"], check=True)
        assert os.readlink(tmp_path / "out" / "SolarChat" / "_internal" / "libtorch.so") == "torch/lib/libtorch.so"
        assert (tmp_path / "out" / "SolarChat" / "_internal" / "한글.json").read_text(encoding="utf-8") == "{}"


def test_an_archive_of_an_older_folder_is_made_again(bundle: Path) -> None:
    packed(bundle)
    archive = bundle.with_name("SolarChat.zip")
    os.utime(archive, (1, 1))
    packed(bundle)
    assert archive.stat().st_mtime > 1


def test_the_page_says_what_was_met_and_what_was_missed(bundle: Path) -> None:
    rounds = [Round(Start(0.5, 2.0, 4.4, 150_000_000, 800_000_000), Start(0.6, 2.1, 4.0, 140_000_000, 790_000_000)) for _ in range(3)]
    text = page(count(bundle), {"zip": 360_000_000, "tar.zst": 300_000_000}, rounds, 60.0)
    rows = {line.split("|")[1].strip(): [cell.strip() for cell in line.split("|")[2:-1]] for line in text.splitlines() if line.startswith("|")}
    assert rows["packed, tar.zst"] == ["300 MB", "at most 350 MB", "met"]
    assert rows["packed, zip"] == ["360 MB", "at most 350 MB", "missed"]
    assert rows["start to a page that takes a letter, × unpackaged"] == ["1.10", "at most 1.1", "met"]
    assert rows["frozen"][:2] == ["0.50 (0.50 – 0.50)", "2.00 (2.00 – 2.00)"]
    slower = [Round(Start(0.5, 2.0, 5.0, 170_000_000, 1), rounds[0].unfrozen)]
    missed = page(count(bundle), {"zip": 360_000_000}, slower, 60.0)
    assert missed.count("missed") == 3


def test_without_rounds_the_page_is_of_weight_alone(bundle: Path) -> None:
    text = page(count(bundle), {"zip": 340_000_000}, [], 1.0)
    assert text.count("not measured") == 2
    assert "## Start" not in text
    assert "| symbols" in text


def test_both_programs_start_as_a_person_would_start_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    found = child_environment(tmp_path)
    assert not any(name.startswith("PYTHON") for name in found)
    assert found["PATH"].split(os.pathsep)[0] == str(tmp_path / "bin")
    assert found["SOLAR_CHAT_HOME"] == str(tmp_path / "home")
