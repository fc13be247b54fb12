"""`--smoke` says what does not work, in the person's language, and by its exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bundling.contents import METADATA
from solar_chat import paths
from solar_chat.cli.smoke import _files
from solar_chat.engine.native import four_bit_library
from solar_chat.errors import ModelError
from solar_chat.hardware import detect

ROOT = Path(__file__).resolve().parents[2]
# An import of None fails as that of a package which is not there.
WITHOUT_TWO = (
    "import sys; sys.modules['langdetect'] = sys.modules['secretstorage'] = None; from solar_chat.cli import main; main(['--lang', 'ko', '--smoke'])"
)


def test_what_is_missing_is_named_and_the_rest_is_checked(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WITHOUT_TWO],
        cwd=ROOT,
        env={**os.environ, "SOLAR_CHAT_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=300,
    )
    lines = done.stdout.splitlines()
    failed = [line for line in lines if line.startswith("실패")]
    assert done.returncode == 1, done.stderr
    assert "언어 감지" in failed[0]
    assert ["키체인" in line for line in failed[1:]] == [True] * (sys.platform == "linux")
    assert len([line for line in lines if line.startswith("정상")]) == 10 - len(failed)
    # The person's own folders were not touched.
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _files()
    monkeypatch.setattr(paths, "RESOURCES", (*paths.RESOURCES, tmp_path / "page.js"))
    with pytest.raises(Exception, match=r"page\.js"):
        _files()


def test_a_stand_in_for_bitsandbytes_library_is_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    from bitsandbytes import cextension

    monkeypatch.setattr(cextension, "lib", cextension.ErrorHandlerMockBNBNativeLibrary("no library"))
    with pytest.raises(ModelError, match="four_bit_missing"):
        four_bit_library(paths.STARTER_MODEL, detect())


def test_a_bundle_carries_the_versions_that_doctor_shows() -> None:
    from solar_chat.cli.doctor import _LIBRARIES

    assert set(_LIBRARIES) <= set(METADATA)
