"""An assistant on a temporary home whose model says what the test tells it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from solar_chat.assistant import Assistant
from solar_chat.conversation import Store
from solar_chat.engine import Engine, ScriptedBackend
from solar_chat.i18n import Catalogue
from solar_chat.paths import Home
from solar_chat.settings import SettingsFile


@pytest.fixture
def backend() -> ScriptedBackend:
    return ScriptedBackend(context_tokens=400)


@pytest.fixture
def assistant(tmp_path: Path, backend: ScriptedBackend) -> Iterator[Assistant]:
    home = Home.find(tmp_path).create()
    engine = Engine()
    engine.load(lambda: backend)
    settings = SettingsFile(home.settings)
    # The words of the assertions are Korean, whatever language the machine speaks.
    settings.update(interface_language="ko")
    with Assistant(home, settings, Store(home.history), Catalogue.load(), engine) as made:
        yield made
