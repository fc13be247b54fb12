"""Tiny real checkpoints of each architecture, made on the spot by transformers itself."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.upscale.architectures import ARCHITECTURES, SIZES, Make


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {"": tmp_path_factory.mktemp("architectures")}


@pytest.fixture
def checkpoint_of(_made: dict[str, Path], tmp_path: Path) -> Make:
    """A copy, which a test may damage, of a random model of the named architecture in float32."""

    def make(name: str) -> Path:
        if name not in _made:
            import torch
            import transformers

            torch.manual_seed(0)
            kind, special = ARCHITECTURES[name]
            model = transformers.AutoModelForCausalLM.from_config(getattr(transformers, kind)(**{**SIZES, **special}))
            # Biases start as zeros, which would hide that they count.
            for parameter in model.parameters():
                if parameter.dim() == 1:
                    torch.nn.init.normal_(parameter, mean=0.5, std=0.2)
            model.save_pretrained(_made[""] / name)
            (_made[""] / name / "tokenizer.json").write_text('{"version": "1.0"}', encoding="utf-8")
            _made[name] = _made[""] / name
        return Path(shutil.copytree(_made[name], tmp_path / name))

    return make
