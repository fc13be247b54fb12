"""The models that a person has put beside the catalogue: repositories, folders, GGUF files and models on servers, by the name that was typed.

A text file with one name a line: nothing in it can be broken, and no name holds a secret (`remote.py` refuses those). Whether a model is still where
its name says is asked when it is listed, not here.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from solar_chat.errors import SolarChatError


class AddedModels:
    """The list, read anew each time: a second program may write it too. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._guard = threading.Lock()

    def names(self) -> tuple[str, ...]:
        """In the order in which they came; none where the file is missing or cannot be read."""
        try:
            return self._read("replace")
        except OSError:
            return ()

    def add(self, name: str) -> None:
        """Raises SolarChatError `settings_unwritable`, also where the list is there and cannot be read: then nothing was written."""
        with self._changing():
            self._write((*self._read(), name))

    def remove(self, name: str) -> None:
        """Take `name` off the list; the model itself stays where it is. Raises as `add` does."""
        with self._changing():
            self._write(tuple(each for each in self._read() if each != name))

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        with self._guard:
            try:
                yield
            except OSError as error:
                raise SolarChatError("settings_unwritable", path=self._path, reason=error.strerror or str(error)) from error
            except UnicodeDecodeError as error:
                raise SolarChatError("settings_unwritable", path=self._path, reason="UTF-8") from error

    def _read(self, errors: str = "strict") -> tuple[str, ...]:
        try:
            lines = self._path.read_text(encoding="utf-8-sig", errors=errors).splitlines()
        except FileNotFoundError:
            return ()
        return tuple(dict.fromkeys(line.strip() for line in lines if line.strip()))

    def _write(self, names: tuple[str, ...]) -> None:
        new = self._path.with_suffix(".new")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new.write_text("".join(f"{name}\n" for name in dict.fromkeys(names)), encoding="utf-8", newline="\n")
        os.replace(new, self._path)
