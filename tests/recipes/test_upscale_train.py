"""The three stages on a tiny stack, for real: they learn, are killed and go on, and the app's own engine opens and asks the result."""

from __future__ import annotations

import json
import math
import os
import shutil
import stat
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from recipes.starter.tokenizer import save_tokenizer, train_tokenizer
from recipes.upscale.data import DataError
from recipes.upscale.job import Job
from recipes.upscale.stack import build
from recipes.upscale.train import main, run
from solar_chat.engine import Finished, GenerationRequest, Sampling, TextPiece
from solar_chat.engine.loading import load_model
from solar_chat.hardware import detect
from solar_chat.messages import Message
from solar_chat.models import describe_folder
from solar_chat.prompts import TEMPLATES
from solar_chat.upscale import Checkpoint, DepthPlan

ROOT = Path(__file__).resolve().parents[2]

# What the libraries say to each other.
pytestmark = [
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning"),
]

QUESTION, ANSWER, WORSE = "날씨 어때?", "오늘은 날씨가 참 좋습니다.", "몰라."
ROWS = {
    "pretrain": {"text": f"{QUESTION} {ANSWER}"},
    "instruct": {"messages": [{"role": "user", "content": QUESTION}, {"role": "assistant", "content": ANSWER}]},
    "dpo": {"prompt": QUESTION, "chosen": ANSWER, "rejected": WORSE},
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random layers [0, 3) + [1, 4) in bfloat16 with the project's own kind of tokenizer."""
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("stack")
    torch.manual_seed(0)
    shape = {"vocab_size": 400, "hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 4, "num_attention_heads": 2}
    config = LlamaConfig(**shape, max_position_embeddings=128, tie_word_embeddings=True, bos_token_id=None, eos_token_id=0, pad_token_id=0)
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder / "base")
    save_tokenizer(train_tokenizer([QUESTION, ANSWER, WORSE], 400), folder / "base")
    (folder / "base" / "solar_chat.json").write_text('{"template": "starter", "name": "Base"}', encoding="utf-8")
    (folder / "base" / "LICENSE").write_text("the terms", encoding="utf-8")
    return build(folder / "base", DepthPlan.solar(4, 1), folder / "stack")


def _job(stage: str, stack: Path, folder: Path, **changes: object) -> Job:
    data = folder / f"{stage}.jsonl"
    if not data.exists():
        data.write_text("\n".join([json.dumps(ROWS[stage], ensure_ascii=False)] * 8), encoding="utf-8")
    settings = {"steps": 6, "rows": 4, "accumulate": 1, "context_tokens": 64, "rate": 3e-3, "save_every": 3, "log_every": 1}
    return replace(Job(stage, stack, (data,), folder / f"{stage}-out", **settings), **changes)  # type: ignore[arg-type]


def _losses(job: Job) -> dict[int, float]:
    checkpoint = job.last_checkpoint
    assert checkpoint is not None
    history = json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))["log_history"]
    return {entry["step"]: float(entry["loss"]) for entry in history if "loss" in entry}


def _ask(folder: Path) -> tuple[str, str]:
    """What the app's own engine answers to the question, and why it stopped."""
    spec = describe_folder(folder)
    backend = load_model(spec, detect())
    prompt = TEMPLATES[spec.template].render([Message("user", QUESTION)])
    try:
        events = list(backend.stream(GenerationRequest(prompt, 40, sampling=Sampling(temperature=0)), threading.Event()))
    finally:
        backend.close()
    assert isinstance(events[-1], Finished)
    return "".join(event.text for event in events if isinstance(event, TextPiece)), events[-1].reason


@pytest.mark.parametrize("stage", ["pretrain", "instruct", "dpo"])
def test_a_stage_learns_and_goes_on_where_it_was_killed(stage: str, stack: Path, tmp_path: Path) -> None:
    job = _job(stage, stack, tmp_path)
    assert run(job) == job.out
    losses = _losses(job)
    assert list(losses) == [1, 2, 3, 4, 5, 6]
    assert all(map(math.isfinite, losses.values()))
    assert losses[6] < losses[1] - 0.05
    whole = load_file(job.out / "model.safetensors")
    assert {tensor.dtype for tensor in whole.values()} == {torch.bfloat16}

    # As a kill leaves it: step 3 is safe, a later checkpoint was begun, nothing came out.
    shutil.rmtree(job.out)
    shutil.rmtree(job.work / "checkpoint-6")
    (job.work / "checkpoint-5").mkdir()
    run(job)
    assert _losses(job) == losses
    again = load_file(job.out / "model.safetensors")
    assert all(torch.equal(whole[name], again[name]) for name in whole)


def test_the_app_opens_the_result_and_gets_the_answer_it_was_taught(stack: Path, tmp_path: Path) -> None:
    job = _job("instruct", stack, tmp_path, steps=100, save_every=200, rate=1e-2)
    run(job)
    assert _ask(job.out) == (ANSWER, "stop")
    assert Checkpoint.read(job.out).layers == 6
    assert json.loads((job.out / "solar_chat.json").read_text(encoding="utf-8")) == {"template": "starter"}
    assert json.loads((job.out / "config.json").read_text(encoding="utf-8"))["use_cache"] is True
    assert (job.out / "LICENSE").read_text(encoding="utf-8") == "the terms"
    assert stat.S_IMODE((job.out / "model.safetensors").stat().st_mode) == 0o644
    card = (job.out / "README.md").read_text(encoding="utf-8")
    assert "100 steps of 4 sequences" in card
    assert "not measured" in card


def test_qlora_trains_adapters_and_merges_them(stack: Path, tmp_path: Path) -> None:
    job = _job("dpo", stack, tmp_path, qlora=True, rank=4, rate=1e-2)
    run(job)
    losses = _losses(job)
    assert losses[6] < losses[1] - 0.05
    before, after = load_file(stack / "model.safetensors"), load_file(job.out / "model.safetensors")
    assert before.keys() == after.keys()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert "model.layers.5.mlp.down_proj.weight" in changed
    assert "model.embed_tokens.weight" not in changed
    assert _ask(job.out)[1] in {"stop", "length"}


