"""The training loop on a toy: schedules, a kill and a resume, and what is exported."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from recipes.starter import train
from recipes.starter.data import Mix, Record, Rows
from recipes.starter.tokenizer import save_tokenizer, train_tokenizer
from recipes.starter.train import Stage, Trainer, export
from recipes.upscale.loop import Schedule
from recipes.upscale.stack import build
from solar_chat.messages import Message
from solar_chat.upscale import Checkpoint, DepthPlan

MIX = Mix(own_share=1.0, english_share=0.0, with_system=1.0, replies_only=True, perturbed=True)
STAGE = Stage("toy", MIX, Schedule(steps=4, rate=1e-2, final_rate=1e-3, warmup_steps=1), seed=3)
RECORDS = [
    Record(f"{source}{level}", "t", source, language, level, (Message("user", "안녕"), Message("assistant", "반갑습니다.")))  # type: ignore[arg-type]
    for source in ("own", "chatbot")
    for language, level in (("ko", "formal"), ("ko", "polite"), ("ko", "casual"), ("ko", "plain"), ("en", None))
]


def _config(layers: int) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=400,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=layers,
        num_attention_heads=2,
        num_key_value_heads=1,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=0,
        pad_token_id=0,
    )


@pytest.fixture(scope="module")
def tokenizer_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tokenizer")
    save_tokenizer(train_tokenizer([turn.content for record in RECORDS for turn in record.turns], 400), folder)
    return folder


def _trainer(work: Path, tokenizer_folder: Path, save_every_s: float = 1000.0) -> Trainer:
    work.mkdir(exist_ok=True)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(tokenizer_folder)
    return Trainer(work, RECORDS, RECORDS, tokenizer, compiled=False, save_every_s=save_every_s)


def test_rate_rises_then_falls_to_its_end() -> None:
    schedule = Schedule(steps=110, rate=1.0, final_rate=0.1, warmup_steps=10)
    assert schedule.learning_rate(0) == pytest.approx(0.1)
    assert schedule.learning_rate(9) == pytest.approx(1.0)
    assert schedule.learning_rate(60) == pytest.approx(0.55)
    assert schedule.learning_rate(110) == pytest.approx(0.1)


def test_a_killed_run_ends_where_an_undisturbed_one_does(tmp_path: Path, tokenizer_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = _trainer(tmp_path / "whole", tokenizer_folder).run(STAGE, _config(2))

    original = train.batch_loss

    def killed(model: LlamaForCausalLM, rows: Rows, first: int) -> torch.Tensor:
        if torch.is_grad_enabled() and first == 2 * train.BATCH_ROWS:
            raise KeyboardInterrupt
        return original(model, rows, first)

    monkeypatch.setattr(train, "batch_loss", killed)
    with pytest.raises(KeyboardInterrupt):
        _trainer(tmp_path / "killed", tokenizer_folder, save_every_s=-1.0).run(STAGE, _config(2))
    monkeypatch.setattr(train, "batch_loss", original)
    resumed = _trainer(tmp_path / "killed", tokenizer_folder).run(STAGE, _config(2))

    one, other = (LlamaForCausalLM.from_pretrained(folder).state_dict() for folder in (whole, resumed))
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert not (tmp_path / "killed" / "toy.pt").exists()


def test_a_finished_stage_is_not_run_again(tmp_path: Path, tokenizer_folder: Path) -> None:
    trainer = _trainer(tmp_path, tokenizer_folder)
    result = trainer.run(STAGE, _config(2))
    before = (result / "model.safetensors").stat().st_mtime_ns
    assert trainer.run(STAGE, _config(2)) == result
    assert (result / "model.safetensors").stat().st_mtime_ns == before


def test_the_stack_and_what_is_exported(tmp_path: Path, tokenizer_folder: Path) -> None:
    LlamaForCausalLM(_config(train.BASE_LAYERS)).save_pretrained(tmp_path / "base")
    stacked = build(tmp_path / "base", DepthPlan.solar(train.BASE_LAYERS, train.DROP), tmp_path / "stacked")
    assert Checkpoint.read(stacked).layers == 12
    out = tmp_path / "out"
    export(stacked, tokenizer_folder, out)
    weights = out / "model.safetensors"
    assert {tensor.dtype for tensor in Checkpoint.read(out).tensors.values()} == {"BF16"}
    assert stat.S_IMODE(weights.stat().st_mode) == 0o644
    assert json.loads((out / "solar_chat.json").read_text(encoding="utf-8")) == {"template": "starter"}
    generation = json.loads((out / "generation_config.json").read_text(encoding="utf-8"))
    assert generation["eos_token_id"] == 0
    assert 0 < generation["temperature"] < 1
