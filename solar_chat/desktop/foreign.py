"""Starting programs that are not ours: the browser, the folder view, the message box.

The rule: they get the environment that our bundle was started with, not the one its loader made. On Linux the loader puts the bundle's libraries in
front of the system's, which breaks whatever inherits it; and it refuses to start a program of its kind that inherits its own variables.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import webbrowser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_MESSAGE_S = 600
_DETACHED: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
# MB_ICONERROR | MB_SETFOREGROUND of winuser.h.
_WINDOWS_ERROR_BOX = 0x10 | 0x10000


def clean_environment(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """`environment` as it was before the bundle's loader changed it."""
    clean = {name: value for name, value in environment.items() if not name.startswith("_PYI_")}
    if not getattr(sys, "frozen", False):
        return clean
    before = clean.pop("LD_LIBRARY_PATH_ORIG", None)
    clean.pop("LD_LIBRARY_PATH", None)
    if before:
        clean["LD_LIBRARY_PATH"] = before
    return clean


def has_display(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether windows can be shown."""
    return sys.platform in ("win32", "darwin") or bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def open_browser(url: str) -> bool:
    """Show `url` in the person's browser; False where that is known to be impossible. Does not wait."""
    if sys.platform == "win32":
        return _open_on_windows(url)
    if sys.platform == "darwin":
        return _start(["/usr/bin/open", url])
    if has_display() and shutil.which("xdg-open") is not None:
        return _start(["xdg-open", url])
    # Never a browser that takes the terminal for itself: the address is printed there.
    return has_display() and webbrowser.open(url)


def open_folder(folder: Path) -> bool:
    """Show `folder` in the system's view of files; False where that is known to be impossible."""
    if sys.platform == "win32":
        return _open_on_windows(str(folder))
    if sys.platform == "darwin":
        return _start(["/usr/bin/open", str(folder)])
    return has_display() and shutil.which("xdg-open") is not None and _start(["xdg-open", str(folder)])


def show_message(title: str, text: str) -> bool:
    """Show an error in a box of the system and wait until it is closed; False where there is nothing that can."""
    if sys.platform == "win32":
        import ctypes

        return bool(ctypes.windll.user32.MessageBoxW(None, text, title, _WINDOWS_ERROR_BOX))
    if sys.platform == "darwin":
        # As arguments, not as a part of the script: quotes in a path stay quotes.
        script = "on run {words, heading}\ndisplay alert heading message words as critical\nend run"
        return _wait(["/usr/bin/osascript", "-e", script, text, title])
    boxes = (
        ["zenity", "--error", "--no-markup", "--width=420", f"--title={title}", f"--text={text}"],
        ["kdialog", "--title", title, "--error", text],
        ["xmessage", "-center", "-title", title, text],
    )
    return has_display() and any(shutil.which(box[0]) is not None and _wait(box) for box in boxes)


def _open_on_windows(what: str) -> bool:
    if sys.platform == "win32":
        try:
            os.startfile(what)
        except OSError:
            return False
    return True


def _start(command: list[str]) -> bool:
    """Start and forget: on POSIX in a session of its own, so that Ctrl+C in our terminal does not close it."""
    try:
        process = subprocess.Popen(command, **_DETACHED, env=clean_environment(), start_new_session=True)
    except OSError:
        return False
    # Until somebody asks how it ended, POSIX keeps what is left of it.
    threading.Thread(target=process.wait, name=command[0], daemon=True).start()
    return True


def _wait(command: list[str]) -> bool:
    try:
        done = subprocess.run(command, **_DETACHED, env=clean_environment(), timeout=_MESSAGE_S, check=False)
    except subprocess.TimeoutExpired:
        return True
    except OSError:
        return False
    # 1 is how some of them say that the box was closed by its corner; it was seen.
    return done.returncode in (0, 1)
