"""Start and end of the program: streams, language, exit codes, the log for what nobody foresaw."""

from __future__ import annotations

import logging
import os
import sys
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from typing import NoReturn

from solar_chat.cli.commands import build
from solar_chat.errors import SolarChatError
from solar_chat.i18n import Catalogue, InterfaceLanguage, system_language
from solar_chat.paths import Home

_LOG_BYTES = 2_000_000


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the program and exit: 0, 1 (an error a person can mend, in one line on stderr), 2 (bad usage)."""
    _use_utf8()
    arguments = sys.argv[1:] if arguments is None else arguments
    catalogue = Catalogue.load()
    lang = _language(arguments)
    try:
        build(catalogue, lang)(arguments, prog_name="solar-chat" if getattr(sys, "frozen", False) else "python app.py")
    except SolarChatError as error:
        _complain(catalogue.describe(error, lang))
    except BrokenPipeError:
        # The reader has gone (`| head`). Python would complain once more while flushing at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        _complain(catalogue.tr(lang, "error.unexpected", reason=f"{type(error).__name__}: {error}", log=_log(error)))
    sys.exit(0)


def _complain(sentence: str) -> NoReturn:
    print(" ".join(sentence.split()), file=sys.stderr)
    sys.exit(1)


def _language(arguments: list[str]) -> InterfaceLanguage:
    """`--lang` where given, the last one as typer has it, else the system's: needed before the arguments are parsed, for `--help` itself."""
    for option, following in zip(reversed(arguments), [None, *reversed(arguments)], strict=False):
        value = following if option == "--lang" else option.removeprefix("--lang=") if option.startswith("--lang=") else None
        if value == "ko":
            return "ko"
        if value == "en":
            return "en"
    return system_language()


def _use_utf8() -> None:
    """Korean Windows speaks cp949, and a lone surrogate must not end the program; `\\udc80` is also what JSON writes for one."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _log(error: Exception) -> str:
    """Write the traceback where a report can take it from; the path of the log, or "-" where even that fails."""
    path = Home.find().logs / "solar-chat.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(path, maxBytes=_LOG_BYTES, backupCount=2, encoding="utf-8")
    except OSError:
        return "-"
    logger = logging.getLogger("solar_chat.crash")
    logger.propagate = False
    logger.addHandler(handler)
    logger.error("unexpected error", exc_info=error)
    handler.close()
    return str(path)
