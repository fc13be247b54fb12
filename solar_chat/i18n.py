"""Every sentence a person reads, in Korean and English, from locales/*.json.

Both catalogues have the same keys with the same parameters (a test keeps them so); Korean particles after a variable are format specs:
`{model:을}` is the value followed by 을 or 를, whichever it takes. Nothing is kept at module level: the catalogue is made
once, where the program is put together, and handed down.
"""

from __future__ import annotations

import json
import locale
import os
import re
import string
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from solar_chat import paths
from solar_chat.errors import SolarChatError, StartError
from solar_chat.josa import josa

InterfaceLanguage = Literal["ko", "en"]
INTERFACE_LANGUAGES: tuple[InterfaceLanguage, ...] = get_args(InterfaceLanguage)

# No format spec of Python's own is Hangul syllables alone.
_PARTICLE = re.compile("[\uac00-\ud7a3]+")
# Windows' primary language id of Korean, winnt.h LANG_KOREAN.
_LANG_KOREAN = 0x12


class _Formatter(string.Formatter):
    """`str.format`, and particles as format specs."""

    def format_field(self, value: object, format_spec: str) -> str:
        if _PARTICLE.fullmatch(format_spec):
            word = str(value)
            return word + josa(word, format_spec)
        return str(super().format_field(value, format_spec))


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The sentences of both languages, by key."""

    sentences: Mapping[InterfaceLanguage, Mapping[str, str]]

    @classmethod
    def load(cls, folder: Path = paths.LOCALES) -> Catalogue:
        """Read ko.json and en.json. Raises StartError `locales_broken` (path, reason) where one is missing or no flat object of strings."""
        return cls({language: _read(folder / f"{language}.json") for language in INTERFACE_LANGUAGES})

    def tr(self, lang: InterfaceLanguage, key: str, /, **params: object) -> str:
        """The sentence `key` in `lang`, else in English, with `params` filled in. Raises KeyError for an unknown key or a missing parameter."""
        sentence = self.sentences[lang].get(key)
        return _Formatter().vformat(self.sentences["en"][key] if sentence is None else sentence, (), params)

    def describe(self, error: SolarChatError, lang: InterfaceLanguage) -> str:
        """What to tell a person about `error`: its sentence `error.<key>`."""
        return self.tr(lang, f"error.{error.key}", **error.params)


def system_language(environment: Mapping[str, str] = os.environ) -> InterfaceLanguage:
    """The language the person's system speaks: Korean if it says so, else English.

    The POSIX variables decide in POSIX order (LC_ALL, LC_MESSAGES, LANG; the first that is set), then Windows' display language, then the
    locale of the process.
    """
    name = next((value for variable in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := environment.get(variable))), None)
    if name is None and sys.platform == "win32":
        import ctypes

        return "ko" if ctypes.windll.kernel32.GetUserDefaultUILanguage() & 0x3FF == _LANG_KOREAN else "en"
    name = name or locale.getlocale()[0] or ""
    return "ko" if re.match(r"ko(?![a-z])|korean", name.lower()) else "en"


def _read(file: Path) -> Mapping[str, str]:
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise StartError("locales_broken", path=file, reason=error.strerror or str(error)) from error
    except ValueError as error:
        raise StartError("locales_broken", path=file, reason=str(error)) from error
    if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
        raise StartError("locales_broken", path=file, reason="not a flat object of strings")
    return data
