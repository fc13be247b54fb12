"""Settings: what is allowed, and a file that survives everything."""

from __future__ import annotations

import ast
import inspect
import json
import os
import sys
import threading
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solar_chat import settings as module
from solar_chat.errors import InputError, SolarChatError
from solar_chat.settings import Settings, SettingsFile


@pytest.fixture
def file(tmp_path: Path) -> SettingsFile:
    return SettingsFile(tmp_path / "config" / "settings.json")


def test_defaults() -> None:
    expected = ("auto", "system", "formal", "follow", "keep", "starter", 0.3, 0.9, 1.05, 512, None)
    assert tuple(getattr(Settings(), each.name) for each in fields(Settings)) == expected


def test_every_setting_is_documented() -> None:
    """A docstring stands under each field."""
    tree = ast.parse(inspect.getsource(module))
    body = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Settings").body
    for node, following in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign):
            assert isinstance(following, ast.Expr), ast.unparse(node)
            assert isinstance(following.value, ast.Constant), ast.unparse(node)


def test_a_missing_file_is_the_defaults(file: SettingsFile) -> None:
    assert file.load() == Settings()
    assert file.problem is None
    assert not file.path.exists()


def test_what_is_saved_is_loaded(file: SettingsFile) -> None:
    chosen = Settings("ko", "dark", "casual", "en", "mark", "업스테이지/모델", 0.0, 1.0, 1.0, 16, 7)
    file.save(chosen)
    assert SettingsFile(file.path).load() == chosen
    assert "업스테이지/모델" in file.path.read_text(encoding="utf-8")
    assert [each.name for each in file.path.parent.iterdir()] == ["settings.json"]


def test_changing_one_leaves_the_others(file: SettingsFile) -> None:
    file.update(level="plain")
    assert file.update(theme="dark") == Settings(level="plain", theme="dark")
    assert SettingsFile(file.path).load() == Settings(level="plain", theme="dark")


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("temperature", 0, 0.0),
        ("temperature", 2, 2.0),
        ("top_p", 1, 1.0),
        ("repetition_penalty", 1, 1.0),
        ("max_reply_tokens", 512.0, 512),
        ("max_reply_tokens", 4096, 4096),
        ("seed", None, None),
        ("seed", 0, 0),
        ("model", "  upstage/SOLAR-10.7B-Instruct-v1.0 ", "upstage/SOLAR-10.7B-Instruct-v1.0"),
    ],
)
def test_allowed_values(file: SettingsFile, name: str, value: object, kept: object) -> None:
    after = getattr(file.update(**{name: value}), name)
    assert after == kept
    assert type(after) is type(kept)


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("level", "haoche", "formal, polite, casual, plain"),
        ("level", None, "formal, polite, casual, plain"),
        ("guard", True, "off, mark, keep"),
        ("theme", ["dark"], "system, light, dark"),
        ("temperature", -0.1, "0 – 2"),
        ("temperature", 2.1, "0 – 2"),
        ("temperature", float("nan"), "0 – 2"),
        ("temperature", "0.5", "0 – 2"),
        ("temperature", True, "0 – 2"),
        ("temperature", None, "0 – 2"),
        ("top_p", 0, "> 0, ≤ 1"),
        ("repetition_penalty", 0.9, "1 – 2"),
        ("max_reply_tokens", 15, "16 – 4096"),
        ("max_reply_tokens", 100.5, "16 – 4096"),
        ("max_reply_tokens", 10**400, "16 – 4096"),
        ("seed", -1, "0 – 4294967295, null"),
        ("seed", 1.5, "0 – 4294967295, null"),
        ("model", " ", "starter, owner/name, /path"),
        ("model", 3, "starter, owner/name, /path"),
    ],
)
def test_refused_values(file: SettingsFile, name: str, value: object, allowed: str) -> None:
    file.save(Settings(theme="dark"))
    before = file.path.read_bytes()
    with pytest.raises(InputError) as caught:
        file.update(**{name: value})
    assert caught.value.key == "setting_invalid"
    assert (caught.value.params["name"], caught.value.params["allowed"]) == (name, allowed)
    assert file.path.read_bytes() == before


