"""A 16-bit checkpoint in four bits (NF4, double quantization), a few rows of one tensor at a time.

The result is what bitsandbytes itself makes of the whole tensor, bit for bit, in the format in which it saves: transformers loads it as it is. The
rule: memory holds one quantized tensor and a few megabytes of its source, never a shard; a GPU, where there is one, does the arithmetic. Embedding,
head, norms and biases stay as they are. Decides nothing about where a copy lies or whether there is room for it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solar_chat.checkpoint import StoredTensor, read_bytes
from solar_chat.engine.checkpoint import LoadableCheckpoint, explained, read_rows, read_whole
from solar_chat.errors import InputError, ModelError

if TYPE_CHECKING:
    from torch import Tensor

BLOCK = 64
"""Weights that share one scale."""
NESTED_BLOCK = 256
"""Scales that share one scale of their own."""
# bitsandbytes takes about 20 bytes a weight while it works on a CPU: this keeps it at 80 MB.
SLICE_WEIGHTS = 4_000_000
# The description of a tensor is JSON of varying length; with blanks behind it every size is known before anything is quantized.
_STATE_BYTES = 256
_CODE_LENGTHS = {"quant_map": 16, "nested_quant_map": 256}
_FLOATS = ("F16", "BF16", "F32")

ReportShare = Callable[[float], None]
"""Called with the share of the weights that is done."""


@dataclass(frozen=True, slots=True)
class _Slot:
    """One tensor of the result."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    size_bytes: int


@dataclass(frozen=True, slots=True)
class _Job:
    """One tensor of the source: what becomes of it."""

    source: StoredTensor
    quantized: bool
    slots: tuple[_Slot, ...]


def quantized_bytes(checkpoint: LoadableCheckpoint) -> int:
    """Size of the tensors of the copy. Raises ModelError `model_weights_mismatch`."""
    return sum(slot.size_bytes for job in _jobs(checkpoint) for slot in job.slots)


def quantized_tensors(checkpoint: LoadableCheckpoint, device: str, report: ReportShare) -> dict[str, Tensor]:
    """All of them, on `device`. Raises ModelError `model_weights_mismatch`, `model_file_broken`."""
    found: dict[str, Tensor] = {}
    for job in _reported(_jobs(checkpoint), report):
        if job.quantized:
            found |= _quantize(job, device)
        else:
            found[job.slots[0].name] = read_whole(job.source).to(device)
    return found


def write_quantized(checkpoint: LoadableCheckpoint, folder: Path, device: str, report: ReportShare) -> None:
    """Write weights, index and config.json into `folder`, a file for each of the source's, the configuration last.

    Raises ModelError `model_weights_mismatch`, `model_file_broken`, and OSError where the disk is full.
    """
    jobs = _jobs(checkpoint)
    files = sorted({job.source.file for job in jobs})
    reporting = iter(_reported(jobs, report))
    for file in files:
        _write_file(folder / file.name, [job for job in jobs if job.source.file == file], reporting, device)
    if len(files) > 1:
        weight_map = {slot.name: job.source.file.name for job in jobs for slot in job.slots}
        index = {"metadata": {"total_size": sum(slot.size_bytes for job in jobs for slot in job.slots)}, "weight_map": weight_map}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=1), encoding="utf-8")
    config = {**checkpoint.config, "quantization_config": quantization_config()}
    (folder / "config.json").write_text(json.dumps(config, ensure_ascii=False, indent=2), encoding="utf-8")


def quantization_config() -> dict[str, Any]:
    """As it stands in the config.json of a copy; what a machine computes in is set when it is loaded."""
    return {
        "quant_method": "bitsandbytes",
        "load_in_4bit": True,
        "bnb_4bit_quant_type": "nf4",
        "bnb_4bit_use_double_quant": True,
        "bnb_4bit_compute_dtype": "bfloat16",
        "bnb_4bit_quant_storage": "uint8",
    }


def _jobs(checkpoint: LoadableCheckpoint) -> list[_Job]:
    """What is to be done, file by file in the order of the bytes. Raises ModelError where the weights are not those of the configuration."""
    shapes, linear, prefix = _expected(checkpoint)
    jobs, seen, wrong = [], set(), []
    for stored_name, tensor in checkpoint.tensors.items():
        # A checkpoint of the bare model leaves its name out; what the model does not know at all (old rotary tables) is left behind.
        name = stored_name if stored_name in shapes else f"{prefix}.{stored_name}"
        if name not in shapes:
            continue
        seen.add(name)
        if shapes[name] != tensor.shape or tensor.dtype not in _FLOATS:
            wrong.append(name)
        quantized = name in linear
        jobs.append(_Job(tensor, quantized, _slots(name, tensor) if quantized else (_Slot(name, tensor.dtype, tensor.shape, tensor.length),)))
    wrong = sorted([*wrong, *(linear - seen)])
    if wrong:
        raise ModelError("model_weights_mismatch", path=checkpoint.folder, tensor=wrong[0], count=len(wrong))
    return sorted(jobs, key=lambda job: (job.source.file, job.source.start))


