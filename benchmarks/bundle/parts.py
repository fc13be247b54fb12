"""What is in a built folder, by part, and what the build has left out."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Contents:
    """A built folder, counted. Links count nothing."""

    bytes: int
    files: int
    longest_path: int
    parts: dict[str, int]
    """Name → bytes, largest first; a part is what lies directly in the folder of contents."""
    left_out: dict[str, int]
    """Why → bytes, largest first."""


def count(bundle: Path) -> Contents:
    parts: Counter[str] = Counter()
    longest = files = 0
    for path in bundle.rglob("*"):
        longest = max(longest, len(str(path.relative_to(bundle))))
        if path.is_symlink() or not path.is_file():
            continue
        files += 1
        inside = path.relative_to(bundle).parts
        parts[inside[min(1, len(inside) - 1)]] += path.stat().st_size
    record = bundle.with_name(f"{bundle.name}-left-out.json")
    left_out: dict[str, int] = json.loads(record.read_text(encoding="utf-8")) if record.is_file() else {}
    return Contents(parts.total(), files, longest, dict(parts.most_common()), left_out)
