"""Where things live: one folder when asked for, the platform's otherwise, and nothing made by asking."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from solar_chat import paths
from solar_chat.errors import InputError, StartError
from solar_chat.paths import Home, typed_path


def test_one_folder_when_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOLAR_CHAT_HOME", str(tmp_path / "from environment"))
    chosen = Home.find(tmp_path / "chosen")
    assert chosen == Home(*(tmp_path / "chosen" / name for name in ("data", "config", "cache", "logs")))
    assert Home.find().data == tmp_path / "from environment" / "data"
    assert not (tmp_path / "chosen").exists()


def test_relative_and_home_folders_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "me"))
    assert Home.find(Path("here")).config == tmp_path / "here" / "config"
    assert Home.find(Path("~/solar")).logs == tmp_path / "me" / "solar" / "logs"


@pytest.mark.skipif(sys.platform != "linux", reason="XDG folders")
def test_the_platforms_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOLAR_CHAT_HOME", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "etc"))
    home = Home.find()
    assert (home.data, home.config) == (tmp_path / "share" / "SolarChat", tmp_path / "etc" / "SolarChat")


def test_files_have_their_folders(tmp_path: Path) -> None:
    home = Home.find(tmp_path)
    assert home.history == tmp_path / "data" / "conversations.sqlite3"
    assert home.settings == tmp_path / "config" / "settings.json"
    assert home.models == tmp_path / "cache" / "models"
    assert home.uploads == tmp_path / "cache" / "gradio"
    assert set(home.as_dict()) == {"data", "config", "cache", "logs", "history", "settings", "models", "api_key", "log", "assets"}
    assert home.as_dict()["history"] == str(home.history)


def test_create_makes_the_folders(tmp_path: Path) -> None:
    home = Home.find(tmp_path / "new" / "home").create()
    assert all(folder.is_dir() for folder in (home.data, home.config, home.cache, home.logs))
    assert home.create() == home


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(StartError) as caught:
        Home.find(tmp_path / "taken").create()
    assert (caught.value.key, caught.value.params["path"]) == ("home_unwritable", tmp_path / "taken" / "data")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_named(tmp_path: Path) -> None:
    home = Home.find(tmp_path).create()
    home.config.chmod(0o500)
    with pytest.raises(StartError, match="home_unwritable"):
        home.create()


def test_a_typed_path_may_begin_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert typed_path("~/모델") == tmp_path / "모델"
    assert typed_path("모델") == Path("모델")


@pytest.mark.parametrize("text", ["~~~", "~nobody-of-that-name/x", "가" * 300])
def test_what_can_be_no_path_is_said(text: str) -> None:
    with pytest.raises(InputError) as caught:
        typed_path(text)
    assert (caught.value.key, caught.value.params["path"]) == ("path_unusable", text[:80])


def test_resources_stand_beside_the_package() -> None:
    root = Path(paths.__file__).parent.parent
    assert root / "assets" == paths.ASSETS
    assert root / "locales" == paths.LOCALES
    assert (paths.LOCALES / "ko.json").is_file()
