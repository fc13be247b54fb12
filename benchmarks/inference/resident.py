"""Memory of this process, in bytes, as the system counts it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import psutil  # type: ignore[import-untyped]  # ships no types

_STATUS: Final = Path("/proc/self/status")
_LINES: Final = {"VmHWM": "peak", "RssAnon": "anonymous", "RssFile": "mapped"}


def resident_megabytes() -> dict[str, float]:
    """ "peak", "anonymous" and "mapped" (pages of files, which the system may drop) in MB; where there is no /proc all of it as "anonymous"."""
    if not _STATUS.exists():
        return {"anonymous": psutil.Process().memory_info().rss / 1e6}
    found = dict(line.split(":", 1) for line in _STATUS.read_text(encoding="ascii").splitlines())
    return {name: int(found[line].split()[0]) * 1024 / 1e6 for line, name in _LINES.items()}
