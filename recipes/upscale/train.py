"""Train an up-scaled model on: continued pre-training, instruction tuning, DPO. trl and peft on accelerate, full or QLoRA, one GPU or several.

    python -m recipes.upscale.train pretrain|instruct|dpo --model FOLDER --data FILE... --out FOLDER [--qlora] [--steps N]
    accelerate launch --config_file recipes/upscale/fsdp.yaml -m recipes.upscale.train instruct --model ...

The same command goes on where it was killed. The rule: the result appears by a rename, complete, with the template it was trained in. What data must
look like is `data`'s, how it becomes tokens `chat`'s; how well the result does is not measured here.
"""

from __future__ import annotations

import argparse
import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from accelerate import PartialState
from transformers import AutoTokenizer, BitsAndBytesConfig, FineGrainedFP8Config, PreTrainedTokenizerBase
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

from recipes.upscale.data import STAGES, DataError
from recipes.upscale.job import Job
from recipes.upscale.result import write_result
from recipes.upscale.tokens import Reader, read_tokens
from solar_chat.errors import SolarChatError
from solar_chat.i18n import Catalogue
from solar_chat.prompts import TEMPLATES

if TYPE_CHECKING:
    from datasets import Dataset
    from peft import LoraConfig

log = logging.getLogger("upscale")


class TokenDPOTrainer(DPOTrainer):  # type: ignore[misc]  # trl ships no types
    """Takes replies that are tokens already: trl would tokenize them its own way, and the prompt would no longer be the app's."""

    def _prepare_dataset(self, dataset: Dataset, *_: object, **__: object) -> Dataset:
        return dataset


def run(job: Job) -> Path:
    """Train and write; goes on from the last whole checkpoint. Returns the folder of the result.

    Raises DataError, SolarChatError for a model that cannot be read, and RuntimeError where the loss or its gradient stopped being a number.
    """
    job.check()
    # Told where it runs: of several processes on CPUs each would take itself for the only one.
    state = PartialState(cpu=not torch.cuda.is_available())
    reader = Reader.of(job)
    with state.main_process_first():
        if state.is_main_process:
            job.claim()
        rows = read_tokens(job, reader)
    trainer = _trainer(job, rows)
    checkpoint = job.last_checkpoint
    if checkpoint is not None:
        log.info("going on from %s", checkpoint.name)
    trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
    last: dict[str, float] = next((entry for entry in reversed(trainer.state.log_history) if "loss" in entry), {})
    if not all(math.isfinite(last.get(name, 0.0)) for name in ("loss", "grad_norm")):
        raise RuntimeError(f"the loss is {last['loss']}, its gradient {last.get('grad_norm')}: nothing was written. A lower --rate may help")
    raw = job.work / "last"
    trainer.save_model(str(raw))
    state.wait_for_everyone()
    if state.is_main_process:
        write_result(job, raw, reader.chat.template.name, trainer.state.global_step)
    state.wait_for_everyone()
    return job.out


def _trainer(job: Job, rows: Dataset) -> Any:
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(str(job.model), local_files_only=True)
    if tokenizer.pad_token is None:
        # Padding is masked out, so that any token will do.
        tokenizer.pad_token = tokenizer.eos_token
    parts = {"model": str(job.model), "train_dataset": rows, "processing_class": tokenizer}
    if job.qlora:
        parts |= {"quantization_config": _nf4(), "peft_config": _adapters(job)}
    elif job.quantization == "fp8":
        # Read to wide numbers, in which the result is written too.
        parts["quantization_config"] = FineGrainedFP8Config(dequantize=True)
    if job.stage == "dpo":
        # Without adapters to switch off, the model it began as is asked once, before training, instead of being kept beside it.
        config = DPOConfig(**_arguments(job), beta=job.beta, max_length=job.context_tokens, precompute_ref_log_probs=not job.qlora)
        return TokenDPOTrainer(args=config, **parts)
    packing = job.stage == "pretrain"
    # Documents one after the other, cut where the context ends, as in pre-training.
    return SFTTrainer(args=SFTConfig(**_arguments(job), max_length=job.context_tokens, packing=packing, packing_strategy="wrapped"), **parts)


