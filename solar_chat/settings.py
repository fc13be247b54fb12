"""What a person can choose, as one documented type, and the JSON file that keeps it.

A value outside its documented range never gets into `Settings` through this module: files and changes are checked by the same rules. A file that
cannot be understood is kept aside, never overwritten. Command-line options, conversations and models are not settings.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args, get_type_hints

from solar_chat.errors import InputError, SolarChatError
from solar_chat.levels import Level

LanguageChoice = Literal["auto", "ko", "en"]
Theme = Literal["system", "light", "dark"]
ReplyChoice = Literal["follow", "ko", "en"]
GuardMode = Literal["off", "mark", "keep"]


@dataclass(frozen=True, slots=True)
class _Range:
    """Allowed numbers, from `low` to `high`; `above` leaves `low` itself out."""

    low: float
    high: float
    above: bool = False

    def __contains__(self, value: float) -> bool:
        # NaN is in no range: every comparison with it is false.
        return (self.low < value if self.above else self.low <= value) and value <= self.high

    def __str__(self) -> str:
        return f"> {self.low}, ≤ {self.high}" if self.above else f"{self.low} – {self.high}"


def _number(default: Any, low: float, high: float, above: bool = False) -> Any:
    return field(default=default, metadata={"range": _Range(low, high, above)})


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a person can choose for the whole app."""

    interface_language: LanguageChoice = "auto"
    """Language of the page and the command line; `auto` follows the browser or the system."""
    theme: Theme = "system"
    """Light or dark page; `system` follows the browser."""
    level: Level = "formal"
    """Speech level of Korean replies where neither the message nor the conversation asks for another."""
    reply_language: ReplyChoice = "follow"
    """Language of replies; `follow` answers in the language of the message."""
    guard: GuardMode = "keep"
    """What happens to a sentence that leaves its speech level: nothing (`off`), a mark (`mark`), or a repair (`keep`)."""
    model: str = "starter"
    """The model to load: `starter` (in the box), a repository id, a folder or a file."""
    temperature: float = _number(0.3, 0, 2)
    """Randomness of the choice of tokens, 0 to 2; 0 always takes the likeliest."""
    top_p: float = _number(0.9, 0, 1, above=True)
    """Only the likeliest tokens that together have this probability are drawn from; above 0, up to 1 (all)."""
    repetition_penalty: float = _number(1.05, 1, 2)
    """Divides the score of tokens already used, 1 (off) to 2."""
    max_reply_tokens: int = _number(512, 16, 4096)
    """Longest reply in tokens, 16 to 4096."""
    seed: int | None = _number(None, 0, 2**32 - 1)
    """Makes replies repeatable, 0 to 4294967295; None draws a fresh one each time."""

    def changed(self, **changes: object) -> Settings:
        """A copy with `changes`. Raises InputError `setting_unknown` (name, allowed) or `setting_invalid` (name, value, allowed)."""
        return replace(self, **{name: _checked(name, value) for name, value in changes.items()})


