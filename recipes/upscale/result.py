"""The trained model as a folder that the app opens: weights, tokenizer, template and a card that says what was done.

The rule: the folder is complete or absent, its weights have the type the model had before, and it claims no quality that nobody measured.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from recipes.upscale.data import Stage
from recipes.upscale.job import Job

CARD = "README.md"
_WHAT: dict[Stage, str] = {"pretrain": "continued pre-training", "instruct": "tuning on conversations", "dpo": "direct preference optimization"}
# What makes a tokenizer, and the terms; weights and configurations are written anew.
_KEPT = ("tokenizer*", "special_tokens_map.json", "added_tokens.json", "vocab.*", "merges.txt", "chat_template.jinja", "LICENSE*", "NOTICE*")


def write_result(job: Job, raw: Path, template: str, steps: int) -> None:
    """Make `job.out` of what the trainer saved in `raw`: a whole model, or adapters, which are merged into the model they were trained on."""
    dtype = AutoConfig.from_pretrained(str(job.model), local_files_only=True).dtype or torch.float32
    model = _merged(job.model, raw, dtype) if job.qlora else AutoModelForCausalLM.from_pretrained(str(raw), dtype=dtype)
    # Off while training; generating without it would read everything anew for every token.
    model.config.use_cache = True
    partial = job.out.with_name(f"{job.out.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    model.save_pretrained(partial)
    for weights in partial.glob("*.safetensors"):
        # safetensors makes its files private to the user who wrote them; these are for everyone.
        weights.chmod(0o644)
    for path in sorted({path for pattern in _KEPT for path in job.model.glob(pattern)}):
        shutil.copyfile(path, partial / path.name)
    own = job.model / "solar_chat.json"
    facts: dict[str, Any] = json.loads(own.read_text(encoding="utf-8")) if own.exists() else {}
    # The name is that of the model before.
    facts = {name: value for name, value in facts.items() if name != "name"} | {"template": template}
    (partial / "solar_chat.json").write_text(json.dumps(facts, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    (partial / CARD).write_text(_card(job, template, steps), encoding="utf-8")
    partial.replace(job.out)


def _merged(base: Path, adapters: Path, dtype: torch.dtype) -> Any:
    from peft import PeftModel

    return PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(str(base), dtype=dtype), str(adapters)).merge_and_unload()


def _card(job: Job, template: str, steps: int) -> str:
    card = job.model / CARD
    text = card.read_text(encoding="utf-8") if card.exists() else ""
    # The terms of the model before hold on; a front matter is what the hubs and the app read them from.
    licence = next((line for line in text.splitlines() if line.startswith("license:")), None)
    front = f"---\n{licence}\n---\n" if licence else ""
    files = ", ".join(path.name for path in job.data)
    way = f"QLoRA adapters of rank {job.rank}, merged" if job.qlora else "all weights"
    rows = job.rows * job.accumulate
    return f"""{front}# {job.out.name}

{job.model.name} after {_WHAT[job.stage]} on {files}: {steps} steps of {rows} sequences for each device, up to {job.context_tokens} tokens long,
{way}, learning rate {job.learning_rate:g}, chat template `{template}`, seed {job.seed}. The terms of {job.model.name} and of the data hold for it
too. How well it does was not measured.
"""
