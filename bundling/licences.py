"""The terms of every distribution in a bundle as one file: beside each package they would be hundreds, in the longest paths of the folder."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterable

_TERMS = re.compile(r"(^|/)(licen[cs]es?|copying|notice|authors)([.\-_/][^/]*)?$|\.dist-info/licen[cs]es/", re.IGNORECASE)


def distributions_of(modules: Iterable[str]) -> list[str]:
    """The names of the distributions that the top-level `modules` come from."""
    owners = importlib.metadata.packages_distributions()
    return sorted({owner for module in modules for owner in owners.get(module, ())}, key=str.lower)


def terms_of(distributions: Iterable[str]) -> str:
    """Name, version, declared licence and licence texts of each. A text that several share stands there once."""
    parts: list[str] = []
    seen: dict[str, str] = {}
    for name in distributions:
        found = importlib.metadata.distribution(name)
        # Some put a whole licence into the old field; its first line is its name.
        declared = [found.metadata[field].strip() for field in ("License-Expression", "License") if field in found.metadata]
        parts.append(f"{'=' * 100}\n{name} {found.version}\n{next((text.splitlines()[0] for text in declared if text), '')}\n")
        for file in found.files or ():
            if not _TERMS.search(str(file)) or file.suffix in (".py", ".pyc"):
                continue
            path = file.locate()
            text = path.read_text(encoding="utf-8", errors="replace").strip() if path.is_file() else ""  # type: ignore[attr-defined]  # a pathlib.Path
            if text and text not in seen:
                seen[text] = f"{name}: {file.name}"
                parts.append(f"\n--- {file}\n\n{text}\n")
            elif text:
                parts.append(f"\n--- {file}: as {seen[text]}\n")
    return "\n".join(parts)