def _arguments(job: Job) -> dict[str, Any]:
    """What all stages tell the trainer. Weights are kept in float32, which small steps need; the products are bfloat16 where the device has it."""
    on_gpu = torch.cuda.is_available()
    dtype = "bfloat16" if job.qlora else "float32"
    place = {"": PartialState().local_process_index} if job.qlora and on_gpu else None
    return {
        "output_dir": str(job.work),
        "per_device_train_batch_size": job.rows,
        "gradient_accumulation_steps": job.accumulate,
        "num_train_epochs": 1,
        "max_steps": job.steps or -1,
        "learning_rate": job.learning_rate,
        "lr_scheduler_type": "cosine",
        "warmup_steps": 0.03,
        "weight_decay": 0.0 if job.qlora else 0.1,
        "adam_beta2": 0.95,
        "max_grad_norm": 1.0,
        "bf16": on_gpu and torch.cuda.is_bf16_supported(),
        "use_cpu": not on_gpu,
        "dataloader_pin_memory": on_gpu,
        # Recomputing costs time and saves memory, which is what a CPU with a small model has enough of.
        "activation_checkpointing": on_gpu,
        "save_steps": job.save_every,
        "save_total_limit": 2,
        "logging_steps": job.log_every,
        "logging_first_step": True,
        # A loss that is no number is to be seen, not left out of the mean.
        "logging_nan_inf_filter": False,
        "report_to": "none",
        "seed": job.seed,
        "model_init_kwargs": {"dtype": dtype, "device_map": place},
    }


def _nf4() -> BitsAndBytesConfig:
    # The storage type is that of the adapters, so that FSDP can shard both.
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
        bnb_4bit_quant_storage=torch.bfloat16,
    )


def _adapters(job: Job) -> LoraConfig:
    from peft import LoraConfig

    return LoraConfig(r=job.rank, lora_alpha=2 * job.rank, target_modules="all-linear", task_type="CAUSAL_LM")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m recipes.upscale.train", description="Train an up-scaled model on.")
    stages = parser.add_subparsers(dest="stage", required=True)
    for stage, what in zip(STAGES, ("continued pre-training on plain text", "tuning on conversations", "tuning on pairs of replies"), strict=True):
        one = stages.add_parser(stage, help=what, description=what, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
        one.add_argument("--model", type=Path, required=True, help="folder of the model to train on")
        one.add_argument("--data", type=Path, required=True, nargs="+", help=".txt, .jsonl or .parquet; see the README beside this recipe")
        one.add_argument("--out", type=Path, required=True, help="folder of the finished model; checkpoints lie in OUT.training")
        one.add_argument("--qlora", action="store_true", help="train adapters on a 4-bit model instead of all weights; they are merged at the end")
        one.add_argument("--template", choices=sorted(TEMPLATES), help="chat template; the model's own by default")
        one.add_argument("--steps", type=int, help="optimizer steps; by default all data once")
        one.add_argument("--rows", type=int, default=Job.rows, help="sequences a device works on at a time")
        one.add_argument("--accumulate", type=int, default=Job.accumulate, help="how many times that before a step")
        one.add_argument("--context-tokens", type=int, default=Job.context_tokens, help="longest sequence")
        one.add_argument("--rate", type=float, help="peak learning rate; by default one for the stage")
        one.add_argument("--rank", type=int, default=Job.rank, help="QLoRA: width of the adapters")
        one.add_argument("--save-every", type=int, default=Job.save_every, help="steps between two checkpoints")
        one.add_argument("--log-every", type=int, default=Job.log_every, help="steps between two lines of log")
        one.add_argument("--seed", type=int, default=Job.seed)
        if stage == "dpo":
            one.add_argument("--beta", type=float, default=Job.beta, help="how much straying from the model it began as costs")
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    parser = _parser()
    options = vars(parser.parse_args(arguments))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    try:
        out = run(Job(**options | {"data": tuple(options["data"])}))
    except (DataError, RuntimeError, OSError) as error:
        parser.exit(1, f"{error}\n")
    except SolarChatError as error:
        parser.exit(1, f"{Catalogue.load().describe(error, 'en')}\n")
    log.info("the model is in %s", out)


if __name__ == "__main__":
    main()
