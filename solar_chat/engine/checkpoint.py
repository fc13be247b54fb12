"""What a model folder holds, checked before anything is allocated.

Reads `config.json` and the headers of the safetensors files, a few kilobytes of a 20 GB folder: a truncated download, a missing shard, a pickle or
a model that needs its own code is refused here, with its name, instead of half-way through loading. Never opens a pickle, never runs a
checkpoint's code.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solar_chat.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor

# Dense decoders with rotary positions and an ordinary KV cache, which is what the decode loop reuses over turns; each one is tested.
ARCHITECTURES = {
    "llama": "LlamaForCausalLM",
    "mistral": "MistralForCausalLM",
    "qwen2": "Qwen2ForCausalLM",
    "qwen3": "Qwen3ForCausalLM",
}
# A header of even a thousand layers is below this; a random file is not.
_MAX_HEADER_BYTES = 100_000_000
_SHAPE_KEYS = ("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size")
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")


# Names of the format and of torch; other ones are for formats that are refused.
TORCH_DTYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "U8": "uint8", "I8": "int8", "I64": "int64", "BOOL": "bool"}


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """One tensor where it lies. transformers takes it for a slice of the safetensors library: `get_dtype`, and `[...]` for all of it."""

    file: Path
    dtype: str
    """As the format spells it: "BF16"."""
    shape: tuple[int, ...]
    start: int
    """Its first byte in the file."""
    size_bytes: int

    @property
    def elements(self) -> int:
        return math.prod(self.shape)

    def get_dtype(self) -> str:
        return self.dtype

    def __getitem__(self, _all: object) -> Tensor:
        return self.rows(0, self.shape[0] if self.shape else 1)

    def rows(self, first: int, end: int) -> Tensor:
        """Those rows, read and not mapped: what is done with then takes no memory any more. Raises ModelError `model_file_broken`."""
        import torch

        count = self.shape[0] if self.shape else 1
        row_bytes = self.size_bytes // count if count else 0
        read = torch.empty((end - first) * row_bytes, dtype=torch.uint8)
        with self.file.open("rb", buffering=0) as stream:
            stream.seek(self.start + first * row_bytes)
            into, done = read.numpy().data, 0
            # Linux reads at most 2 GB at once.
            while done < len(into):
                step = stream.readinto(into[done:])
                if not step:
                    raise ModelError("model_file_broken", path=self.file.parent, file=self.file.name, reason="too short")
                done += step
        return read.view(getattr(torch, TORCH_DTYPES[self.dtype])).reshape((end - first, *self.shape[1:]) if self.shape else ())


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A folder that passed the checks."""

    folder: Path
    config: dict[str, Any]
    architecture: str
    """Class name in transformers."""
    tensors: dict[str, StoredTensor]
    parameters: int
    """Elements of all tensors; those of a 4-bit checkpoint are counted packed."""
    prequantized: bool
    """Already saved in 4 bits by bitsandbytes."""

    @property
    def tensor_bytes(self) -> int:
        """All tensors as they are stored."""
        return sum(tensor.size_bytes for tensor in self.tensors.values())


def read_checkpoint(folder: Path) -> Checkpoint:
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
    tensors = {name: tensor for file in _weight_files(folder) for name, tensor in _read_header(file).items()}
    return Checkpoint(
        folder=folder,
        config=config,
        architecture=architecture,
        tensors=tensors,
        parameters=sum(tensor.elements for tensor in tensors.values()),
        prequantized=bool(quantization),
    )


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


def _weight_files(folder: Path) -> list[Path]:
    index = folder / "model.safetensors.index.json"
    if index.exists():
        weight_map = read_json(folder, index.name).get("weight_map")
        if not isinstance(weight_map, dict) or not weight_map:
            raise ModelError("model_file_broken", path=folder, file=index.name, reason="no weight_map")
        names = sorted(set(weight_map.values()))
    else:
        names = ["model.safetensors"]
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        pickles = any(next(folder.glob(pattern), None) for pattern in _PICKLES)
        if pickles and not any(folder.glob("*.safetensors")):
            raise ModelError("model_only_pickle", path=folder)
        raise ModelError("model_file_missing", path=folder, file=", ".join(missing))
    return [folder / name for name in names]


def _read_header(file: Path) -> dict[str, StoredTensor]:
    """The tensors in `file`; the format is 8 bytes of header length, a JSON header, the data."""

    def broken(reason: str) -> ModelError:
        return ModelError("model_file_broken", path=file.parent, file=file.name, reason=reason)

    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            header_bytes = int.from_bytes(stream.read(8), "little")
            if not 2 <= header_bytes <= min(_MAX_HEADER_BYTES, size - 8):
                raise broken("no safetensors header")
            header = json.loads(stream.read(header_bytes))
    except (OSError, ValueError) as error:
        raise broken(str(error)) from error
    data_start = 8 + header_bytes
    try:
        header.pop("__metadata__", None)
        tensors = {name: _stored(file, data_start, entry) for name, entry in header.items()}
    except (TypeError, AttributeError, KeyError, ValueError) as error:
        raise broken("no safetensors header") from error
    end = max((tensor.start + tensor.size_bytes for tensor in tensors.values()), default=data_start)
    if size < end:
        raise broken(f"{size} of {end} bytes")
    return tensors


def _stored(file: Path, data_start: int, entry: dict[str, Any]) -> StoredTensor:
    begin, end = entry["data_offsets"]
    return StoredTensor(file, str(entry["dtype"]), tuple(int(length) for length in entry["shape"]), data_start + begin, end - begin)
