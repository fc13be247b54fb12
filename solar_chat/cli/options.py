"""How this process was started and what was asked of the page: values, which every command may know without the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from solar_chat.access import is_loopback
from solar_chat.i18n import InterfaceLanguage
from solar_chat.paths import Home

if TYPE_CHECKING:
    from solar_chat.desktop.program import Program

# What a Space's owner sets in place of `--model`.
MODEL_VARIABLE = "SOLAR_CHAT_MODEL"


@dataclass(frozen=True, slots=True)
class PageOptions:
    """What the command line asked for; `port` None takes the first free one."""

    home: Home
    share: bool = False
    host: str = "127.0.0.1"
    port: int | None = None
    password: str | None = None
    public: bool = False
    owner_password: str | None = None
    api_key: str | None = None
    open_browser: bool = True
    window: bool | None = None
    model: str | None = None
    lang: InterfaceLanguage | None = None

    @property
    def needs_own_server(self) -> bool:
        """Whether a page that is open already cannot be what was asked for."""
        asked = (self.port, self.password, self.owner_password, self.api_key, self.model)
        return self.share or self.public or not is_loopback(self.host) or any(each is not None for each in asked)


@dataclass(frozen=True, slots=True)
class Start:
    """How this process was started."""

    explain: Callable[[Exception], str]
    """What to tell the person about an error; logs one that nobody foresaw."""
    clicked: bool = False
    """Nobody sees what is printed, and nobody can press Ctrl+C."""
    program: Program | None = None
    """Already there where no arguments were given."""
