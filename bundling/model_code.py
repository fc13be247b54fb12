"""The folders of `transformers/models` that the engine can reach: of some 550, one for each architecture it loads and what those import.

Found by following imports in the source, so that a release that moves code between folders brings its new folder along. Imports nothing heavy.
"""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterable, Iterator
from pathlib import Path

# Reached by the tokenizer of a folder that has only a SentencePiece model, and by `from_pretrained` itself.
ALWAYS = ("auto",)


def models_folder() -> Path:
    """Where transformers keeps them, without importing it. Raises ModuleNotFoundError."""
    spec = importlib.util.find_spec("transformers")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("transformers")
    return Path(spec.origin).parent / "models"


def reachable(folder: Path, wanted: Iterable[str]) -> frozenset[str]:
    """`wanted` folders below `folder` and all that they import, directly or not."""
    found: set[str] = set()
    waiting = [*wanted, *ALWAYS]
    while waiting:
        name = waiting.pop()
        if name not in found and (folder / name).is_dir():
            found.add(name)
            waiting += neighbours(folder / name)
    return frozenset(found)


def unreachable(folder: Path, wanted: Iterable[str]) -> tuple[str, ...]:
    """The other folders."""
    kept = reachable(folder, wanted)
    return tuple(sorted(entry.name for entry in folder.iterdir() if (entry / "__init__.py").exists() and entry.name not in kept))


def neighbours(package: Path) -> Iterator[str]:
    """The folders beside `package` that its modules import (`from ..gpt2.modeling_gpt2 import ...`, `from .. import gpt2`)."""
    for file in sorted(package.glob("*.py")):
        # What transformers generates its modelling files from, or converts other people's checkpoints with; neither is imported.
        if file.name.startswith(("modular_", "convert_")):
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level == 2:
                yield from [node.module.split(".")[0]] if node.module else [alias.name for alias in node.names]
