"""Running as a desktop program: what a double-click needs beside the page.

Knows no conversation, no model and no Gradio; the command line puts it together with the page.

    streams    standard output and error where there is no terminal    instance  one program for one home
    log        what a report is made from, rotated                     door      loopback: splash, state, second starts
    program    a run from the first sign of life to the end            splash    the page until the page is there
    window, placement  a window of its own, where it was               ending    signals, Quit, nobody there any more
    foreign    browser, folder view, message box                       updates   asked only when a person asks
"""

from solar_chat.desktop.ending import Ending
from solar_chat.desktop.foreign import open_browser, open_folder, show_message
from solar_chat.desktop.instance import Running
from solar_chat.desktop.log import log_crash
from solar_chat.desktop.program import Program, Shown, Wishes, open_program
from solar_chat.desktop.streams import has_terminal, repair_streams
from solar_chat.desktop.updates import Release, newest_release, release_address

__all__ = [
    "Ending",
    "Program",
    "Release",
    "Running",
    "Shown",
    "Wishes",
    "has_terminal",
    "log_crash",
    "newest_release",
    "open_browser",
    "open_folder",
    "open_program",
    "release_address",
    "repair_streams",
    "show_message",
]