def test_an_unknown_name_is_refused(file: SettingsFile) -> None:
    with pytest.raises(InputError, match="setting_unknown") as caught:
        file.update(colour="red")
    assert str(caught.value.params["allowed"]).startswith("interface_language, theme, level")
    assert not file.path.exists()


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "",
        "[]",
        "null",
        '{"temperature": "hot"}',
        '{"temperature": NaN}',
        '{"level": "haoche"}',
        '{"max_reply_tokens": 1e999}',
        '{"seed": ' + "9" * 5000 + "}",
        "[" * 100_000,
    ],
)
def test_a_broken_file_is_kept_aside(file: SettingsFile, text: str) -> None:
    file.path.parent.mkdir()
    file.path.write_text(text, encoding="utf-8")
    assert file.load() == Settings()
    aside = file.path.with_name("settings.broken-1.json")
    assert file.problem is not None
    assert (file.problem.key, file.problem.params["path"]) == ("settings_broken", aside)
    assert aside.read_text(encoding="utf-8") == text
    assert not file.path.exists()

    file.path.write_bytes(b"\xff\xfe broken again")
    assert file.update(theme="dark") == Settings(theme="dark")
    assert file.path.with_name("settings.broken-2.json").read_bytes() == b"\xff\xfe broken again"
    assert aside.read_text(encoding="utf-8") == text
    assert SettingsFile(file.path).load().theme == "dark"


def test_a_glance_leaves_a_broken_file_for_the_one_that_reports_it(file: SettingsFile) -> None:
    assert file.glance() == Settings()
    file.update(theme="dark")
    assert file.glance().theme == "dark"
    file.path.write_text("{broken", encoding="utf-8")
    assert file.glance() == Settings()
    assert file.problem is None
    file.load()
    assert file.problem is not None


def test_keys_of_another_version_survive(file: SettingsFile) -> None:
    file.path.parent.mkdir()
    file.path.write_text('\ufeff{"level": "polite", "voice": {"name": "하늘"}}', encoding="utf-8")
    assert file.update(guard="off") == Settings(level="polite", guard="off")
    assert file.problem is None
    data = json.loads(file.path.read_text(encoding="utf-8"))
    assert (data["voice"], data["level"], data["guard"]) == ({"name": "하늘"}, "polite", "off")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may read and write everything")
def test_a_forbidden_file_is_said_and_left(file: SettingsFile) -> None:
    file.save(Settings())
    file.path.chmod(0)
    assert file.load() == Settings()
    assert file.problem is not None
    assert file.problem.key == "settings_unreadable"


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("a file, no folder")
    file = SettingsFile(tmp_path / "config" / "settings.json")
    with pytest.raises(SolarChatError, match="settings_unwritable"):
        file.update(theme="dark")
    (tmp_path / "folder" / "settings.json").mkdir(parents=True)
    blocked = SettingsFile(tmp_path / "folder" / "settings.json")
    assert blocked.load() == Settings()
    assert blocked.problem is not None
    assert blocked.problem.key == "settings_unreadable"
    with pytest.raises(SolarChatError, match="settings_unwritable"):
        blocked.save(Settings())
    assert [each.name for each in blocked.path.parent.iterdir()] == ["settings.json"]


def test_threads_do_not_lose_each_others_changes(file: SettingsFile) -> None:
    changes: list[dict[str, object]] = [{"theme": "dark"}, {"level": "plain"}, {"guard": "off"}, {"temperature": 1.5}, {"seed": 3}, {"top_p": 0.5}]
    threads = [threading.Thread(target=file.update, kwargs=change) for change in changes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert file.load() == Settings(theme="dark", level="plain", guard="off", temperature=1.5, seed=3, top_p=0.5)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=2), max_leaves=3
)


@given(name=st.sampled_from([each.name for each in fields(Settings)]), value=JSON)
def test_a_value_is_taken_or_refused_never_something_else(name: str, value: object) -> None:
    try:
        after = Settings().changed(**{name: value})
    except InputError:
        return
    assert after == Settings().changed(**{name: getattr(after, name)})
