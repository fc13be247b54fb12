"""The hub that these tests download from, and where to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.models.downloading import GOOD
from tests.models.hub import StandInHub, running


@pytest.fixture
def hub() -> Iterator[StandInHub]:
    with running() as site:
        yield site


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "모델"


@pytest.fixture
def site(hub: StandInHub) -> StandInHub:
    hub.offer("me/model", GOOD, license="apache-2.0")
    return hub
