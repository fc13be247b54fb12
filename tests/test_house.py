"""The plan of the house against the house: floors, what lives where, and the README's promises."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "solar_chat"
# Library → the rooms that may mention it.
ROOMS = {
    "gradio": {"ui"},
    "torch": {"engine", "hardware.py", "upscale"},
    "transformers": {"engine"},
    "kiwipiepy": {"language"},
    "langdetect": {"language"},
    "sqlite3": {"conversation"},
    "huggingface_hub": {"models"},
    "openai": {"engine"},
    "keyring": {"keys.py"},
    "click": {"cli"},
    "fastapi": {"api"},
    "uvicorn": {"api"},
    "webview": {"desktop"},
}


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for file in sorted(PACKAGE.rglob("*.py")):
        yield file.relative_to(PACKAGE), ast.parse(file.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


def test_imports_only_go_down() -> None:
    command = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports())"
    done = subprocess.run([sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("library", sorted(ROOMS))
def test_a_library_stays_in_its_rooms(library: str) -> None:
    found = {file.parts[0] for file, tree in modules() if library in imported(tree)}
    assert found
    assert found <= ROOMS[library]


def test_only_the_command_line_prints() -> None:
    def prints(tree: ast.Module) -> bool:
        return any(isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print" for node in ast.walk(tree))

    assert {file.parts[0] for file, tree in modules() if prints(tree)} == {"cli"}


def test_every_module_says_what_it_is_for() -> None:
    silent = [str(file) for file, tree in modules() if len(ast.get_docstring(tree) or "") < 30]
    assert silent == []


def test_the_readme_names_every_room_and_every_command() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    tree = readme[readme.index("app.py                 ") :]
    for room in PACKAGE.iterdir():
        if room.suffix == ".py" and room.stem != "__init__":
            assert room.name in tree
        elif room.is_dir() and room.name != "__pycache__":
            assert f"  {room.name}/" in tree
    shown = subprocess.run(
        [sys.executable, "app.py", "--lang", "en", "--help"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    ).stdout
    options = re.findall(r"\[(--[a-z-]+)", next(line for line in readme.splitlines() if line.startswith("python app.py [")))
    assert len(options) == 10
    assert [option for option in options if option not in shown] == []
    for command in re.findall(r"^python app\.py ([a-z]+)", readme, re.MULTILINE):
        assert re.search(rf"^  {command} ", shown, re.MULTILINE), command
