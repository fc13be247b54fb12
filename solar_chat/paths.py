"""Every path the app reads or writes.

Nothing else joins paths or asks the environment where something lives. `SOLAR_CHAT_HOME` (or `--home`) moves everything under one folder;
without it the platform's own folders are used. Asking for a path creates nothing; `Home.create` does.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from solar_chat.errors import InputError, StartError

APP_NAME = "SolarChat"
HUGGING_FACE = "https://huggingface.co"

# A PyInstaller bundle unpacks its data under sys._MEIPASS; a checkout keeps it beside the package.
_RESOURCES = Path(getattr(sys, "_MEIPASS", Path(__file__).resolve().parent.parent))
ASSETS = _RESOURCES / "assets"
LOCALES = _RESOURCES / "locales"
STARTER_MODEL = ASSETS / "models" / "starter"
ICON = ASSETS / "icon.svg"
ICON_BITMAP = ASSETS / "icon.png"
RELEASES = ASSETS / "releases.txt"
FONT = ASSETS / "page" / "AppKR-Regular.woff2"
SAMPLE_TEXT = ASSETS / "sample.txt"
REGISTER_MODEL = ASSETS / "register" / "model.npz"
RESOURCES = (
    FONT,
    SAMPLE_TEXT,
    REGISTER_MODEL,
    *(STARTER_MODEL / name for name in ("config.json", "model.safetensors", "tokenizer.json", "solar_chat.json")),
    *(ASSETS / "page" / name for name in ("AppKR-Bold.woff2", "page.css", "page.js", "marks.js", "shortcuts.js")),
    ICON,
    ICON_BITMAP,
    LOCALES / "ko.json",
    LOCALES / "en.json",
)
"""Files without which some part of the app would not work."""
# Of a path that is too long, as much as fits a line.
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Home:
    """The folders of one installation."""

    data: Path
    """Conversations and what must not be lost."""
    config: Path
    """Settings."""
    cache: Path
    """Downloads and quantized copies: may be deleted at any time."""
    logs: Path
    bucket: Path | None = None
    """What outlives this machine where the machine itself does not last; None where nothing of that kind is mounted."""

    @classmethod
    def find(cls, override: Path | None = None) -> Home:
        """The folders to use: `override`, else `SOLAR_CHAT_HOME`, else the platform's. Raises InputError as `typed_path` does."""
        root = override or (Path(env) if (env := os.environ.get("SOLAR_CHAT_HOME")) else None)
        if root is not None:
            root = typed_path(root).absolute()
            return cls(root / "data", root / "config", root / "cache", root / "logs")
        dirs = platformdirs.PlatformDirs(APP_NAME, appauthor=False)
        return cls(dirs.user_data_path, dirs.user_config_path, dirs.user_cache_path, dirs.user_log_path)

    @property
    def history(self) -> Path:
        """The SQLite file of all conversations."""
        return self.data / "conversations.sqlite3"

    @property
    def settings(self) -> Path:
        return self.config / "settings.json"

    @property
    def added(self) -> Path:
        """The names of models that a person has put beside the catalogue."""
        return self.config / "models.txt"

    @property
    def api_key(self) -> Path:
        """The key that programs on other computers must bring; made at the first need."""
        return self.data / "api-key"

    @property
    def models(self) -> Path:
        """Where models fetched from a hub are kept."""
        return self.cache / "models"

    @property
    def built(self) -> Path:
        """Where models that a person has made are kept: no hub could give them again."""
        return self.data / "models"

    @property
    def visits(self) -> Path:
        """What visitors say while they are here; emptied at every start."""
        return self.cache / "visits"

    @property
    def kept_visits(self) -> Path | None:
        """Copies of it that outlive this machine."""
        return None if self.bucket is None else self.bucket / "visits"

    @property
    def uploads(self) -> Path:
        """Where the page keeps what it serves as files."""
        return self.cache / "gradio"

    @property
    def log(self) -> Path:
        """What went wrong, for a report; rotated."""
        return self.logs / "solar-chat.log"

    @property
    def console(self) -> Path:
        """What libraries print where there is no terminal, and where a crash below Python writes its stack."""
        return self.logs / "console.log"

    @property
    def instance(self) -> Path:
        """Address of the program that is running, for a second start; the lock beside it says whether it still runs."""
        return self.data / "instance.json"

    @property
    def window(self) -> Path:
        """Size and place of the window as it was closed."""
        return self.config / "window.json"

    @property
    def window_storage(self) -> Path:
        """What the window's own browser keeps."""
        return self.cache / "window"

    def create(self) -> Home:
        """Make the folders. Raises StartError `home_unwritable` where that is not possible."""
        for folder in (self.data, self.config, self.cache, self.logs):
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StartError("home_unwritable", path=folder, reason=error.strerror or str(error)) from error
            if not os.access(folder, os.W_OK):
                raise StartError("home_unwritable", path=folder, reason="read-only")
        return self

    def as_dict(self) -> dict[str, str]:
        """Name → path, for `paths` and `doctor`."""
        return {
            "data": str(self.data),
            "config": str(self.config),
            "cache": str(self.cache),
            "logs": str(self.logs),
            "history": str(self.history),
            "settings": str(self.settings),
            "models": str(self.models),
            "api_key": str(self.api_key),
            "log": str(self.log),
            "assets": str(ASSETS),
        }


def typed_path(text: str | Path) -> Path:
    """The path that a person typed, with their home for ~; whether something is there is for the caller to ask.

    Raises InputError `path_unusable` where nothing can be: ~ is nobody's home, a name is longer than a file's may be, a folder on the way is closed.
    """
    shown = str(text)[:_SHOWN]
    try:
        path = Path(text).expanduser()
        path.exists()
    except OSError as error:
        raise InputError("path_unusable", path=shown, reason=error.strerror or str(error)) from error
    except RuntimeError as error:
        raise InputError("path_unusable", path=shown, reason=str(error)) from error
    return path


def hub_endpoint(environment: Mapping[str, str] = os.environ) -> str:
    """Where models are downloaded from: Hugging Face, or the mirror that `HF_ENDPOINT` names."""
    return environment.get("HF_ENDPOINT", "").strip().rstrip("/") or HUGGING_FACE
