"""The log: rotated, with tracebacks, and of threads too."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from solar_chat.desktop.log import KEPT_FILES, log_crash, start_log
from tests.desktop.starting import ROOT


@pytest.fixture(autouse=True)
def untouched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What the log changes about the process, put back."""
    root, ours = logging.getLogger(), logging.getLogger("solar_chat")
    before, level = list(root.handlers), ours.level
    root.handlers.clear()
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    yield
    for handler in root.handlers:
        if handler is not logging.lastResort:
            handler.close()
    root.handlers[:] = before
    ours.setLevel(level)


def test_it_is_rotated_and_limited(tmp_path: Path) -> None:
    log = tmp_path / "로그" / "solar-chat.log"
    assert start_log(log, size=1_000)
    assert start_log(log, size=1_000)
    for number in range(200):
        logging.getLogger("solar_chat.test").info("번째 줄 %s", number)
    files = sorted(log.parent.iterdir())
    assert len(files) == KEPT_FILES + 1
    # Python counts characters where a file has bytes: the last line may reach beyond.
    assert all(file.stat().st_size <= 1_100 for file in files)
    assert "번째 줄 199" in log.read_text(encoding="utf-8")


def test_libraries_are_heard_when_they_warn(tmp_path: Path) -> None:
    log = tmp_path / "solar-chat.log"
    start_log(log)
    logging.getLogger("library").info("chatter")
    logging.getLogger("library").warning("a warning \udc80")
    assert "chatter" not in log.read_text(encoding="utf-8")
    assert "a warning" in log.read_text(encoding="utf-8")


def test_a_thread_that_dies_leaves_its_traceback(tmp_path: Path) -> None:
    log = tmp_path / "solar-chat.log"
    start_log(log)

    def fail() -> None:
        raise RuntimeError("died here")

    thread = threading.Thread(target=fail, name="sparrow")
    thread.start()
    thread.join()
    text = log.read_text(encoding="utf-8")
    assert "thread sparrow died" in text
    assert "RuntimeError: died here" in text


def test_a_crash_is_written_without_a_word_to_standard_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "new" / "solar-chat.log"
    assert log_crash(log, ValueError("broken"))
    start_log(log)
    assert log_crash(log, ValueError("broken again"))
    text = log.read_text(encoding="utf-8")
    assert "ValueError: broken\n" in text
    assert text.count("broken again") == 1
    assert capsys.readouterr().err == ""


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    assert not start_log(tmp_path / "file" / "solar-chat.log")
    assert not log_crash(tmp_path / "file" / "solar-chat.log", ValueError())


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX shell")
def test_a_crash_below_python_is_written_to_the_console_file_which_is_rotated(tmp_path: Path) -> None:
    console = tmp_path / "console.log"
    console.write_text("x" * 2_100_000, encoding="utf-8")
    code = (
        "import os, sys; from pathlib import Path; from solar_chat.desktop.streams import repair_streams\n"
        f"assert repair_streams(Path({str(console)!r}))\n"
        "print('인쇄'); os.write(2, b'below Python\\n'); print(sys.stdin.read(), end='')\n"
        "file = open(os.devnull); assert file.fileno() > 2\n"
        "import ctypes; ctypes.string_at(0)"
    )
    done = subprocess.run(["/bin/sh", "-c", 'exec "$0" -c "$1" <&- >&- 2>&-', sys.executable, code], cwd=ROOT, check=False, timeout=60)
    text = console.read_text(encoding="utf-8")
    assert done.returncode < 0
    assert "인쇄" in text
    assert "below Python" in text
    assert "Segmentation fault" in text
    assert console.with_name("console.log.1").stat().st_size == 2_100_000
