"""The built bundle that SOLAR_CHAT_BUNDLE names; without one these tests skip. `.ci/run` builds it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

BUNDLE_VARIABLE = "SOLAR_CHAT_BUNDLE"


@pytest.fixture(scope="session")
def bundle() -> Path:
    """The folder that a person unpacks."""
    named = os.environ.get(BUNDLE_VARIABLE)
    if not named:
        pytest.skip(f"{BUNDLE_VARIABLE} names no built folder (pyinstaller -y --clean build.spec makes dist/SolarChat)")
    folder = Path(named).resolve()
    assert program(folder).is_file(), f"{BUNDLE_VARIABLE}={named} holds no program"
    return folder


def program(folder: Path) -> Path:
    return folder / ("SolarChat.exe" if sys.platform == "win32" else "SolarChat")
