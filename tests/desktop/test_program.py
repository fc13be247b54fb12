"""A run of the program as desktops start it: real processes, real files, from the splash to the end."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.error
from pathlib import Path

import pytest

from solar_chat.paths import Home
from tests.desktop.starting import ROOT, clicked, environment, get, logged, program, run, started, text_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX shells and signals")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "홍길동 집"


def test_a_click_without_streams_from_a_vanished_folder_behind_a_dead_proxy(home: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    proxy = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9")
    with clicked(home, "--no-browser", cwd=gone, **proxy, NO_PROXY="", no_proxy="") as app:
        gone.rmdir()
        record = app.record()
        assert "Solar Chat" in get(record.url)
        assert app.end() == 0
    assert record.url in app.home.console.read_text(encoding="utf-8")
    assert "ERROR" not in logged(app.home)
    assert not app.home.instance.exists()
    # Nothing that was printed went into the history, whose file could have been number 1 or 2.
    history = sqlite3.connect(app.home.history)
    assert history.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    history.close()


def test_the_splash_is_there_before_the_page_and_leads_to_it(home: Path) -> None:
    with started(home, "--no-browser") as app:
        first = app.record(lambda record: True)
        assert not first.ready
        assert first.url == first.door
        splash = get(first.door)
        assert "화면을 준비하고 있습니다" in splash
        assert app.home.instance.stat().st_mode & 0o077 == 0
        record = app.record()
        assert json.loads(get(f"{record.door}state"))["url"] == record.url
        assert app.end() == 0


def test_a_second_start_finds_the_first_and_one_with_its_own_port_runs_beside_it(home: Path) -> None:
    with started(home, "--no-browser") as app:
        # As early as it can be: the first one only shows its splash.
        early = app.record(lambda record: True)
        second = run(home, "--no-browser", "--lang", "en")
        assert (second.returncode, second.stdout) == (3, "")
        assert second.stderr.strip() in {f"Solar Chat is already open: {early.url}", f"Solar Chat is already open: {app.record().url}"}
        record = app.record()
        port = free_port()
        with started(home, "--no-browser", "--port", str(port)) as beside:
            beside.page_at(f"http://127.0.0.1:{port}/")
            assert app.record() == record
            assert beside.end() == 0
        assert run(home, "--no-browser").returncode == 3


def test_what_a_killed_program_left_is_cleaned_up(home: Path) -> None:
    with started(home, "--no-browser") as app:
        killed = app.record()
        app.process.send_signal(signal.SIGKILL)
        app.process.wait()
        assert app.home.instance.exists()
    with started(home, "--no-browser") as again:
        record = again.record()
        assert record.secret != killed.secret
        assert again.end() == 0
    assert not again.home.instance.exists()


def test_the_browser_is_opened_at_the_splash_and_by_a_second_start_at_the_page(home: Path, tmp_path: Path) -> None:
    opened = tmp_path / "opened"
    program(tmp_path / "bin", "xdg-open", f'echo "$1" >> "{opened}"')
    desktop = {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin", "DISPLAY": ":no-such-display"}
    with started(home, "--no-window", **desktop) as app:
        record = app.record()
        assert text_of(opened).splitlines() == [record.door]
        assert "presence.js" not in get(record.url)
        opened.unlink()
        assert run(home, **desktop).returncode == 3
        assert text_of(opened).splitlines() == [record.url]


def test_a_click_that_opens_the_browser_asks_the_page_who_is_there(home: Path, tmp_path: Path) -> None:
    program(tmp_path / "bin", "xdg-open", "exit 0")
    with clicked(home, cwd=tmp_path, PATH=f"{tmp_path / 'bin'}:/usr/bin:/bin", DISPLAY=":no-such-display") as app:
        assert "presence.js" in get(app.record().url)
        assert app.end() == 0


def test_a_click_that_cannot_start_says_so_in_a_box_of_the_system(tmp_path: Path) -> None:
    blocked = tmp_path / "막힌 집"
    blocked.write_text("a file", encoding="utf-8")
    said = tmp_path / "said"
    program(tmp_path / "bin", "zenity", f'printf "%s\\n" "$@" > "{said}"')
    with clicked(blocked, cwd=tmp_path, PATH=f"{tmp_path / 'bin'}:/usr/bin:/bin", DISPLAY=":no-such-display") as app:
        assert app.process.wait(60) == 1
    text = text_of(said)
    assert "Solar Chat을 열지 못했습니다" in text
    assert str(blocked / "data") in text


def test_what_goes_wrong_behind_the_splash_is_said_there(home: Path, tmp_path: Path) -> None:
    opened = tmp_path / "opened"
    # A browser that only asks how it goes until it is told.
    program(
        tmp_path / "bin",
        "xdg-open",
        f"exec {sys.executable} -c 'import sys, time, json, urllib.request as r\n"
        f"while True:\n"
        f'    s = json.load(r.urlopen(sys.argv[1] + "state"))\n'
        f'    if s["error"]: open("{opened}", "w").write(s["error"]); break\n'
        f'    time.sleep(0.05)\' "$1"',
    )
    folder = Home.find(home)
    folder.history.parent.mkdir(parents=True)
    folder.history.write_text("no database, but long enough to be looked at as one" * 100, encoding="utf-8")
    with started(home, "--no-window", PATH=f"{tmp_path / 'bin'}:/usr/bin:/bin", DISPLAY=":no-such-display") as app:
        assert app.process.wait(90) == 1
    assert str(folder.history) in text_of(opened)
    assert not folder.instance.exists()


def test_an_unforeseen_error_is_logged_below_the_home_that_was_named(tmp_path: Path) -> None:
    code = (
        "import solar_chat.cli.commands as commands\nfrom solar_chat.cli import main\n"
        "def build(*_given):\n    raise RuntimeError('unforeseen')\n"
        "commands.build = build\n"
        f"main(['--home', {str(tmp_path / 'named')!r}, '--lang', 'en', 'paths'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment(tmp_path / "other"), capture_output=True, text=True, check=False, timeout=60
    )
    log = Home.find(tmp_path / "named").log
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert str(log) in done.stderr
    assert "RuntimeError: unforeseen" in log.read_text(encoding="utf-8")
    assert not (tmp_path / "other").exists()


def test_a_closed_door_is_closed(home: Path) -> None:
    with started(home, "--no-browser") as app:
        record = app.record()
        assert app.end() == 0
    with pytest.raises(urllib.error.URLError):
        get(record.door)


def test_a_window_that_cannot_be_is_an_error_that_says_what_to_do(home: Path) -> None:
    done = run(home, "--window", "--lang", "en")
    assert done.returncode == 1
    assert "requirements-desktop.txt" in done.stderr


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