def _quantized(stack: Path, folder: Path, method: str) -> Path:
    """The stack with its projections as blocks of 8-bit floats beside their scales, its configuration saying `method`."""
    shutil.copytree(stack, folder)
    weights = load_file(folder / "model.safetensors")
    for name in [name for name in weights if name.endswith("_proj.weight")]:
        rows, columns = weights[name].shape
        weights[name] = (weights[name].float() * 1000).to(torch.float8_e4m3fn)
        weights[f"{name}_scale_inv"] = torch.full((rows // 32, columns // 32), 0.001)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["quantization_config"] = {"quant_method": method, "weight_block_size": [32, 32]}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


def test_an_fp8_stack_is_trained_in_wide_numbers(stack: Path, tmp_path: Path) -> None:
    job = _job("instruct", _quantized(stack, tmp_path / "fp8", "fp8"), tmp_path)
    run(job)
    losses = _losses(job)
    assert losses[6] < losses[1] - 0.05
    weights = load_file(job.out / "model.safetensors")
    assert {tensor.dtype for tensor in weights.values()} == {torch.bfloat16}
    assert weights.keys() == load_file(stack / "model.safetensors").keys()
    assert _ask(job.out)[1] in {"stop", "length"}
    with pytest.raises(DataError, match="leave it out"):
        replace(job, out=tmp_path / "other", qlora=True).check()
    with pytest.raises(DataError, match="quantized \\(awq\\)"):
        replace(job, out=tmp_path / "other", model=_quantized(stack, tmp_path / "awq", "awq")).check()


def _launch(job: Job, sharing: Path) -> str:
    """Two processes under `accelerate launch`; returns what they say."""
    script = ROOT / "tests" / "recipes" / "sharded_on_cpu.py"
    command = [
        sys.executable,
        "-m",
        "accelerate.commands.launch",
        "--config_file",
        sharing,
        "--num_processes",
        "2",
        "--main_process_port",
        "0",
        script,
    ]
    command += [job.stage, "--model", job.model, "--data", *job.data, "--out", job.out, "--steps", job.steps, "--rows", job.rows]
    command += ["--accumulate", job.accumulate, "--context-tokens", job.context_tokens, "--rate", job.rate, "--save-every", job.save_every]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    given = [*map(str, command), "--log-every", "1"]
    done = subprocess.run(given, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="accelerate's launcher wants libuv there")
def test_weights_shared_out_among_processes(stack: Path, tmp_path: Path) -> None:
    """The FSDP configuration beside the recipe on two CPUs: it learns, is killed and goes on, and is as good as one process on as many rows."""
    sharing = tmp_path / "fsdp.yaml"
    written = (ROOT / "recipes" / "upscale" / "fsdp.yaml").read_text(encoding="utf-8")
    sharing.write_text(written.replace("use_cpu: false", "use_cpu: true").replace("mixed_precision: bf16", 'mixed_precision: "no"'), encoding="utf-8")
    job = _job("instruct", stack, tmp_path, rows=2)
    _launch(job, sharing)
    losses = _losses(job)
    whole = load_file(job.out / "model.safetensors")
    assert (job.work / "checkpoint-3" / "pytorch_model_fsdp.bin").is_file()
    shutil.rmtree(job.out)
    shutil.rmtree(job.work / "checkpoint-6")
    assert "going on from checkpoint-3" in _launch(job, sharing)
    assert _losses(job) == losses
    again = load_file(job.out / "model.safetensors")
    assert all(torch.equal(whole[name], again[name]) for name in whole)

    alone = replace(job, rows=4, out=tmp_path / "alone")
    run(alone)
    assert _losses(alone) == pytest.approx(losses, abs=1e-3)


def test_a_job_that_cannot_be_begun_says_why(stack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    job = _job("instruct", stack, tmp_path)
    (tmp_path / "there").mkdir()
    for changes, why in (
        ({"model": tmp_path}, "config.json is missing"),
        ({"data": (tmp_path / "no.jsonl",)}, "is not there"),
        ({"out": tmp_path / "there"}, "there already"),
        ({"steps": 0}, "--steps must be 1 or more"),
        ({"rate": 0.0}, "--rate and --beta must be above 0"),
        ({"context_tokens": 3}, "no row is left"),
        ({"stage": "dpo"}, 'row 1: the field "prompt"'),
    ):
        with pytest.raises(DataError, match=why):
            run(replace(job, **changes))
    assert not job.out.exists()
    with pytest.raises(SystemExit) as ended:
        main(["instruct", "--model", str(stack), "--data", str(tmp_path / "no.jsonl"), "--out", str(tmp_path / "o")])
    assert ended.value.code == 1
    assert capsys.readouterr().err.endswith("no.jsonl is not there\n")


def test_other_options_in_the_same_place_are_refused(stack: Path, tmp_path: Path) -> None:
    job = _job("instruct", stack, tmp_path)
    job.claim()
    # Nothing was trained yet, so nothing is lost.
    replace(job, rate=1e-5).claim()
    job.claim()
    (job.work / "checkpoint-3").mkdir()
    (job.work / "checkpoint-3" / "trainer_state.json").write_text("{}", encoding="utf-8")
    job.claim()
    replace(job, save_every=7).claim()
    with pytest.raises(DataError, match="other options"):
        replace(job, rate=1e-4).claim()
    with job.data[0].open("a", encoding="utf-8") as file:
        file.write("\n")
    with pytest.raises(DataError, match="other options"):
        job.claim()


def test_a_loss_that_is_no_number_leaves_no_model(stack: Path, tmp_path: Path) -> None:
    job = _job("instruct", stack, tmp_path, rate=1e30, steps=3, save_every=100)
    with pytest.raises(RuntimeError, match="nothing was written"):
        run(job)
    assert not job.out.exists()
