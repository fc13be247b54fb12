"""The folders of transformers that go into a bundle: what the engine loads, and what those import."""

from __future__ import annotations

from pathlib import Path

import pytest

from bundling.model_code import models_folder, neighbours, reachable, unreachable
from solar_chat.engine.checkpoint import ARCHITECTURES


def test_every_architecture_is_in_and_most_others_are_not() -> None:
    kept = reachable(models_folder(), ARCHITECTURES)
    assert set(ARCHITECTURES) <= kept
    assert "auto" in kept
    assert len(unreachable(models_folder(), ARCHITECTURES)) > 400
    assert not kept & set(unreachable(models_folder(), ARCHITECTURES))


def test_what_a_folder_imports_comes_along(tmp_path: Path) -> None:
    sources = {
        "wanted": "from ..near.modeling_near import Near\nfrom ...utils import logging\n",
        "near": "def late():\n    from .. import far\n",
        "far": "",
        "other": "from ..wanted.modeling_wanted import Wanted\n",
        "auto": "",
    }
    for name, source in sources.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
        (tmp_path / name / f"modeling_{name}.py").write_text(source, encoding="utf-8")
    assert reachable(tmp_path, ["wanted"]) == {"wanted", "near", "far", "auto"}
    assert unreachable(tmp_path, ["wanted"]) == ("other",)


@pytest.mark.parametrize("name", ["modular_wanted.py", "convert_wanted_to_hf.py"])
def test_generators_of_code_are_not_followed(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("from ..other.modeling_other import Other\n", encoding="utf-8")
    assert list(neighbours(tmp_path)) == []
