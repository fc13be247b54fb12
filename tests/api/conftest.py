"""A real server on a free port and the real `openai` client; the model says what a test tells it, or is the one in the box."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from solar_chat.api import ApiOptions
from solar_chat.engine import ScriptedBackend
from tests.api.house import House, opened


@pytest.fixture
def backend() -> ScriptedBackend:
    return ScriptedBackend(context_tokens=400, default=["안녕", "하세요", "."])


@pytest.fixture
def house(tmp_path: Path, backend: ScriptedBackend) -> Iterator[House]:
    """Everybody on this computer may ask."""
    with opened(tmp_path, ApiOptions(), backend) as house:
        yield house


@pytest.fixture
def client(house: House) -> Iterator[openai.OpenAI]:
    with house.client() as client:
        yield client


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The model in the box."""
    with opened(tmp_path_factory.mktemp("box"), ApiOptions()) as house:
        yield house
