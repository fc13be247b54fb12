"""Whether there is a newer version, asked only when a person asks.

Where releases are published is data of the distribution (`assets/releases.txt`, empty in the sources): whoever publishes the app writes the address
of the newest release as JSON there, in the form of the hosting sites (`tag_name`, `html_url`). Without one there is nothing to ask. Nothing is sent
but the request, and nothing is downloaded or installed.
"""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from solar_chat import __version__
from solar_chat.errors import SolarChatError
from solar_chat.paths import RELEASES

_PATIENCE_S = 10.0
_MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Release:
    """The newest published version."""

    version: str
    page: str
    """Where to read about it and get it."""
    newer: bool


def release_address(file: Path = RELEASES) -> str | None:
    """Where to ask; None where nobody has published this app."""
    try:
        lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
    except OSError:
        return None
    return next((line for line in lines if line and not line.startswith("#")), None)


def newest_release(address: str, current: str = __version__) -> Release:
    """Ask `address`. Raises SolarChatError `update_unreachable` (url, reason) or `update_unclear` (url)."""
    request = urllib.request.Request(address, headers={"Accept": "application/json", "User-Agent": "SolarChat"})
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE_S) as answer:
            found = json.loads(answer.read(_MOST_BYTES))
        version, page = str(found["tag_name"]).removeprefix("v"), str(found["html_url"])
    except (urllib.error.URLError, TimeoutError, OSError) as error:
        reason = getattr(error, "reason", None) or error
        raise SolarChatError("update_unreachable", url=address, reason=reason) from error
    except (ValueError, KeyError, TypeError) as error:
        raise SolarChatError("update_unclear", url=address) from error
    if not _parts(version) or urlsplit(page).scheme != "https":
        raise SolarChatError("update_unclear", url=address)
    return Release(version, page, _parts(version) > _parts(current))


def _parts(version: str) -> tuple[int, ...]:
    """ "1.10.0" as numbers; what follows them (rc1, dev) does not count."""
    found = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(part) for part in found[0].split(".")) if found else ()
