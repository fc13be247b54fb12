"""`models download` and `models remove`: what is said before, while and after.

One updating line on a terminal, now and then a whole line elsewhere. The rule: licence, size and fit are printed before the first byte is asked for,
and whatever ends a download early says how to go on.
"""

from __future__ import annotations

import shutil
import sys
import time

import click

from solar_chat.cli.columns import fitted
from solar_chat.cli.declaring import Group, argument, option
from solar_chat.cli.model_listing import FORMS, in_form
from solar_chat.errors import InputError, ModelError
from solar_chat.hardware import detect
from solar_chat.models import (
    Download,
    DownloadProgress,
    Offer,
    copies_of,
    drop_full_weights,
    freed_bytes,
    offer,
    remove,
    resolve,
    superfluous_weights,
)
from solar_chat.models.wording import Say, fit_line, here, progress_line, size, speaker, terms
from solar_chat.paths import Home

_TERMINAL_EVERY_S = 0.2
# Enough to see that it lives, little enough for a log.
_LINES_EVERY_S = 10.0
_INTERRUPTED = 130


def add_download_commands(models: Group) -> None:
    """`download` and `remove` under `models`."""
    named = argument("name", metavar="ID", help=models.say("models_id"))
    worded = speaker(models.catalogue, models.lang)

    @models.command("download", help=models.say("models_download"))
    @named
    @option("--form", metavar=FORMS, help=models.say("models_form"))
    @click.pass_obj
    def models_download(home: Home, name: str, form: str | None) -> None:
        _download(in_form(name, form, models.say("bad_form")), home, worded)

    @models.command("remove", help=models.say("models_remove"))
    @named
    @option("--only-16bit", is_flag=True, help=models.say("only_16bit"))
    @option("--yes", "-y", is_flag=True, help=models.say("yes"))
    @click.pass_obj
    def models_remove(home: Home, name: str, only_16bit: bool, yes: bool) -> None:
        remove_here = _drop_full_weights if only_16bit else _remove
        remove_here(name, home, worded, yes=yes)


def _download(name: str, home: Home, say: Say) -> None:
    """Raises ModelError as `offer` and `Download.result` do; ends the program with 130 after Ctrl+C."""
    found = offer(resolve(name), home.models, detect())
    _introduce(found, say)
    if found.here is not None and found.here.whole:
        print(say("download_here", path=found.here.path))
        return
    run = Download(found.spec, home.models)
    screen = _Screen(say)
    try:
        run.start()
        while (now := run.wait(_TERMINAL_EVERY_S)).active:
            screen.show(now)
    except KeyboardInterrupt:
        run.pause()
        now = run.wait()
        screen.end()
        if now.state != "done":
            print(_kept(now, say))
            raise click.exceptions.Exit(_INTERRUPTED) from None
    screen.end()
    if now.error is not None and now.done_bytes and getattr(now.error, "key", "") != "hub_checksum":
        print(_kept(now, say))
    print(say("download_done", path=run.result().path, size=size(now.total_bytes)))


def _introduce(found: Offer, say: Say) -> None:
    print(f"{found.spec.name} ({found.spec.id})")
    print(f"  {say('licence', licence=terms(found.spec, say))}")
    print(f"  {fit_line(found.fit, say)}")
    if found.instead is not None:
        print(f"  {say('instead', model=found.instead.name, id=found.instead.id)}")
    if found.here is not None and not found.here.whole:
        print(f"  {here(found.here, say)}")
    sys.stdout.flush()


def _kept(now: DownloadProgress, say: Say) -> str:
    return say("download_kept", done=size(now.done_bytes)) if now.done_bytes else say("download_nothing")


class _Screen:
    """Where progress is shown."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._terminal = sys.stdout.isatty()
        self._next = 0.0
        self._open = False

    def show(self, now: DownloadProgress) -> None:
        if not self._terminal:
            if time.monotonic() >= self._next and now.total_bytes:
                print(self._line(now), flush=True)
                self._next = time.monotonic() + _LINES_EVERY_S
            return
        print("\r" + fitted(self._line(now), _width()), end="", flush=True)
        self._open = True

    def end(self) -> None:
        """Leave the updating line behind."""
        if self._open:
            print("\r" + " " * _width() + "\r", end="", flush=True)

    def _line(self, now: DownloadProgress) -> str:
        line = progress_line(now, self._say)
        return f"{line} · {now.file}" if now.state == "downloading" else line


def _remove(name: str, home: Home, say: Say, *, yes: bool) -> None:
    """Raises ModelError `model_not_downloaded` and those of `remove`, InputError `remove_unconfirmed` where nobody can be asked."""
    found = copies_of(resolve(name), home.models)
    if not found:
        raise ModelError("model_not_downloaded", model=name)
    for copy in found:
        print(say("remove_frees", path=copy.path, size=size(freed_bytes(copy))))
    if not _sure(say, yes=yes):
        return
    freed = 0
    for copy in found:
        freed += freed_bytes(copy)
        remove(copy)
    print(say("removed", size=size(freed)))


def _drop_full_weights(name: str, home: Home, say: Say, *, yes: bool) -> None:
    """Raises ModelError as `drop_full_weights` does, InputError `remove_unconfirmed` where nobody can be asked."""
    spec = resolve(name)
    copy = superfluous_weights(spec, home.models)
    print(say("remove_frees", path=copy.full_folder, size=size(copy.full_bytes)))
    print(say("four_bit_stays", path=copy.folder, size=size(copy.size_bytes)))
    if _sure(say, yes=yes):
        print(say("removed", size=size(drop_full_weights(spec, home.models))))


def _sure(say: Say, *, yes: bool) -> bool:
    if yes:
        return True
    if not sys.stdin.isatty():
        raise InputError("remove_unconfirmed")
    return click.confirm(say("remove_sure"), default=False)


def _width() -> int:
    """One column less than there are: a full line would scroll."""
    return shutil.get_terminal_size().columns - 1
