"""Run the study: a base per seed, then every arm from it. Finished runs are kept, a killed one goes on where it was.

    python -m recipes.study.run --out FOLDER [--text FILE ...] [--quick]

Measures and writes curves; what they say is `report`'s. Under an hour on one CPU core, minutes on a GPU.
"""

from __future__ import annotations

import argparse
import json
import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.utils.logging import disable_progress_bar

from recipes.study.curves import DESIGN, Point, append, is_finished
from recipes.study.design import BASE, FULL, QUICK, SCRATCH, Design
from recipes.study.text import Corpus, Tokens, read_lines
from recipes.upscale.loop import fit, load, save
from recipes.upscale.stack import build

log = logging.getLogger("study")


@dataclass(frozen=True, slots=True)
class Study:
    """A folder of curves in the making."""

    out: Path
    design: Design
    corpus: Corpus
    device: str = "cpu"
    save_every_s: float = 60.0

    def run(self) -> None:
        """Everything that is not there yet, seed by seed, so that a study broken off has whole seeds."""
        for seed in self.design.seeds:
            self.run_seed(seed)

    def run_seed(self, seed: int) -> None:
        design, folder = self.design, self.out / f"seed{seed}"
        folder.mkdir(parents=True, exist_ok=True)
        longest = max(design.steps_of(arm) for arm in design.arms)
        rows = self.corpus.batches(seed, design.base_steps + longest)
        before, after = rows[: design.base_steps * design.batch_rows], rows[design.base_steps * design.batch_rows :]
        starts: dict[str, Path] = {}
        for arm in (BASE, SCRATCH):
            starts[arm] = self._train(
                folder / f"{arm}-start", design.config(design.layers_of(arm)), before, arm, seed, design.base_steps, start_tokens=0
            )
        for arm, plan in design.plans.items():
            starts[arm] = build(starts[BASE], plan, folder / f"{arm}-start")
        read = design.base_steps * design.step_tokens
        for arm in design.arms:
            self._train(folder / f"{arm}-end", starts[arm], after, arm, seed, design.steps_of(arm), start_tokens=read)

    def _train(self, result: Path, start: Path | LlamaConfig, rows: Tokens, arm: str, seed: int, steps: int, *, start_tokens: int) -> Path:
        curve = self.out / "curves" / f"seed{seed}-{result.name}.jsonl"
        # An end is only measured, a start is built upon.
        if result.exists() or (start_tokens and is_finished(curve, steps)):
            return result
        design = self.design
        model = load(start, seed, device=self.device)
        saved = result.with_suffix(".pt")

        def batch_loss(step: int) -> torch.Tensor:
            return self._loss(model, rows[step * design.batch_rows : (step + 1) * design.batch_rows])

        def after_step(done: int, loss: float) -> None:
            if design.is_measured(done, steps):
                held_out = self._heldout_loss(model)
                log.info("seed %d %s %d/%d: held-out loss %.4f", seed, result.name, done, steps, held_out)
                append(curve, Point(arm, seed, done, start_tokens + done * design.step_tokens, held_out))

        rate = design.arm_rate if start_tokens else design.base_rate
        fit(model, design.schedule(steps, rate), batch_loss, saved=saved, after_step=after_step, save_every_s=self.save_every_s)
        if not start_tokens:
            save(model, result)
        saved.unlink(missing_ok=True)
        return result

    def _loss(self, model: LlamaForCausalLM, rows: Tokens) -> torch.Tensor:
        """Mean cross-entropy in nats per token."""
        tokens = torch.from_numpy(rows.astype("int64")).to(self.device)
        # In float32: at this width bfloat16 is no faster on a CPU, and small differences are what is measured.
        logits = model(input_ids=tokens[:, :-1]).logits
        return torch.nn.functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())

    @torch.no_grad()
    def _heldout_loss(self, model: LlamaForCausalLM) -> float:
        size = self.design.batch_rows
        rows = self.corpus.held_out
        losses = [self._loss(model, rows[first : first + size]).item() for first in range(0, len(rows), size)]
        return sum(losses) / len(losses)


def prepare(out: Path, design: Design, files: Sequence[Path]) -> Corpus:
    """The corpus, and beside the curves what they were measured on. Raises ValueError where `out` holds a study of other design or text."""
    lines = read_lines(files)
    stored = out / "tokenizer.json"
    corpus = Corpus(lines, design, Tokenizer.from_file(str(stored)) if stored.exists() else None)
    facts = design.to_json() | {"files": [path.name for path in files], "lines": len(lines), "training_tokens": corpus.training_tokens}
    written = out / DESIGN
    if written.exists() and json.loads(written.read_text(encoding="utf-8")) != facts:
        raise ValueError(f"{out} holds a study of another design or text; take another folder")
    (out / "curves").mkdir(parents=True, exist_ok=True)
    corpus.tokenizer.save(str(stored))
    written.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    return corpus


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m recipes.study.run", description="Measure depth up-scaling on small models.")
    parser.add_argument("--out", type=Path, required=True, help="folder of the curves; a study that was broken off goes on from it")
    parser.add_argument(
        "--text", type=Path, nargs="*", default=[], help="UTF-8 files with a text on each line, read beside the project's own records"
    )
    parser.add_argument("--quick", action="store_true", help="tiny models for seconds: shows that it runs, the figures mean nothing")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu", help="cpu or cuda; what is there by default")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(options.threads)
    disable_progress_bar()
    try:
        design = QUICK if options.quick else FULL
        study = Study(options.out, design, prepare(options.out, design, options.text), options.device)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    study.run()
    for seed in design.seeds:
        shutil.rmtree(options.out / f"seed{seed}", ignore_errors=True)


if __name__ == "__main__":
    main()
