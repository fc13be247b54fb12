"""What a model folder holds, checked before anything is allocated.

Reads `config.json` and the headers of the safetensors files, a few kilobytes of a 20 GB folder: a truncated download, a missing shard, a pickle or
a model that needs its own code is refused here, with its name, instead of half-way through loading. Never opens a pickle, never runs a
checkpoint's code.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solar_chat.errors import ModelError

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


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A folder that passed the checks."""

    folder: Path
    config: dict[str, Any]
    architecture: str
    """Class name in transformers."""
    tensor_bytes: int
    """All tensors as they are stored."""
    parameters: int
    """Elements of all tensors; those of a 4-bit checkpoint are counted packed."""
    prequantized: bool
    """Already saved in 4 bits by bitsandbytes."""


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
    stored = [_read_header(file) for file in _weight_files(folder)]
    return Checkpoint(
        folder=folder,
        config=config,
        architecture=architecture,
        tensor_bytes=sum(size for size, _ in stored),
        parameters=sum(elements for _, elements in stored),
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


def _read_header(file: Path) -> tuple[int, int]:
    """(bytes, elements) of the tensors in `file`; the format is 8 bytes of header length, a JSON header, the data."""

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
    try:
        header.pop("__metadata__", None)
        data_bytes = max((tensor["data_offsets"][1] for tensor in header.values()), default=0)
        elements = sum(_product(tensor["shape"]) for tensor in header.values())
    except (TypeError, AttributeError, KeyError, IndexError) as error:
        raise broken("no safetensors header") from error
    if size < 8 + header_bytes + data_bytes:
        raise broken(f"{size} of {8 + header_bytes + data_bytes} bytes")
    return data_bytes, elements


def _product(shape: list[int]) -> int:
    result = 1
    for length in shape:
        result *= length
    return result
