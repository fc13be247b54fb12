"""What a model folder holds, checked before anything is allocated.

The layout is read by `solar_chat.checkpoint`, a few kilobytes of a 20 GB folder. Loading adds which architecture it is, and how torch reads a tensor:
a truncated download, a missing shard, a pickle or a model that needs its own code is refused here, with its name, instead of half-way through
loading. Never opens a pickle, never runs a checkpoint's code.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solar_chat.checkpoint import Checkpoint, StoredTensor
from solar_chat.errors import InputError, ModelError

if TYPE_CHECKING:
    from torch import Tensor

# Dense decoders with rotary positions and an ordinary KV cache, which is what the decode loop reuses over turns; each one is tested.
ARCHITECTURES = {
    "llama": "LlamaForCausalLM",
    "mistral": "MistralForCausalLM",
    "qwen2": "Qwen2ForCausalLM",
    "qwen3": "Qwen3ForCausalLM",
}
_SHAPE_KEYS = ("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size")
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")
# What is wrong with a file, in a word or two; where nothing is said here, it is not what the format has.
_REASONS = {
    "upscale_cut_off": "too short",
    "upscale_not_in_index": "other tensors than in the index",
    "upscale_not_in_files": "other tensors than in the index",
    "upscale_twice": "tensors of another file",
}
# Names of the format and of torch; other ones are for formats that are refused.
_TORCH_NAMES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "U8": "uint8", "I8": "int8", "I64": "int64", "BOOL": "bool"}


@dataclass(frozen=True, slots=True)
class LoadableCheckpoint(Checkpoint):
    """A folder that passed the checks."""

    architecture: str
    """Class name in transformers."""
    prequantized: bool
    """Already saved in 4 bits by bitsandbytes."""


class LazyTensor:
    """A tensor where it lies, as transformers takes a slice of the safetensors library: `get_dtype`, and `[...]` for all of it."""

    def __init__(self, stored: StoredTensor) -> None:
        self._stored = stored

    def get_dtype(self) -> str:
        return self._stored.dtype

    def __getitem__(self, _all: object) -> Tensor:
        return read_whole(self._stored)


def read_whole(tensor: StoredTensor) -> Tensor:
    """See `read_rows`."""
    return read_rows(tensor, 0, tensor.shape[0] if tensor.shape else 1)


def read_rows(tensor: StoredTensor, first: int, end: int) -> Tensor:
    """Those rows, read and not mapped: what is done with then takes no memory any more. Raises ModelError `model_file_broken`."""
    import torch

    count = tensor.shape[0] if tensor.shape else 1
    row_bytes = tensor.length // count if count else 0
    read = torch.empty((end - first) * row_bytes, dtype=torch.uint8)
    with tensor.file.open("rb", buffering=0) as stream:
        stream.seek(tensor.start + first * row_bytes)
        into, done = read.numpy().data, 0
        # Linux reads at most 2 GB at once.
        while done < len(into):
            step = stream.readinto(into[done:])
            if not step:
                raise explained(InputError("upscale_cut_off", file=tensor.file.name), tensor.file.parent)
            done += step
    return read.view(getattr(torch, _TORCH_NAMES[tensor.dtype])).reshape((end - first, *tensor.shape[1:]) if tensor.shape else ())


def read_checkpoint(folder: Path) -> LoadableCheckpoint:
    """Check `folder` and describe it. Raises ModelError, see the module."""
    if not folder.is_dir():
        raise ModelError("model_folder_missing", path=folder)
    config = read_json(folder, "config.json")
    architecture = ARCHITECTURES.get(str(config.get("model_type")))
    if architecture is None:
        key = "model_remote_code" if "auto_map" in config else "model_architecture"
        raise ModelError(key, path=folder, type=config.get("model_type", "?"), supported=", ".join(ARCHITECTURES))
    missing = [key for key in _SHAPE_KEYS if not isinstance(config.get(key), int)]
    if missing:
        raise ModelError("model_file_broken", path=folder, file="config.json", reason=f"no {', '.join(missing)}")
    quantization = config.get("quantization_config") or {}
    method = quantization.get("quant_method")
    if quantization and (method != "bitsandbytes" or not quantization.get("load_in_4bit")):
        raise ModelError("model_quantization", path=folder, method=method or "?")
    try:
        layout = Checkpoint.read(folder, unlisted=True)
    except InputError as error:
        if error.key == "upscale_no_weights" and _has_only_pickles(folder):
            raise ModelError("model_only_pickle", path=folder) from error
        raise explained(error, folder) from error
    return LoadableCheckpoint(folder, config, layout.tensors, architecture, prequantized=bool(quantization))


def explained(error: InputError, folder: Path) -> ModelError:
    """What `solar_chat.checkpoint` finds wrong with a file of `folder`, as loading tells it."""
    if error.key == "upscale_no_weights":
        return ModelError("model_file_missing", path=folder, file=error.params["file"])
    file = error.params.get("file") or error.params.get("other") or "config.json"
    return ModelError("model_file_broken", path=folder, file=file, reason=_REASONS.get(error.key, "format"))


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """The object in `folder`/`name`. Raises ModelError `model_file_missing` or `model_file_broken`."""
    try:
        content = json.loads((folder / name).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError("model_file_missing", path=folder, file=name) from error
    except (OSError, ValueError) as error:
        raise ModelError("model_file_broken", path=folder, file=name, reason=str(error)) from error
    if not isinstance(content, dict):
        raise ModelError("model_file_broken", path=folder, file=name, reason="no JSON object")
    return content


def _has_only_pickles(folder: Path) -> bool:
    return any(next(folder.glob(pattern), None) for pattern in _PICKLES) and not any(folder.glob("*.safetensors"))
