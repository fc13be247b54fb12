"""Opens the page: what must hold before a port is bound, the program around the page, and the address in the terminal.

Light until something is to be seen: the rooms that take seconds to import are imported behind the splash.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from solar_chat.access import is_loopback
from solar_chat.cli.options import PageOptions, Start
from solar_chat.credentials import checked_owner_password
from solar_chat.desktop.foreign import open_browser
from solar_chat.desktop.instance import Running
from solar_chat.desktop.program import Program, Wishes, open_program
from solar_chat.errors import StartError
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.paths import typed_path

# A second start has brought the first one to the front, or opened its page.
RUNS_ALREADY = 3


def open_page(options: PageOptions, catalogue: Catalogue, lang: InterfaceLanguage, start: Start) -> None:
    """Serve until the person ends it. Raises StartError where it would not be safe or possible to start.

    Exits with 3 where a page of this home is open and will do.
    """
    check_exposure(options)
    if start.program is not None:
        _serve(options, catalogue, lang, start.program)
    else:
        with_program(options, catalogue, lang, start, lambda opened: _serve(options, catalogue, lang, opened))


def with_program(options: PageOptions, catalogue: Catalogue, lang: InterfaceLanguage, start: Start, work: Callable[[Program], None]) -> None:
    """Do `work` as this home's one program, its splash on show; exits with 3 where there is one already."""
    # Who asks for a server of their own knows how to end one, and those who use it may never have its page open here.
    by_itself = start.clicked and not options.needs_own_server
    wishes = Wishes(options.open_browser, options.window, beside=options.needs_own_server, by_itself=by_itself, lang=options.lang)
    with open_program(options.home, catalogue, lang, wishes) as opened:
        if isinstance(opened, Running):
            if not opened.window and options.open_browser:
                open_browser(opened.url)
            print(catalogue.tr(lang, "cli.runs_already", url=opened.url), file=sys.stderr)
            sys.exit(RUNS_ALREADY)
        opened.run(lambda: work(opened), start.explain)


def _serve(options: PageOptions, catalogue: Catalogue, lang: InterfaceLanguage, program: Program) -> None:
    # Importing the rest takes seconds, and the splash is to be seen meanwhile.
    from solar_chat.cli.serving import serve_page

    model = options.model
    if model is not None and typed_path(model).exists():
        model = str(typed_path(model).absolute())
    # Where the program was started from may vanish under it, is System32 from a shortcut and / from a Mac's Finder.
    os.chdir(options.home.create().data)
    serve_page(options, model, catalogue, lang, program)


def check_exposure(options: PageOptions) -> None:
    """Whoever can reach the page can use this machine: off this computer only with a password, or where that is meant."""
    if options.public and options.password is not None:
        raise StartError("public_and_password")
    if options.password is not None and not options.password.strip():
        raise StartError("password_empty")
    if options.owner_password is not None:
        checked_owner_password(options.owner_password, options.password)
    if options.public or options.password is not None:
        return
    if options.share:
        raise StartError("share_needs_password")
    if lets_others_in(options):
        raise StartError("host_needs_password", host=options.host)


def lets_others_in(options: PageOptions) -> bool:
    """Whether people can reach the page who do not sit at this computer."""
    return options.share or not is_loopback(options.host)
