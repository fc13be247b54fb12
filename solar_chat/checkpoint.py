"""A safetensors checkpoint as it lies on the disk, or on a hub: its config and where each tensor's bytes are.

Headers are read, weights never. The rule: what a header or an index says is believed only after it fits the files, since a cut-off download must be
named before anything is copied from it. What the tensors mean is for `upscale`, `export` and `engine` to know.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from solar_chat.errors import InputError

INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"
# One piece of a comparison: big enough for the disk, small beside any model.
_CHUNK_BYTES = 4 * 1024 * 1024
# What the format's own reader allows; more is garbage read as a length.
_LONGEST_HEADER_BYTES = 100_000_000
_DEPTH_KEYS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")
_BITS = {"F64": 64, "I64": 64, "U64": 64, "C64": 64, "F32": 32, "I32": 32, "U32": 32, "F16": 16, "BF16": 16, "I16": 16, "U16": 16}
_BITS |= {"F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "I8": 8, "U8": 8, "BOOL": 8}
_BITS |= {"F6_E2M3": 6, "F6_E3M2": 6, "F4": 4}


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

    @property
    def parameters(self) -> int:
        return math.prod(self.shape)

    @property
    def item_bits(self) -> int:
        """0 for a type this program does not know; its bytes are copied all the same."""
        return _BITS.get(self.dtype, 0)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The layout of a safetensors checkpoint."""

    folder: Path
    """Where config.json, the tokenizer and the other small files are."""
    config: Mapping[str, Any]
    tensors: Mapping[str, StoredTensor]

    @classmethod
    def read(cls, folder: Path, files: Iterable[Path] | None = None, *, unlisted: bool = False) -> Checkpoint:
        """Read the layout of `folder`, sharded or not; `files` names the weights where no index does. `unlisted`: shards may hold more than the index
        says, as transformers lets them.

        Raises InputError `upscale_no_config`, `upscale_no_weights`, `upscale_broken_file`, `upscale_cut_off`, `upscale_not_in_index`,
        `upscale_not_in_files` or `upscale_twice`.
        """
        config = _config(folder, _bytes_of(folder / "config.json"))
        index = None if files is not None else shards(_bytes_of(folder / INDEX))
        paths = list(files) if files is not None else [folder / name for name in sorted(set(index.values()))] if index else [folder / SINGLE]
        return cls(folder, config, _tensors(index, ((path, *_head(path)) for path in paths), unlisted=unlisted))

    @classmethod
    def of_outline(cls, name: str, config: bytes | None, index: bytes | None, heads: Mapping[str, tuple[bytes, int]]) -> Checkpoint:
        """The layout of a checkpoint that is not here: `heads` has, by file name, what the file begins with, header and all, and its size in bytes.

        `name` stands where a folder would, in errors too, which are those of `read`.
        """
        folder = Path(name)
        return cls(folder, _config(folder, config), _tensors(shards(index), ((folder / file, *heads[file]) for file in sorted(heads))))

    @property
    def text_section(self) -> str | None:
        """The part of the config that describes the language model where that is not the whole: "text_config" of models that also see."""
        section = self.config.get("text_config")
        return "text_config" if isinstance(section, dict) and any(key in section for key in _DEPTH_KEYS) else None

    @property
    def text_config(self) -> Mapping[str, Any]:
        section = self.text_section
        return self.config if section is None else self.config[section]

    @property
    def depth_key(self) -> str:
        """The config's word for the number of layers. Raises InputError `upscale_unknown_config`."""
        for key in _DEPTH_KEYS:
            if type(self.text_config.get(key)) is int:
                return key
        raise InputError("upscale_unknown_config", field=_DEPTH_KEYS[0])

    @property
    def layers(self) -> int:
        """Layers by the config. Raises InputError `upscale_unknown_config`."""
        return int(self.text_config[self.depth_key])

    @property
    def parameters(self) -> int:
        """Elements of all tensors; those of a 4-bit checkpoint are counted packed."""
        return sum(tensor.parameters for tensor in self.tensors.values())

    @property
    def bytes(self) -> int:
        return sum(tensor.length for tensor in self.tensors.values())


def read_bytes(file: BinaryIO, tensor: StoredTensor) -> Iterator[bytes]:
    """The bytes of `tensor` in pieces. Raises InputError `upscale_cut_off` where the file ends too early."""
    file.seek(tensor.start)
    left = tensor.length
    while left:
        chunk = file.read(min(left, _CHUNK_BYTES))
        if not chunk:
            raise InputError("upscale_cut_off", file=tensor.file.name)
        left -= len(chunk)
        yield chunk


