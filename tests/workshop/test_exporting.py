"""What is said of an exported model: the command for Ollama is one that the shell of the system understands."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from solar_chat.export import Exported
from solar_chat.i18n import Catalogue
from solar_chat.models import resolve
from solar_chat.workshop.exporting import report


@pytest.mark.parametrize(
    ("platform", "command"),
    [
        ("linux", "ollama create 'r&d 1' -f 'my Modelfile'"),
        ("win32", 'ollama create "r&d 1" -f "my Modelfile"'),
    ],
)
def test_the_command_for_ollama(platform: str, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    made = Exported(Path("R&D 1.gguf"), Path("my Modelfile"), 1, 1, 1)
    assert list(report(made, resolve("starter"), Catalogue.load(), "en"))[-1] == f"For Ollama: {command}"
