"""Other programs get the environment that the bundle was started with, and what cannot be opened is not said to be."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from solar_chat.desktop.foreign import clean_environment, open_browser, open_folder, show_message
from tests.desktop.starting import program, text_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the loader changes the environment on Linux only")

LOADER = {
    "LD_LIBRARY_PATH": "/app/_internal:/usr/local/lib",
    "LD_LIBRARY_PATH_ORIG": "/usr/local/lib",
    "_PYI_APPLICATION_HOME_DIR": "/app",
    "HOME": "/h",
}


def test_a_bundle_gives_back_what_its_loader_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert clean_environment(LOADER) == {"LD_LIBRARY_PATH": "/usr/local/lib", "HOME": "/h"}
    assert clean_environment({**LOADER, "LD_LIBRARY_PATH_ORIG": ""}) == {"HOME": "/h"}


def test_from_the_sources_nothing_of_the_persons_is_taken() -> None:
    assert clean_environment({"LD_LIBRARY_PATH": "/mine", "HOME": "/h"}) == {"LD_LIBRARY_PATH": "/mine", "HOME": "/h"}


def test_the_browser_of_a_bundle_finds_the_systems_libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = tmp_path / "seen"
    program(tmp_path / "bin", "xdg-open", f'echo "$1 $LD_LIBRARY_PATH $_PYI_APPLICATION_HOME_DIR." > "{seen}"')
    for name, value in LOADER.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("DISPLAY", ":no-such-display")
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert open_browser("http://127.0.0.1:7860/?a=b&c")
    assert text_of(seen) == "http://127.0.0.1:7860/?a=b&c /usr/local/lib .\n"


def test_without_a_display_nothing_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("PATH", f"{program(tmp_path / 'bin', 'xdg-open', 'exit 0').parent}{os.pathsep}/usr/bin")
    assert not open_browser("http://127.0.0.1:7860/")
    assert not open_folder(tmp_path)
    assert not show_message("title", "text")


def test_the_first_box_that_works_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = tmp_path / "said"
    program(tmp_path / "bin", "zenity", "exit 127")
    program(tmp_path / "bin", "kdialog", f'printf "%s\\n" "$@" > "{said}"')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("DISPLAY", ":no-such-display")
    assert show_message("열지 못했습니다", 'a "quoted" <path>')
    assert text_of(said).splitlines() == ["--title", "열지 못했습니다", "--error", 'a "quoted" <path>']
