"""What the owner's page offers of the program around it. Whoever opens the page says what there is; what there is not has no button.

Imports no Gradio, so that it can be made before Gradio is there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from solar_chat.i18n import InterfaceLanguage


@dataclass(frozen=True, slots=True)
class Services:
    log: Path
    """The file that a report of a problem needs."""
    report: Callable[[InterfaceLanguage], str]
    """Versions and hardware as a text to copy; nothing of the conversations is in it."""
    open_logs: Callable[[], bool]
    """Show the folder of the log; whether that worked."""
    newest: Callable[[InterfaceLanguage], tuple[str, str | None]] | None = None
    """Ask for the newest version: a sentence, and where to get it where there is one. Raises SolarChatError. None: nobody publishes this app."""
    quit: Callable[[], None] | None = None
    """End the program in a moment. None: there is a window to close or a terminal to press Ctrl+C in."""
