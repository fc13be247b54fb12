"""A model to download, and what tests of it need: small, and real where it is to be loaded."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from solar_chat.errors import ModelError
from solar_chat.models import Download, resolve
from solar_chat.models.transfer import Patience
from tests.models.hub import StandInHub

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS = random.Random(1).randbytes(300_000)
GOOD = {
    "config.json": json.dumps({"model_type": "llama", "max_position_embeddings": 2048}).encode(),
    "model.safetensors": WEIGHTS,
    "tokenizer.json": json.dumps({"added_tokens": [{"content": "<|im_start|>"}]}).encode(),
    "README.md": b"---\nlicense: apache-2.0\n---\n",
    "pytorch_model.bin": b"pickle",
    "modeling_evil.py": b"raise SystemExit",
    "onnx/model.safetensors": b"copy",
    "consolidated.safetensors": b"copy",
    "../outside.safetensors": b"out",
}
BROUGHT = {"config.json", "model.safetensors", "tokenizer.json", "README.md"}
QUICK = Patience(first_wait_s=0.01)


def download(site: StandInHub, cache: Path, patience: Patience = QUICK) -> Download:
    return Download(resolve("me/model"), cache, endpoint=site.url, patience=patience)


def brought(run: Download) -> Path:
    run.start().wait(60)
    path = run.result().path
    assert path is not None
    return path


def refused(site: StandInHub, cache: Path, patience: Patience = QUICK) -> ModelError:
    run = download(site, cache, patience).start()
    now = run.wait(60)
    with pytest.raises(ModelError) as caught:
        run.result()
    assert (now.state, now.error) == ("failed", caught.value)
    return caught.value


def parts(cache: Path) -> list[Path]:
    return [path for path in cache.rglob("*") if path.parent.name == ".parts"]


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")}


def elsewhere(site: StandInHub, cache: Path, before: str = "", **environment: str) -> str:
    """The key of the error of a download in a process of its own."""
    script = (
        f"import sys\nfrom pathlib import Path\nfrom solar_chat.models import fetch, resolve\nfrom solar_chat.errors import ModelError\n{before}\n"
        "try: fetch(resolve('me/model'), Path(sys.argv[1]))\nexcept ModelError as error: print(error.key)"
    )
    command = [sys.executable, "-c", script, str(cache)]
    environment = {**os.environ, "HF_ENDPOINT": site.url, **environment}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


def another_program(site: StandInHub, cache: Path) -> subprocess.Popen[bytes]:
    """One that downloads the same, and has come some way."""
    script = f"from solar_chat.models import fetch, resolve; fetch(resolve('me/model'), __import__('pathlib').Path({str(cache)!r}))"
    process = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, env={**os.environ, "HF_ENDPOINT": site.url})
    deadline = time.monotonic() + 60
    while not any(part.stat().st_size > 50_000 for part in parts(cache)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return process


def until(run: Download, done_bytes: int) -> None:
    deadline = time.monotonic() + 60
    while run.progress.done_bytes < done_bytes:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def tiny_checkpoint(folder: Path, context_tokens: int = 128) -> Path:
    """One layer, random, with a byte-level tokenizer."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=300,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=context_tokens,
        bos_token_id=0,
        eos_token_id=0,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    alphabet = {letter: number for number, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(vocab=alphabet, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder
