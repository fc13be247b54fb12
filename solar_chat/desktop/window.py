"""The window of its own, by pywebview: WebView2 on Windows, WKWebView on macOS, Qt WebEngine elsewhere if it is installed.

It shows the door's splash and then the page, as a browser would, and remembers where it was. The window system wants the main thread, so everything
else of the program runs beside it. Without a web view that can show the page there is no window, and the browser takes its place.
"""

from __future__ import annotations

import ctypes
import importlib.util
import logging
import os
import sys
import threading
from collections.abc import Callable
from functools import partialmethod
from pathlib import Path
from typing import Any

from solar_chat.desktop.foreign import has_display
from solar_chat.desktop.placement import LEAST_HEIGHT, LEAST_WIDTH, Area, Follower, Placement, load_placement, save_placement
from solar_chat.paths import ICON_BITMAP, Home
from solar_chat.settings import Theme

# The page's own grounds (ui/theme.py), seen until the splash is painted.
_GROUNDS = {"light": "#fbfaf8", "dark": "#171513"}
# Internet Explorer, which pywebview falls back to on a Windows without WebView2, cannot show the page.
_TOO_OLD = "mshtml"
# More than any title bar has room for.
_LONGEST_TITLE = 200
# Python binding → where its package keeps the plugins for window systems.
_QTS = {"PySide6": "Qt/plugins/platforms", "PyQt6": "Qt6/plugins/platforms"}

_log = logging.getLogger(__name__)


def window_possible() -> bool:
    """Whether a web view is installed and there is a display that it can use. Imports none of it."""
    if not has_display() or not _installed("webview"):
        return False
    return sys.platform in ("win32", "darwin") or (_installed("qtpy") and any(_qt_starts(qt, plugins) for qt, plugins in _QTS.items()))


def _installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _qt_starts(qt: str, plugins: str) -> bool:
    """Whether the Python binding `qt` is there whole and its part for X11 finds its libraries and a display.

    Asked first because Qt does not raise where it cannot start: it ends the process.
    """
    if not _installed(f"{qt}.QtWebEngineWidgets"):
        return False
    found = importlib.util.find_spec(qt)
    folder = Path(next(iter((found and found.submodule_search_locations) or ["."])))
    try:
        ctypes.CDLL(str(folder / plugins / "libqxcb.so"))
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError as error:
        _log.warning("no window of its own, %s cannot start (%s); the browser is used", qt, error)
        return False
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connection_has_error.argtypes = xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(None, None)
    answers: bool = xcb.xcb_connection_has_error(connection) == 0
    xcb.xcb_disconnect(connection)
    return answers


def _save_download(view: Any, dialog: Any, download: Any) -> None:
    """Ask where to save a file, under the name that the page gives it: pywebview 6.2 offers another, and calls a method that Qt 6 has no more."""
    chosen, _ = dialog.getSaveFileName(view, view.localization["global.saveFile"], str(Path.home() / download.downloadFileName()))
    if chosen:
        download.setDownloadDirectory(str(Path(chosen).parent))
        download.setDownloadFileName(Path(chosen).name)
        download.accept()


class Window:
    """One window for the life of the program."""

    def __init__(self, home: Home, theme: Theme, title: str) -> None:
        self._home = home
        self._theme = theme
        self._title = title
        self._follower = Follower(Placement())
        self._window: Any = None
        self._closed = threading.Event()

    def run(self, url: str, work: Callable[[], None]) -> bool:
        """Show `url` and do `work` beside it; returns when the window is closed. False, with nothing done, where there can be no window.

        Only in the main thread.
        """
        try:
            webview = self._prepared()
        except Exception:
            # pywebview, pythonnet, PyObjC and Qt fail to load in as many ways as there are systems.
            _log.warning("no window of its own; the browser is used", exc_info=True)
            return False
        if webview is None:
            return False
        kept = self._follower.placement
        self._window = webview.create_window(
            self._title,
            url,
            width=kept.width,
            height=kept.height,
            x=kept.x,
            y=kept.y,
            maximized=kept.maximized,
            min_size=(LEAST_WIDTH, LEAST_HEIGHT),
            background_color=_GROUNDS.get(self._theme, _GROUNDS["light"]),
            text_select=True,
            zoomable=True,
        )
        self._window.expose(self._titling())
        self._follow(self._window.events)
        # Private mode would forget which conversation was open.
        webview.start(work, private_mode=False, storage_path=str(self._home.window_storage), icon=str(ICON_BITMAP))
        self._closed.set()
        save_placement(self._home.window, self._follower.placement)
        return True

    def show(self) -> bool:
        """Bring the window to the front; False where it is not there."""
        if self._window is None or self._closed.is_set() or not self._window.events.shown.is_set():
            return False
        # In Qt only `restore` raises a window, and it takes away that it was maximized.
        qt = sys.platform not in ("win32", "darwin")
        maximized = self._follower.placement.maximized
        if self._follower.minimized or qt:
            self._window.restore()
        if qt and maximized:
            self._window.maximize()
        self._window.show()
        return True

    def close(self) -> None:
        """Close it, from any thread; it may be closed already, or not be there yet."""
        if self._window is not None and not self._closed.is_set():
            self._window.events.shown.wait(15)
            self._window.destroy()

    def _prepared(self) -> Any:
        """pywebview with a usable web view, and the placement for the screens there are; None where the only one is too old."""
        if sys.platform not in ("win32", "darwin"):
            # Named, or pywebview tries GTK first and prints its traceback.
            os.environ.setdefault("PYWEBVIEW_GUI", "qt")
            # Checked before; Wayland's own plugin comes without a frame on some desktops.
            os.environ.setdefault("QT_QPA_PLATFORM", "xcb")
            os.environ.setdefault("QT_API", "pyside6" if _installed("PySide6") else "pyqt6")
        os.environ.setdefault("PYWEBVIEW_LOG", "WARNING")
        import webview
        from webview.guilib import initialize

        # The conversation can be saved as a file.
        webview.settings["ALLOW_DOWNLOADS"] = True
        loaded = initialize()
        if loaded.renderer == _TOO_OLD:
            _log.warning("WebView2 is not installed; the browser is used")
            return None
        if hasattr(loaded, "QFileDialog"):
            loaded.BrowserView.on_download_requested = partialmethod(_save_download, loaded.QFileDialog)
        screens = [Area(screen.x, screen.y, screen.width, screen.height) for screen in webview.screens]
        self._follower = Follower(load_placement(self._home.window).on(screens))
        return webview

    def _titling(self) -> Callable[[object], None]:
        """What the page calls with its title: the window has its own, and pywebview does not carry the page's over."""
        window = self._window

        def show_title(title: object) -> None:
            # A page may say anything, and nothing unseen shall turn the line around.
            line = "".join(letter for letter in " ".join(str(title).split()) if letter.isprintable())
            window.set_title(line[:_LONGEST_TITLE])

        return show_title

    def _follow(self, events: Any) -> None:
        follower = self._follower
        events.closed += self._closed.set
        events.resized += follower.resized
        events.moved += follower.moved
        events.maximized += follower.maximized
        events.minimized += follower.minimized_now
        events.restored += follower.restored
