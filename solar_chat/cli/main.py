"""Start and end of the program: streams, language, exit codes, the log for what nobody foresaw."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from solar_chat.access import is_space
from solar_chat.cli.options import PageOptions, Start
from solar_chat.desktop.shown import Shown
from solar_chat.desktop.streams import has_terminal, repair_streams
from solar_chat.errors import SolarChatError
from solar_chat.i18n import Catalogue, InterfaceLanguage, system_language
from solar_chat.paths import Home

_BAD_USAGE = 2


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the program and exit: 0, 1 (an error a person can mend, in one line on stderr), 2 (bad usage), 3 (it runs already)."""
    arguments = sys.argv[1:] if arguments is None else arguments
    _leave_vanished_folder()
    try:
        home = _home(arguments)
    except SolarChatError as error:
        sys.exit(_complain(Catalogue.load().describe(error, _language(arguments))))
    # A click brings no streams, or on Linux some that nobody sees, and no arguments; a script that asks a bundle something brings those.
    clicked = repair_streams(home.console) or (bool(getattr(sys, "frozen", False)) and not arguments and not has_terminal())
    catalogue = Catalogue.load()
    lang = _language(arguments)

    def explain(error: Exception) -> str:
        if isinstance(error, SolarChatError):
            return catalogue.describe(error, lang)
        from solar_chat.desktop.log import log_crash

        log = home.log if log_crash(home.log, error) else "-"
        return catalogue.tr(lang, "error.unexpected", reason=f"{type(error).__name__}: {error}", log=log)

    def run(start: Start) -> None:
        # Takes a while to import, the page seconds; a click is to show something first.
        import click

        from solar_chat.cli.commands import build
        from solar_chat.cli.usage import usage_sentence

        program = "solar-chat" if getattr(sys, "frozen", False) else "python app.py"
        try:
            # Otherwise click would say what is wrong, in English.
            sys.exit(build(catalogue, lang, start).main(arguments, prog_name=program, standalone_mode=False))
        except click.UsageError as error:
            print(usage_sentence(error, program, catalogue, lang), file=sys.stderr)
            sys.exit(_BAD_USAGE)
        except click.Abort:
            # Ctrl+C at a question.
            sys.exit(1)

    start = Start(explain, clicked)
    code = 0
    try:
        if arguments or is_space():
            run(start)
        else:
            from solar_chat.cli.page import with_program

            # A click brings no arguments, so what will be asked for is known.
            with_program(PageOptions(home), catalogue, lang, start, lambda program: run(replace(start, program=program)))
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BrokenPipeError:
        # The reader has gone (`| head`). Python would complain once more while flushing at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except Shown as shown:
        code = _complain(shown.sentence)
    except Exception as error:
        sentence = explain(error)
        code = _complain(sentence)
        if clicked:
            from solar_chat.desktop.foreign import show_message

            show_message(catalogue.tr(lang, "splash.failed"), sentence)
    if clicked or "webview" in sys.modules:
        import logging

        # Everything is cleaned up; threads of libraries must not keep a program alive whose window is closed.
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _complain(sentence: str) -> int:
    print(" ".join(sentence.split()), file=sys.stderr)
    return 1


def _leave_vanished_folder() -> None:
    """A folder that was deleted under the program is none to stand in: libraries ask for it, and MKL ends the process over it."""
    try:
        os.getcwd()
    except OSError:
        os.chdir(Path(sys.executable).anchor)


def _home(arguments: list[str]) -> Home:
    """`--home` where given, before the arguments are parsed: the log of what goes wrong until then lies there too."""
    given = _option(arguments, "--home")
    return Home.find(Path(given) if given else None)


def _option(arguments: list[str], name: str) -> str | None:
    """The value of the option `name`, the last one as click has it."""
    for argument, following in zip(reversed(arguments), [None, *reversed(arguments)], strict=False):
        if argument == name:
            return following
        if argument.startswith(f"{name}="):
            return argument.removeprefix(f"{name}=")
    return None


def _language(arguments: list[str]) -> InterfaceLanguage:
    """`--lang` where given, else the system's: needed before the arguments are parsed, for `--help` itself."""
    given = _option(arguments, "--lang")
    if given == "ko":
        return "ko"
    return "en" if given == "en" else system_language()