def _expected(checkpoint: LoadableCheckpoint) -> tuple[dict[str, tuple[int, ...]], set[str], str]:
    """Shape of each tensor of the model, which of them are quantized, and the prefix of the inner model's names."""
    import torch
    import transformers

    model_class = getattr(transformers, checkpoint.architecture)
    config = model_class.config_class.from_pretrained(str(checkpoint.folder), local_files_only=True)
    with torch.device("meta"):
        model = model_class(config)
    # transformers leaves the head alone when it loads in four bits; most of a reply's tokens are decided by small differences there.
    head = model.get_output_embeddings()
    linear = {f"{name}.weight" for name, module in model.named_modules() if type(module) is torch.nn.Linear and module is not head}
    return {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}, linear, str(model.base_model_prefix)


def _slots(name: str, tensor: StoredTensor) -> tuple[_Slot, ...]:
    scales = -(-tensor.parameters // BLOCK)
    nested = -(-scales // NESTED_BLOCK)
    packed = -(-tensor.parameters // 2)
    return (
        _Slot(name, "U8", (packed, 1), packed),
        _Slot(f"{name}.absmax", "U8", (scales,), scales),
        _Slot(f"{name}.nested_absmax", "F32", (nested,), 4 * nested),
        *(_Slot(f"{name}.{part}", "F32", (length,), 4 * length) for part, length in _CODE_LENGTHS.items()),
        _Slot(f"{name}.quant_state.bitsandbytes__nf4", "U8", (_STATE_BYTES,), _STATE_BYTES),
    )


def _quantize(job: _Job, device: str) -> dict[str, Tensor]:
    """The tensors of `job.slots`. bitsandbytes' own functions on a few whole blocks at a time, so that the result is the same."""
    import torch
    from bitsandbytes import functional

    tensor, name = job.source, job.slots[0].name
    rows, columns = tensor.shape[0], tensor.parameters // tensor.shape[0]
    packed = torch.empty(job.slots[0].shape, dtype=torch.uint8, device=device)
    absmax = torch.empty(job.slots[1].shape, dtype=torch.float32, device=device)
    # 64 rows are whole blocks whatever their length.
    step = max(BLOCK, SLICE_WEIGHTS // columns // BLOCK * BLOCK)
    for first in range(0, rows, step):
        part = read_rows(tensor, first, min(first + step, rows)).to(device)
        four_bits, state = functional.quantize_4bit(part, blocksize=BLOCK, compress_statistics=False, quant_type="nf4")
        at, scale_at = first * columns // 2, first * columns // BLOCK
        packed[at : at + four_bits.shape[0]] = four_bits
        absmax[scale_at : scale_at + state.absmax.shape[0]] = state.absmax
    offset = absmax.mean()
    state.absmax, state.state2 = functional.quantize_blockwise(absmax - offset, blocksize=NESTED_BLOCK)
    state.shape, state.offset, state.nested = torch.Size(tensor.shape), offset, True
    parts: dict[str, Tensor] = state.as_dict(packed=True)
    found = {name: packed, **{f"{name}.{part}": value for part, value in parts.items()}}
    described = found[job.slots[-1].name]
    found[job.slots[-1].name] = torch.nn.functional.pad(described, (0, _STATE_BYTES - len(described)), value=ord(" "))
    return found


def _write_file(path: Path, jobs: list[_Job], reporting: Iterator[_Job], device: str) -> None:
    """One safetensors file, every tensor at a place that was decided before the first was quantized."""
    # Wide numbers first: each tensor then lies at a multiple of its width, which a mapped file needs.
    slots = sorted((slot for job in jobs for slot in job.slots), key=lambda slot: -_width(slot.dtype))
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    at = 0
    for slot in slots:
        header[slot.name] = {"dtype": slot.dtype, "shape": slot.shape, "data_offsets": [at, at + slot.size_bytes]}
        at += slot.size_bytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as stream:
        stream.write(len(text).to_bytes(8, "little") + text)
        for job in (next(reporting) for _ in jobs):
            if not job.quantized:
                stream.seek(8 + len(text) + header[job.slots[0].name]["data_offsets"][0])
                _copy_bytes(job.source, stream)
                continue
            made = _quantize(job, device)
            for slot in job.slots:
                stream.seek(8 + len(text) + header[slot.name]["data_offsets"][0])
                stream.write(made[slot.name].cpu().contiguous().numpy().data.cast("B"))
        stream.flush()
        os.fsync(stream.fileno())


def _copy_bytes(tensor: StoredTensor, stream: Any) -> None:
    try:
        with tensor.file.open("rb") as source:
            stream.writelines(read_bytes(source, tensor))
    except InputError as error:
        raise explained(error, tensor.file.parent) from error


def _width(dtype: str) -> int:
    return {"F32": 4, "F16": 2, "BF16": 2}.get(dtype, 1)


def _reported(jobs: list[_Job], report: ReportShare) -> Iterator[_Job]:
    total, done = sum(job.source.length for job in jobs), 0
    for job in jobs:
        yield job
        done += job.source.length
        report(done / total)