def shards(index: bytes | None) -> Mapping[str, str] | None:
    """Tensor name → file name, as the index says; None without one. Raises InputError `upscale_broken_file`."""
    if index is None:
        return None
    try:
        found = json.loads(index)["weight_map"]
        # A name with a path in it would read, and later copy, from outside the folder.
        if not found or any(not isinstance(name, str) or Path(name).name != name for name in found.values()):
            raise ValueError("weight_map")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError("upscale_broken_file", file=INDEX) from error
    return dict(found)


def header_bytes(beginning: bytes) -> int | None:
    """How long the header is that follows the first 8 bytes of a safetensors file; None where this is none."""
    length = int.from_bytes(beginning[:8], "little")
    return length if len(beginning) >= 8 and 2 <= length <= _LONGEST_HEADER_BYTES else None


def _bytes_of(path: Path) -> bytes | None:
    """None where there is no such file. Raises InputError `upscale_broken_file` where it cannot be read."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise InputError("upscale_broken_file", file=path.name) from error


def _config(folder: Path, written: bytes | None) -> Mapping[str, Any]:
    try:
        config = json.loads(written or b"")
    except ValueError as error:
        raise InputError("upscale_no_config", path=folder) from error
    if not isinstance(config, dict):
        raise InputError("upscale_no_config", path=folder)
    return config


def _tensors(index: Mapping[str, str] | None, heads: Iterable[tuple[Path, bytes, int]], *, unlisted: bool = False) -> dict[str, StoredTensor]:
    """All tensors of the files with these beginnings and sizes, each in one file, which is the one that the index names."""
    tensors: dict[str, StoredTensor] = {}
    for path, beginning, size in heads:
        for tensor in _header(path, beginning, size):
            if tensor.name in tensors:
                raise InputError("upscale_twice", tensor=tensor.name, one=tensors[tensor.name].file.name, other=path.name)
            tensors[tensor.name] = tensor
    if index is not None:
        _compare(index, tensors, unlisted=unlisted)
    return tensors


def _compare(index: Mapping[str, str], tensors: Mapping[str, StoredTensor], *, unlisted: bool) -> None:
    for name, tensor in tensors.items():
        if index.get(name, tensor.file.name if unlisted else None) != tensor.file.name:
            raise InputError("upscale_not_in_index", tensor=name, file=tensor.file.name)
    for name, file in index.items():
        if name not in tensors:
            raise InputError("upscale_not_in_files", tensor=name, file=file)


def _head(path: Path) -> tuple[bytes, int]:
    """(length and header, size of the file). Raises InputError `upscale_no_weights` or `upscale_broken_file`."""
    if not path.is_file():
        raise InputError("upscale_no_weights", path=path.parent, file=path.name)
    try:
        with path.open("rb") as file:
            beginning = file.read(8)
            return beginning + file.read(header_bytes(beginning) or 0), path.stat().st_size
    except OSError as error:
        raise InputError("upscale_broken_file", file=path.name) from error


def _header(path: Path, beginning: bytes, size: int) -> Iterator[StoredTensor]:
    """The tensors of one safetensors file: 8 bytes of header length, the header as JSON, then the data."""
    length = header_bytes(beginning)
    if length is None:
        raise InputError("upscale_broken_file", file=path.name)
    data = 8 + length
    if data > min(size, len(beginning)):
        raise InputError("upscale_cut_off", file=path.name)
    end_of_data = 0
    try:
        for name, entry in json.loads(beginning[8:data]).items():
            if name == "__metadata__":
                continue
            start, end = entry["data_offsets"]
            tensor = StoredTensor(name, path, str(entry["dtype"]), tuple(map(int, entry["shape"])), data + start, end - start)
            if not 0 <= start <= end or (tensor.item_bits and tensor.parameters * tensor.item_bits != tensor.length * 8):
                raise ValueError("offsets")
            if end > size - data:
                raise InputError("upscale_cut_off", file=path.name)
            end_of_data = max(end_of_data, end)
            yield tensor
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError("upscale_broken_file", file=path.name) from error
    if end_of_data != size - data:
        raise InputError("upscale_broken_file", file=path.name)
