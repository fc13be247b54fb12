"""What is to be trained, on what and how, as one value: the command line's options, checked before anything is loaded.

The rule: a run that goes on is the run that was begun; other options in the same folder are refused. Numbers with a reason are here, the trainers
in `train`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from recipes.upscale.data import DataError, Stage

# Starting points as they are used for models of this size, lower for each stage that has more to lose; measured on none.
_RATES: dict[Stage, float] = {"pretrain": 2e-5, "instruct": 1e-5, "dpo": 5e-7}
# Adapters begin at nothing and take about ten times as much.
_ADAPTER_FACTOR = 10
_SETTINGS = "job.json"


# Without slots: the command line shows the defaults, which are the attributes of the class.
@dataclass(frozen=True)
class Job:
    """One stage of training one model."""

    stage: Stage
    model: Path
    data: tuple[Path, ...]
    out: Path
    """Folder of the finished model; it is complete or absent."""
    qlora: bool = False
    template: str | None = None
    """Name of the chat template; None takes the model's own."""
    steps: int | None = None
    """Optimizer steps; None trains on all data once."""
    rows: int = 1
    """Sequences a device works on at a time."""
    accumulate: int = 16
    """How many times that before a step."""
    context_tokens: int = 2048
    rate: float | None = None
    beta: float = 0.1
    """DPO: how much straying from the model it began as costs."""
    rank: int = 16
    """QLoRA: width of the adapters."""
    save_every: int = 100
    log_every: int = 10
    seed: int = 0

    @property
    def work(self) -> Path:
        """Checkpoints, tokens and the log, beside the result."""
        return self.out.with_name(f"{self.out.name}.training")

    @property
    def last_checkpoint(self) -> Path | None:
        """The newest checkpoint that is whole: its trainer_state.json is written last."""
        whole = [path.parent for path in self.work.glob("checkpoint-*/trainer_state.json")]
        return max(whole, key=lambda path: int(path.name.removeprefix("checkpoint-")), default=None)

    @property
    def learning_rate(self) -> float:
        return self.rate or _RATES[self.stage] * (_ADAPTER_FACTOR if self.qlora else 1)

    @property
    def quantization(self) -> str | None:
        """What the model's configuration says of its weights: None for plain ones."""
        settings = json.loads((self.model / "config.json").read_text(encoding="utf-8")).get("quantization_config")
        return str(settings.get("quant_method")) if settings else None

    @property
    def data_key(self) -> str:
        """Changes with the files and with what turns them into tokens."""
        files = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in self.data]
        return f"{self.stage} {self.template} {self.context_tokens} {files}"

    def check(self) -> None:
        """Raises DataError with a plain sentence for what cannot be begun."""
        if not (self.model / "config.json").is_file():
            raise DataError(f"{self.model} is no model folder: config.json is missing")
        if self.quantization not in (None, "fp8"):
            raise DataError(f"{self.model} is quantized ({self.quantization}); only plain weights and fp8 can be trained on")
        if self.quantization and self.qlora:
            raise DataError("--qlora makes 4-bit weights of 16-bit ones, which an fp8 model has not; leave it out")
        for path in self.data:
            if not path.is_file():
                raise DataError(f"{path} is not there")
        if self.out.exists():
            raise DataError(f"{self.out} is there already; remove it or name another folder")
        for name in ("steps", "rows", "accumulate", "context_tokens", "rank", "save_every", "log_every"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise DataError(f"--{name.replace('_', '-')} must be 1 or more")
        if not (self.rate is None or self.rate > 0) or not self.beta > 0:
            raise DataError("--rate and --beta must be above 0")

    def claim(self) -> None:
        """Write down what is trained here. Raises DataError where another job, or one on other data, has come to a checkpoint in the same place."""
        facts = asdict(self) | {name: [str(path.resolve()) for path in paths] for name, paths in (("model", (self.model,)), ("data", self.data))}
        # How often is saved and told changes nothing about the result.
        facts = {name: value for name, value in facts.items() if name not in {"out", "save_every", "log_every"}}
        facts["data_key"] = self.data_key
        path = self.work / _SETTINGS
        if self.last_checkpoint is not None and json.loads(path.read_text(encoding="utf-8")) != facts:
            raise DataError(f"{self.work} holds a training with other options or data; remove it or name another --out")
        self.work.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
