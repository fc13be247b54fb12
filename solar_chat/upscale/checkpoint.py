"""Carrying out a plan: a safetensors checkpoint in, a deeper one out, byte ranges copied from file to file.

No tensor is ever built, so memory stays flat at any size. The result appears by renaming a finished temporary folder, its index written last: a run
that failed leaves nothing that looks like a model. Layers are found by structure (`<prefix>.<number>.<rest>` under the one prefix that counts
`num_hidden_layers`), never by model name. Training is not done here.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from solar_chat.errors import InputError
from solar_chat.upscale.plan import DepthPlan

INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"
_CHUNK_BYTES = 16 * 1024 * 1024
_SHARD_BYTES = 5_000_000_000
_NUMBERED = re.compile(r"^(?P<prefix>.*?)\.(?P<layer>\d+)\.(?P<rest>.+)$")
# The tensors of the source describe themselves; an old index, other formats of the same weights and what a hub leaves behind do not belong.
_NOT_COPIED = re.compile(r"\.(safetensors|bin|pt|pth|gguf|h5|msgpack|onnx)$|\.index\.json$|^config\.json$|^\.")


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """Where one tensor's bytes lie."""

    name: str
    file: Path
    dtype: str
    shape: tuple[int, ...]
    start: int
    """Offset of the first byte in the file."""
    length: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The layout of a safetensors checkpoint; its headers are read, its weights are not."""

    folder: Path
    config: Mapping[str, object]
    tensors: Mapping[str, StoredTensor]

    @classmethod
    def read(cls, folder: Path) -> Checkpoint:
        """Read the layout of `folder`, sharded or not.

        Raises InputError `upscale_no_config`, `upscale_no_weights` or `upscale_broken_file`.
        """
        try:
            config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError("upscale_no_config", path=folder) from error
        try:
            files = sorted(set(json.loads((folder / INDEX).read_text(encoding="utf-8"))["weight_map"].values()))
        except FileNotFoundError:
            files = [SINGLE]
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError("upscale_broken_file", file=INDEX) from error
        tensors: dict[str, StoredTensor] = {}
        for file in files:
            path = folder / file
            if not path.is_file():
                raise InputError("upscale_no_weights", path=folder, file=file)
            for tensor in _header(path):
                tensors[tensor.name] = tensor
        return cls(folder, config, tensors)

    @property
    def layers(self) -> int:
        """Layers by the config. Raises InputError `upscale_unknown_config`."""
        count = self.config.get("num_hidden_layers")
        if not isinstance(count, int):
            raise InputError("upscale_unknown_config", field="num_hidden_layers")
        return count

    @property
    def layer_prefix(self) -> str:
        """What stands before the layer number, "model.layers" for Llama: the prefix whose numbers are exactly 0 to n - 1.

        Raises InputError `upscale_no_layers` where no prefix, or more than one, fits.
        """
        numbers: dict[str, set[int]] = {}
        weight: Counter[str] = Counter()
        for name, tensor in self.tensors.items():
            if found := _NUMBERED.match(name):
                numbers.setdefault(found["prefix"], set()).add(int(found["layer"]))
                weight[found["prefix"]] += tensor.length
        fitting = [prefix for prefix, _ in weight.most_common() if numbers[prefix] == set(range(self.layers))]
        if len(fitting) != 1:
            raise InputError("upscale_no_layers", layers=self.layers, found=", ".join(fitting) or "-")
        return fitting[0]


def planned(source: Checkpoint, plan: DepthPlan) -> dict[str, StoredTensor]:
    """Each tensor name of the result → the source tensor it copies. Raises InputError `upscale_other_depth` where the plan is for another model."""
    if plan.source_layers != source.layers:
        raise InputError("upscale_other_depth", planned=plan.source_layers, layers=source.layers)
    prefix = source.layer_prefix
    inside: dict[int, list[tuple[str, StoredTensor]]] = {}
    result: dict[str, StoredTensor] = {}
    for name, tensor in source.tensors.items():
        found = _NUMBERED.match(name)
        if found and found["prefix"] == prefix:
            inside.setdefault(int(found["layer"]), []).append((found["rest"], tensor))
        else:
            result[name] = tensor
    for new, old in enumerate(plan.sources):
        for rest, tensor in inside[old]:
            result[f"{prefix}.{new}.{rest}"] = tensor
    return result


def deepened_config(source: Checkpoint, plan: DepthPlan) -> dict[str, object]:
    """The config of the result: its depth, and every list that has one entry per layer, follow the plan."""
    config = dict(source.config)
    for key, value in source.config.items():
        if isinstance(value, list) and len(value) == source.layers and (key.startswith("layer") or key.endswith(("_layers", "_layer_types"))):
            config[key] = [value[layer] for layer in plan.sources]
    config["num_hidden_layers"] = plan.layers
    # Qwen-style configs say up to which layer the sliding window counts; it must not fall short of the new depth.
    if config.get("max_window_layers") == source.layers:
        config["max_window_layers"] = plan.layers
    return config


def write(source: Checkpoint, plan: DepthPlan, target: Path, *, shard_bytes: int = _SHARD_BYTES) -> Path:
    """Write the deeper checkpoint to the new folder `target` and return it; files of at most `shard_bytes` where tensors allow.

    Raises InputError `upscale_target_exists`, `upscale_no_room` (params in bytes) or `upscale_write_failed`; nothing is left behind then.
    """
    tensors = planned(source, plan)
    if target.exists():
        raise InputError("upscale_target_exists", path=target)
    shards = _shards(tensors, shard_bytes)
    names = [SINGLE] if len(shards) == 1 else [f"model-{number:05d}-of-{len(shards):05d}.safetensors" for number in range(1, len(shards) + 1)]
    need = sum(tensor.length for tensor in tensors.values())
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(target.parent).free
        if free < need:
            raise InputError("upscale_no_room", need_bytes=need, free_bytes=free)
        temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        try:
            for name, shard in zip(names, shards, strict=True):
                _write_shard(temporary / name, shard)
            for path in sorted(source.folder.iterdir()):
                if path.is_file() and not _NOT_COPIED.search(path.name):
                    shutil.copyfile(path, temporary / path.name)
            _write_json(temporary / "config.json", deepened_config(source, plan))
            if len(shards) > 1:
                weight_map = {tensor: name for name, shard in zip(names, shards, strict=True) for tensor in shard}
                _write_json(temporary / INDEX, {"metadata": {"total_size": need}, "weight_map": weight_map})
            temporary.chmod(0o755)
            temporary.rename(target)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
    except OSError as error:
        raise InputError("upscale_write_failed", path=target, reason=error.strerror or str(error)) from error
    return target


def _header(path: Path) -> Iterator[StoredTensor]:
    """The tensors of one safetensors file: 8 bytes of header length, the header as JSON, then the data."""
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            # A file cut off inside the header must not make us read its garbage as a length.
            if not 2 <= length <= size - 8:
                raise ValueError("header length")
            header = json.loads(file.read(length))
        data = 8 + length
        for name, entry in header.items():
            if name == "__metadata__":
                continue
            start, end = entry["data_offsets"]
            if not 0 <= start <= end <= size - data:
                raise ValueError("offsets")
            yield StoredTensor(name, path, entry["dtype"], tuple(entry["shape"]), data + start, end - start)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError("upscale_broken_file", file=path.name) from error


def _shards(tensors: Mapping[str, StoredTensor], shard_bytes: int) -> list[dict[str, StoredTensor]]:
    shards: list[dict[str, StoredTensor]] = [{}]
    filled = 0
    for name in sorted(tensors):
        tensor = tensors[name]
        if shards[-1] and filled + tensor.length > shard_bytes:
            shards.append({})
            filled = 0
        shards[-1][name] = tensor
        filled += tensor.length
    return shards


def _write_shard(path: Path, shard: Mapping[str, StoredTensor]) -> None:
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for name, tensor in shard.items():
        header[name] = {"dtype": tensor.dtype, "shape": list(tensor.shape), "data_offsets": [offset, offset + tensor.length]}
        offset += tensor.length
    encoded = json.dumps(header, separators=(",", ":")).encode()
    # Padded with spaces to 8 bytes, as the format asks, so that tensors lie aligned.
    encoded += b" " * (-len(encoded) % 8)
    with ExitStack() as stack, path.open("wb") as file:
        file.write(len(encoded).to_bytes(8, "little"))
        file.write(encoded)
        opened: dict[Path, BinaryIO] = {}
        for tensor in shard.values():
            if tensor.file not in opened:
                opened[tensor.file] = stack.enter_context(tensor.file.open("rb"))
            for chunk in read_bytes(opened[tensor.file], tensor):
                file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def read_bytes(file: BinaryIO, tensor: StoredTensor) -> Iterator[bytes]:
    """The bytes of `tensor` in pieces. Raises InputError `upscale_broken_file` where the file ends too early."""
    file.seek(tensor.start)
    left = tensor.length
    while left:
        chunk = file.read(min(left, _CHUNK_BYTES))
        if not chunk:
            raise InputError("upscale_broken_file", file=tensor.file.name)
        left -= len(chunk)
        yield chunk


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
