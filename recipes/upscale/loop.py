"""A training loop for models of a few million parameters, that goes on where it was killed.

Plain PyTorch where `recipes.upscale.train` takes trl: at this size a trainer's own overhead would be a tenth of the time, and a study needs the
held-out loss at steps of its own choosing and the same batches in the same order for every arm. The rule: a resumed run ends exactly where an
undisturbed one does. What a batch is, and what is done with the figures, is the caller's.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long, and how fast at which step."""

    steps: int
    rate: float
    final_rate: float
    warmup_steps: int

    def learning_rate(self, step: int) -> float:
        """Linear warm-up, then half a cosine from `rate` down to `final_rate`; constant where the two are the same."""
        if step < self.warmup_steps:
            return self.rate * (step + 1) / self.warmup_steps
        progress = (step - self.warmup_steps) / max(1, self.steps - self.warmup_steps)
        return self.final_rate + (self.rate - self.final_rate) * 0.5 * (1 + math.cos(math.pi * progress))


def load(start: Path | LlamaConfig, seed: int, *, compiled: bool = False, device: str = "cpu") -> LlamaForCausalLM:
    """A model to train, in float32: from a checkpoint folder, or from random weights drawn from `seed`."""
    torch.manual_seed(seed)
    model = LlamaForCausalLM(start) if isinstance(start, LlamaConfig) else LlamaForCausalLM.from_pretrained(start, dtype=torch.float32)
    model.config.use_cache = False
    if compiled:
        # Layer by layer: all layers share one compiled kernel, so it costs seconds, and trains about 1.4 times as fast.
        for layer in model.model.layers:
            layer.compile()
    return model.to(device)


def adamw(model: LlamaForCausalLM, rate: float) -> torch.optim.AdamW:
    """AdamW as Llama was trained with; matrices decay, norms do not."""
    matrices = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    vectors = [parameter for parameter in model.parameters() if parameter.ndim == 1]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.95), fused=True)


def fit(
    model: LlamaForCausalLM,
    schedule: Schedule,
    batch_loss: Callable[[int], torch.Tensor],
    *,
    saved: Path,
    after_step: Callable[[int, float], None],
    save_every_s: float = 120.0,
) -> None:
    """Train `model` in place; `batch_loss(step)` is the loss of that step's batch.

    `after_step(done, loss)` hears of every finished step, and of step 0 with a loss of nan before the first. The state is written to `saved` now and
    then, so that a kill costs `save_every_s` seconds at most; the caller removes it once the result is safe.
    """
    optimizer = adamw(model, schedule.rate)
    first = _restore(saved, model, optimizer)
    if first == 0:
        after_step(0, float("nan"))
    last_save = time.monotonic()
    for step in range(first, schedule.steps):
        for group in optimizer.param_groups:
            group["lr"] = schedule.learning_rate(step)
        loss = batch_loss(step)
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        after_step(step + 1, loss.item())
        if time.monotonic() - last_save > save_every_s:
            temporary = saved.with_suffix(".tmp")
            torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step + 1}, temporary)
            temporary.replace(saved)
            last_save = time.monotonic()


def save(model: LlamaForCausalLM, folder: Path) -> None:
    """Write the trained model as a checkpoint folder that is complete or absent."""
    # Compiled layers would be saved under other names.
    plain = LlamaForCausalLM(model.config)
    plain.load_state_dict(model.state_dict())
    temporary = folder.with_name(f"{folder.name}.part")
    plain.save_pretrained(temporary)
    temporary.replace(folder)


def _restore(saved: Path, model: LlamaForCausalLM, optimizer: torch.optim.AdamW) -> int:
    """The step to go on at: 0 where nothing was saved."""
    if not saved.exists():
        return 0
    state = torch.load(saved, weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["step"])
