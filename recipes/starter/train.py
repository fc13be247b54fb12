"""Train the model in the box: words, base, upscale, continue, chat, export. About half an hour on two CPU cores.

    python -m recipes.starter.train --chatbot-data ChatbotData.csv --out assets/models/starter --work build/starter

Every stage resumes where it was killed, at the cost of two minutes at most, and a finished stage is never run again. Randomness comes from the seeds
written below and from nowhere else. The loop and the up-scaling are those of `recipes.upscale`; what is read, in which order and at which rates is
said here.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import random
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from recipes.starter.data import HELDOUT, HeldOut, Mix, Record, Rows, load_records, pack, read_chatbot, read_own, save_records
from recipes.starter.levels import expand
from recipes.starter.tokenizer import END_ID, encode_loosely, save_tokenizer, train_tokenizer
from recipes.upscale.loop import Schedule, fit, load, save
from recipes.upscale.stack import build
from solar_chat.levels import LEVELS
from solar_chat.prompts import TEMPLATES, system_prompt
from solar_chat.upscale import DepthPlan

log = logging.getLogger("starter")

VOCAB_SIZE = 8192
ROW_TOKENS = 768
BATCH_ROWS = 3
BASE_LAYERS, DROP = 8, 2
_VALIDATION_ROWS = 12

CONFIG = LlamaConfig(
    vocab_size=VOCAB_SIZE,
    hidden_size=256,
    intermediate_size=704,
    num_hidden_layers=BASE_LAYERS,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=ROW_TOKENS,
    tie_word_embeddings=True,
    bos_token_id=None,
    eos_token_id=END_ID,
    pad_token_id=END_ID,
)


@dataclass(frozen=True, slots=True)
class Stage:
    """One stretch of training on one kind of text."""

    name: str
    mix: Mix
    schedule: Schedule
    """Its steps are of BATCH_ROWS x ROW_TOKENS tokens each."""
    seed: int
    varied: bool = False
    """Whether what users say is tokenized in varying ways."""


# Eight layers are cheaper than twelve, so most is learned before the upscaling: first words, from all text, small talk leading because there is most
# of it; then replies under the app's own prompts, our own records leading because they are what the model is for. The base ends at a high rate, so
# that the upscaled stack is still easily moved when it takes over.
WORDS = Stage(
    "words", Mix(own_share=0.35, english_share=0.15, with_system=0.3, replies_only=False, perturbed=False), Schedule(191, 2e-3, 1.8e-3, 60), seed=1
)
# What users say comes cut into other tokens each time, so that an unseen wording of a known question is not a stranger.
_CHAT_MIX = Mix(own_share=0.6, english_share=0.25, with_system=1.0, replies_only=True, perturbed=True)
BASE = Stage("base", _CHAT_MIX, Schedule(420, 1.8e-3, 1e-3, 10), seed=2, varied=True)
CONTINUE = Stage("continue", _CHAT_MIX, Schedule(80, 1.0e-3, 1.0e-3, 15), seed=3, varied=True)
CHAT = Stage("chat", _CHAT_MIX, Schedule(1000, 1.0e-3, 0.0, 1), seed=4, varied=True)
# One yardstick for all stages: the loss on held-out replies under the app's own system prompts.
VALIDATION = Mix(own_share=0.5, english_share=0.2, with_system=1.0, replies_only=True, perturbed=False)


def prepare(chatbot_csv: Path, work: Path) -> tuple[list[Record], list[Record]]:
    """Training records at all levels and the held-out ones, computed once and kept under `work`.

    The held-out choice is made once too and then lives in `data/heldout.jsonl`.
    """
    training, validation = work / "training.jsonl", work / "validation.jsonl"
    if not validation.exists():
        own, chatbot = read_own(), read_chatbot(chatbot_csv)
        held_out = HeldOut.read(HELDOUT, own, chatbot) if HELDOUT.exists() else HeldOut.choose(own, chatbot)
        kept = held_out.keep_out([*own, *chatbot])
        expanded = list(expand(kept))
        held_out.write(HELDOUT)
        save_records(expanded, training)
        save_records(expand([*held_out.own, *held_out.chatbot]), validation)
        log.info("records: %d own, %d chatbot-data; %d kept, %d over all levels", len(own), len(chatbot), len(kept), len(expanded))
    return load_records(training), load_records(validation)


def make_tokenizer(records: Sequence[Record], folder: Path) -> PreTrainedTokenizerFast:
    """The tokenizer in `folder`, trained first where it is not there yet."""
    if not (folder / "tokenizer.json").exists():
        # Our own text and the system prompts count more often than they occur: they are what will be read and written most.
        texts = [turn.content for record in records for turn in record.turns for _ in range(3 if record.source == "own" else 1)]
        texts += [system_prompt("ko", level) for level in LEVELS for _ in range(300)] + [system_prompt("en", "formal")] * 300
        save_tokenizer(train_tokenizer(texts, VOCAB_SIZE), folder)
    return PreTrainedTokenizerFast.from_pretrained(folder)


class Trainer:
    """Runs stages over packed rows and keeps what it needs to go on after a kill."""

    def __init__(
        self,
        work: Path,
        training: Sequence[Record],
        validation: Sequence[Record],
        tokenizer: PreTrainedTokenizerFast,
        *,
        compiled: bool = True,
        save_every_s: float = 120.0,
    ) -> None:
        self._work, self._training, self._validation = work, training, validation
        self._tokenizer = tokenizer
        self._pieces: dict[str, list[int]] = {}
        self._compiled = compiled
        self._save_every_s = save_every_s

    def _encode(self, text: str) -> list[int]:
        ids = self._pieces.get(text)
        if ids is None:
            ids = self._pieces[text] = self._tokenizer.encode(text, add_special_tokens=False)
        return ids

    def _vary(self, text: str, rng: random.Random) -> list[int]:
        return encode_loosely(self._tokenizer.backend_tokenizer, text, rng)

    def run(self, stage: Stage, start: Path | LlamaConfig) -> Path:
        """Train `stage` from a checkpoint folder, or from scratch, and return the folder of the result."""
        result = self._work / stage.name
        if (result / "config.json").exists():
            log.info("%s: already there", stage.name)
            return result
        steps = stage.schedule.steps
        model = load(start, stage.seed, compiled=self._compiled)
        vary = self._vary if stage.varied else None
        rows = pack(self._training, stage.mix, self._encode, rows=steps * BATCH_ROWS, row_tokens=ROW_TOKENS, seed=stage.seed, vary=vary)
        checks = pack(self._validation, VALIDATION, self._encode, rows=_VALIDATION_ROWS, row_tokens=ROW_TOKENS, seed=0)
        recent, began = list[float](), time.monotonic()

        def after_step(done: int, loss: float) -> None:
            nonlocal began
            if done in (0, steps):
                self._record(stage, done, float("nan"), validation_loss(model, checks))
                return
            recent.append(loss)
            if done % 25 == 0:
                mean, rate = sum(recent) / len(recent), len(recent) * BATCH_ROWS * ROW_TOKENS / (time.monotonic() - began)
                log.info("%s %d/%d: loss %.3f, %.0f tokens/s", stage.name, done, steps, mean, rate)
                if done % 100 == 0:
                    self._record(stage, done, mean, validation_loss(model, checks))
                recent.clear()
                began = time.monotonic()

        saved = self._work / f"{stage.name}.pt"

        def loss_of(step: int) -> torch.Tensor:
            return batch_loss(model, rows, step * BATCH_ROWS)

        fit(model, stage.schedule, loss_of, saved=saved, after_step=after_step, save_every_s=self._save_every_s)
        save(model, result)
        saved.unlink(missing_ok=True)
        return result

    def _record(self, stage: Stage, step: int, loss: float, held_out: float) -> None:
        log.info("%s %d: held-out loss %.3f", stage.name, step, held_out)
        with (self._work / "curve.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"stage": stage.name, "step": step, "loss": None if math.isnan(loss) else loss, "heldout_loss": held_out}) + "\n")


def batch_loss(model: LlamaForCausalLM, rows: Rows, first: int) -> torch.Tensor:
    """Mean cross-entropy in nats over the scored tokens of BATCH_ROWS rows."""
    tokens = torch.from_numpy(rows.tokens[first : first + BATCH_ROWS].astype("int64"))
    scored = torch.from_numpy(rows.scored[first : first + BATCH_ROWS, 1:])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        hidden = model.model(input_ids=tokens[:, :-1]).last_hidden_state
        # The output layer is a fifth of the work, so it sees only the positions that count.
        logits = model.lm_head(hidden[scored])
    return torch.nn.functional.cross_entropy(logits.float(), tokens[:, 1:][scored])


@torch.no_grad()
def validation_loss(model: LlamaForCausalLM, rows: Rows) -> float:
    """Mean loss over held-out rows."""
    losses = [batch_loss(model, rows, first).item() for first in range(0, len(rows.tokens), BATCH_ROWS)]
    return sum(losses) / len(losses)


# 0 to 0.3, with and without a repetition penalty, measured alike (level 96 to 97 %, language 98 to 99 %); 0.3 lets a second try differ.
SAMPLING = GenerationConfig(
    do_sample=True,
    temperature=0.3,
    top_p=0.9,
    max_new_tokens=160,
    bos_token_id=None,
    eos_token_id=END_ID,
    pad_token_id=END_ID,
)


def export(chat: Path, tokenizer: Path, out: Path) -> None:
    """What the app ships: bfloat16 weights, configs, tokenizer, and the name of the chat template. The card beside them is kept."""
    out.mkdir(parents=True, exist_ok=True)
    model = LlamaForCausalLM.from_pretrained(chat, dtype=torch.bfloat16)
    model.config.use_cache = True
    model.generation_config = SAMPLING
    model.save_pretrained(out)
    # safetensors makes its files private to the user who wrote them; these are for everyone.
    (out / "model.safetensors").chmod(0o644)
    for path in tokenizer.iterdir():
        shutil.copyfile(path, out / path.name)
    (out / "solar_chat.json").write_text(json.dumps({"template": TEMPLATES["starter"].name}) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the model in the box.")
    parser.add_argument("--chatbot-data", type=Path, required=True, help="ChatbotData.csv of github.com/songys/Chatbot_data (MIT)")
    parser.add_argument("--out", type=Path, required=True, help="folder of the finished model")
    parser.add_argument("--work", type=Path, required=True, help="folder for checkpoints and logs; training resumes from it")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--no-compile", action="store_true", help="do not compile the layers; for machines without a C++ compiler")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    handlers: list[logging.Handler] = [logging.StreamHandler(), logging.FileHandler(options.work / "train.log", encoding="utf-8")]
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", handlers=handlers)
    torch.set_num_threads(options.threads)

    training, validation = prepare(options.chatbot_data, options.work)
    tokenizer = make_tokenizer(training, options.work / "tokenizer")
    trainer = Trainer(options.work, training, validation, tokenizer, compiled=not options.no_compile)
    words = trainer.run(WORDS, CONFIG)
    base = trainer.run(BASE, words)
    stacked = build(base, DepthPlan.solar(BASE_LAYERS, DROP), options.work / "upscaled")
    continued = trainer.run(CONTINUE, stacked)
    chat = trainer.run(CHAT, continued)
    export(chat, options.work / "tokenizer", options.out)
    log.info("exported to %s", options.out)


if __name__ == "__main__":
    main()
