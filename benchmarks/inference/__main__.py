"""Make the models, measure, print the table, write what was asked for.

python -m benchmarks.inference [--device cpu|cuda] [--layers N] [--quick] [--toy] [--json] [--write docs/benchmarks/inference.md] [--work DIR]
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

from benchmarks.inference.checkpoint import write_checkpoint, write_gguf
from benchmarks.inference.report import Conditions, as_object, page, render
from benchmarks.inference.rows import Row, cpu_rows, cuda_rows
from benchmarks.inference.shapes import SOLAR, TOY, Shape
from benchmarks.inference.timing import Figures, Plan
from benchmarks.markdown import circumstances

_CPU_LAYERS: Final = 6
_LIBRARIES: Final = {"cpu": ("xllamacpp", "transformers", "torch", "bitsandbytes"), "cuda": ("transformers", "torch", "bitsandbytes")}


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where all was measured, whatever the figures; 2 where it cannot be."""
    asked = _parser().parse_args(arguments)
    if missing := [package for package in _LIBRARIES[asked.device] if importlib.util.find_spec(package) is None]:
        print(f"not installed: {', '.join(missing)}", file=sys.stderr)
        return 2
    if asked.device == "cuda" and not (asked.toy or _has_cuda()):
        print("no CUDA device here: run `--device cuda` where torch.cuda.is_available(), or add --toy to try the command on a CPU", file=sys.stderr)
        return 2
    started = time.perf_counter()
    shape = TOY if asked.toy else SOLAR
    shape = shape.with_layers(asked.layers or (_CPU_LAYERS if asked.device == "cpu" and not asked.toy else shape.layers))
    plan = _plan(shape, asked.device, quick=asked.quick, toy=asked.toy)
    with tempfile.TemporaryDirectory(prefix="inference-", dir=asked.work) as work:
        rows = (_on_cpu if asked.device == "cpu" else _on_cuda)(Path(work), shape, plan)
    where = circumstances(time.perf_counter() - started, _LIBRARIES[asked.device])
    command = " ".join(("python -m benchmarks.inference", *(sys.argv[1:] if arguments is None else arguments)))
    conditions = Conditions(command, _named(shape), plan, _load())
    if asked.write:
        asked.write.parent.mkdir(parents=True, exist_ok=True)
        asked.write.write_text(page(rows, conditions, where), encoding="utf-8")
    print(json.dumps(as_object(rows, conditions, where)) if asked.json else render(rows))
    return 0


def _plan(shape: Shape, device: str, *, quick: bool, toy: bool) -> Plan:
    plan = Plan("", shape.layers, toy, shape.context_tokens, 200, reply_tokens=16, history_tokens=3000, rounds=5, history_rounds=2, device=device)
    if device == "cuda":
        plan = replace(plan, reply_tokens=256, rounds=7, history_rounds=3)
    if quick:
        plan = replace(plan, reply_tokens=16, history_tokens=600, rounds=2, history_rounds=1)
    return replace(plan, prompt_tokens=40, reply_tokens=8, history_tokens=120, rounds=2, history_rounds=1, device="cpu") if toy else plan


def _on_cpu(work: Path, shape: Shape, plan: Plan) -> list[Row]:
    folder = write_checkpoint(work / "safetensors", shape)
    file = write_gguf(work / "q4_k_m.gguf", shape, folder)
    llama = _measured("llama", replace(plan, model=str(file)))
    return cpu_rows(llama, _measured("nf4", replace(plan, model=str(folder))))


def _on_cuda(work: Path, _shape: Shape, plan: Plan) -> list[Row]:
    return cuda_rows(_measured("cuda", replace(plan, model=str(work))))


def _measured(probe: str, plan: Plan) -> Figures:
    """What `probe` found, in a process of its own."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.inference.probes", probe, json.dumps(asdict(plan))]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    if done.returncode:
        raise SystemExit(f"the probe {probe!r} failed; see above")
    print(f"{probe}: {time.perf_counter() - started:.0f} s", file=sys.stderr)
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def _has_cuda() -> bool:
    import torch

    return bool(torch.cuda.is_available())


def _named(shape: Shape) -> str:
    size = f"{shape.layers} layers of {shape.hidden} wide, {shape.parameters / 1e9:.2f} billion parameters"
    return f"A Llama of {size}, Q4_K_M for llama.cpp and NF4 for transformers."


def _load() -> tuple[str, ...]:
    """What else the machine was doing, where the system says."""
    if not hasattr(os, "getloadavg"):
        return ()
    minutes = os.getloadavg()[2]
    return (f"About {minutes:.1f} processes wanted a core over the last 15 minutes of the run, this one among them.",)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.inference", description="How fast replies come, beside what engines are built on.")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--layers", type=int, metavar="N", help=f"how deep ({_CPU_LAYERS} on a CPU, {SOLAR.layers} on CUDA)")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, shorter texts")
    parser.add_argument("--toy", action="store_true", help="a toy shape in seconds, to try the command; its figures mean nothing")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the report (Markdown) here too")
    parser.add_argument("--work", type=Path, metavar="DIR", help="where the models are made; 5 GB for six layers")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
