"""The window of its own on a virtual display: size and place, coming to the front, and that closing it ends the program.

Runs where pywebview, Qt WebEngine (requirements-desktop.txt, 700 MB) and Xvfb are installed, and says so where they are not.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from solar_chat.desktop.instance import read_record
from solar_chat.paths import Home
from tests.desktop.starting import ROOT, environment
from tests.desktop.test_program import free_port

pytest.importorskip("webview", reason="pywebview is not installed (requirements-desktop.txt)")
pytestmark = pytest.mark.skipif(shutil.which("xvfb-run") is None or sys.platform != "linux", reason="no xvfb-run")

# What a person would do, done from the work beside the window.
SCRIPT = """
import json, sys, time
from pathlib import Path
from typing import Any
from solar_chat.desktop.door import Door
from solar_chat.desktop.window import Window, window_possible
from solar_chat.paths import Home

home = Home.find(Path(sys.argv[1])).create()
assert window_possible()
window = Window(home, "light", "Solar Chat")
found = {}

def look(name):
    time.sleep(1)
    inner = window._window
    found[name] = [inner.width, inner.height, inner.native.isMinimized(), inner.native.isMaximized()]

def work():
    try:
        live()
    finally:
        window.close()

def live():
    inner = window._window
    inner.events.loaded.wait(60)
    found["title"] = inner.title
    found["shows"] = inner.get_current_url() == door.url
    look("first")
    inner.resize(900, 650); inner.move(40, 60); look("resized")
    inner.minimize(); look("minimized")
    assert window.show(); look("shown")
    if "maximize" in sys.argv:
        inner.maximize(); look("maximized")
        assert window.show(); look("maximized and shown")

with Door(lambda nonce: "<p>화면</p>") as door:
    assert not window.show()
    assert window.run(door.url, work)
    assert not window.show()
    window.close()
print(json.dumps(found))
"""


def on_a_display(home: Path, *command: str, timeout: int = 240) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["xvfb-run", "-a", "-s", "-screen 0 1400x1000x24", sys.executable, *command],
        cwd=ROOT,
        # A container's root has no sandbox.
        env=environment(home, QTWEBENGINE_DISABLE_SANDBOX="1", PYTHONUTF8="1"),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def shown(home: Path, *arguments: str) -> dict[str, Any]:
    done = on_a_display(home, "-c", SCRIPT, str(home), *arguments)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_it_comes_to_the_front_and_opens_again_where_it_was(tmp_path: Path) -> None:
    home = tmp_path / "창 집"
    found = shown(home)
    assert (found["title"], found["shows"]) == ("Solar Chat", True)
    assert found["first"] == [1120, 800, False, False]
    assert found["resized"] == [900, 650, False, False]
    assert found["minimized"][2] is True
    assert found["shown"] == [900, 650, False, False]
    kept = json.loads(Home.find(home).window.read_text(encoding="utf-8"))
    assert (kept["width"], kept["height"], kept["maximized"]) == (900, 650, False)
    again = shown(home, "maximize")
    assert again["first"] == [900, 650, False, False]
    assert again["maximized and shown"][3] is True
    kept = json.loads(Home.find(home).window.read_text(encoding="utf-8"))
    assert (kept["width"], kept["height"], kept["maximized"]) == (900, 650, True)


def test_it_is_called_after_what_it_shows_and_closing_it_ends_the_program(tmp_path: Path) -> None:
    home = Home.find(tmp_path / "창 집")
    # Closes the window once the page is up, as a hand would.
    code = (
        "import sys, threading, time\nfrom pathlib import Path\nfrom solar_chat.cli import main\n"
        "from solar_chat.desktop.instance import read_record\n"
        f"file = Path({str(home.instance)!r})\n"
        "def close():\n"
        "    while not ((record := read_record(file)) and record.ready): time.sleep(0.1)\n"
        "    print(record.url, flush=True)\n"
        "    import webview\n    window = webview.windows[0]\n"
        "    window.load_url(record.url + '#models')\n"
        "    end = time.monotonic() + 60\n"
        "    while ' - ' not in window.native.windowTitle() and time.monotonic() < end: time.sleep(0.1)\n"
        "    print(window.native.windowTitle(), flush=True)\n"
        "    window.destroy()\n"
        "threading.Thread(target=close, daemon=True).start()\n"
        f"main(['--window', '--lang', 'ko', '--port', '{free_port()}'])"
    )
    done = on_a_display(home.data.parent, "-c", code)
    assert done.returncode == 0, done.stderr
    assert "http://127.0.0.1:" in done.stdout
    assert "모델 - Solar Chat" in done.stdout
    assert read_record(home.instance) is None
    assert "Solar Chat ends" in home.log.read_text(encoding="utf-8")
    assert home.window.exists()