class SettingsFile:
    """`settings.json`: read leniently, changed one value at a time, replaced as a whole.

    Safe to use from several threads. Keys this version does not know are kept, so that going back to an older version loses nothing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problem: SolarChatError | None = None
        """What was wrong with the file when it was last read badly; stays, so that a page opened later can still say it."""
        self._lock = threading.RLock()

    def load(self) -> Settings:
        """The saved settings; the defaults where there is no file or it cannot be used (then `problem` says why)."""
        with self._lock:
            try:
                return _parsed(self._read())
            except OSError as error:
                self.problem = SolarChatError("settings_unreadable", path=self.path, reason=error.strerror or str(error))
            except (ValueError, RecursionError, InputError) as error:
                self._keep_aside(error)
            return Settings()

    def glance(self) -> Settings:
        """As `load`, but what is wrong with the file is left for the one that will report it."""
        with self._lock:
            try:
                return _parsed(self._read())
            except (OSError, ValueError, RecursionError, InputError):
                return Settings()

    def save(self, settings: Settings) -> None:
        """Replace the file; what was there before survives any failure. Raises SolarChatError `settings_unwritable` (path, reason)."""
        with self._lock:
            try:
                known = {each.name for each in fields(Settings)}
                kept = {name: value for name, value in self._read().items() if name not in known}
            except (OSError, ValueError, RecursionError):
                # Nothing that can be kept; `load` is what reports and sets aside.
                kept = {}
            try:
                self._write(json.dumps({**asdict(settings), **kept}, ensure_ascii=False, indent=2) + "\n")
            except OSError as error:
                raise SolarChatError("settings_unwritable", path=self.path, reason=error.strerror or str(error)) from error

    def update(self, **changes: object) -> Settings:
        """Change some values of the file and return all of them. Raises what `Settings.changed` and `save` raise; then nothing was written."""
        with self._lock:
            settings = self.load().changed(**changes)
            self.save(settings)
            return settings

    def _read(self) -> dict[str, object]:
        try:
            # Windows editors put a BOM in front; utf-8-sig reads both.
            text = self.path.read_text(encoding="utf-8-sig")
        except FileNotFoundError:
            return {}
        data = json.loads(text)
        if not isinstance(data, dict):
            raise ValueError("not a JSON object")
        return data

    def _write(self, text: str) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f"{self.path.stem}.", suffix=".tmp", dir=self.path.parent)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self.path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def _keep_aside(self, error: Exception) -> None:
        number = 1
        while (aside := self.path.with_name(f"{self.path.stem}.broken-{number}{self.path.suffix}")).exists():
            number += 1
        try:
            os.replace(self.path, aside)
        except OSError as failure:
            self.problem = SolarChatError("settings_unreadable", path=self.path, reason=failure.strerror or str(failure))
        else:
            self.problem = SolarChatError("settings_broken", path=aside, reason=str(error))


class SettingsCopy:
    """Settings that end with the process: for somebody who is not at home here. Speaks the interface of `SettingsFile`."""

    problem: SolarChatError | None = None

    def __init__(self, settings: Settings, changeable: Collection[str]) -> None:
        self._settings = settings
        self._changeable = changeable

    def load(self) -> Settings:
        return self._settings

    def update(self, **changes: object) -> Settings:
        """Raises InputError as `Settings.changed` does, `setting_unknown` for what is not theirs to change."""
        for name in changes:
            if name not in self._changeable:
                raise InputError("setting_unknown", name=name, allowed=", ".join(sorted(self._changeable)))
        self._settings = self._settings.changed(**changes)
        return self._settings


def _parsed(data: Mapping[str, object]) -> Settings:
    return Settings().changed(**{each.name: data[each.name] for each in fields(Settings) if each.name in data})


def _checked(name: str, value: object) -> Any:
    """`value` as the field `name` holds it. Raises InputError where it may not."""
    hints = get_type_hints(Settings)
    if name not in hints:
        raise InputError("setting_unknown", name=name, allowed=", ".join(hints))
    hint = hints[name]
    allowed: _Range | None = next(each for each in fields(Settings) if each.name == name).metadata.get("range")
    if allowed is None:
        if hint is str:
            if isinstance(value, str) and value.strip():
                return value.strip()
            raise InputError("setting_invalid", name=name, value=value, allowed="starter, owner/name, /path")
        if isinstance(value, str) and value in get_args(hint):
            return value
        raise InputError("setting_invalid", name=name, value=value, allowed=", ".join(get_args(hint)))
    optional = type(None) in get_args(hint)
    if value is None and optional:
        return None
    # bool is an int to Python and a mistake here; a whole number in a float's clothes (512.0 from a slider) is what it says.
    if isinstance(value, int | float) and not isinstance(value, bool) and value in allowed:
        if hint is float:
            return float(value)
        if int(value) == value:
            return int(value)
    raise InputError("setting_invalid", name=name, value=value, allowed=f"{allowed}, null" if optional else str(allowed))
