"""When it ends: asked, signalled even outside Python, or because nobody is there any more."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from solar_chat.desktop import ending as room
from solar_chat.desktop.ending import Ending, Presence, stay
from tests.desktop.starting import ROOT


def test_it_is_asked_from_another_thread() -> None:
    ending = Ending()
    threading.Timer(0.05, ending.ask).start()
    assert ending.wait(30)
    assert ending
    assert ending.wait(0)


def test_it_waits_no_longer_than_it_was_told() -> None:
    assert not Ending().wait(0.01)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_heard_while_the_main_thread_runs_no_python(number: signal.Signals) -> None:
    # The main thread sits in a lock that it never gets, as in a window system's loop; the waiting is done beside it.
    code = (
        "import threading, os, _thread\nfrom solar_chat.desktop.ending import Ending\n"
        "ending = Ending(); ending.listen()\n"
        "def work():\n    print('ready', flush=True)\n    ending.wait()\n    print('ended', flush=True)\n    os._exit(0)\n"
        "threading.Thread(target=work).start()\n"
        "import ctypes; ctypes.PyDLL(None).pause(); ctypes.PyDLL(None).pause()\n"
    ).replace("ctypes.PyDLL(None).pause()", "ctypes.CDLL(None).sleep(600)")
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    os.kill(process.pid, number)
    assert process.communicate(timeout=60)[0] == "ended\n"
    assert process.returncode == 0


def test_a_person_who_is_there_keeps_it_open() -> None:
    presence = Presence()
    assert presence.is_over(-1, -1)
    with presence:
        assert not presence.is_over(-1, -1)
        with presence:
            pass
        assert not presence.is_over(-1, -1)
    assert presence.is_over(-1, -1)


def test_a_page_without_a_goodbye_is_waited_for_longer() -> None:
    presence = Presence()
    presence.hello()
    presence.hello()
    presence.goodbye()
    assert not presence.is_over(-1, 1_000)
    presence.goodbye()
    assert presence.is_over(-1, 1_000)
    # Of a page that was open before the program was started again.
    presence.goodbye()
    presence.hello()
    assert not presence.is_over(-1, 1_000)


def test_nobody_there_ends_it_unless_something_is_going_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_LOOK_S", 0.01)
    going_on = [True, True, False]
    stay(Ending(), Presence(), lambda: going_on.pop(0), quiet_s=-1)
    assert going_on == []


def test_without_anybody_to_count_it_ends_only_when_asked() -> None:
    ending = Ending()
    threading.Timer(0.05, ending.ask).start()
    stay(ending, None, lambda: False, quiet_s=-1)
    assert ending
