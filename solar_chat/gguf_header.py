"""The header of a GGUF file: what its author wrote about the model, and where the tensors lie. Format: ggml-org/ggml docs/gguf.md, versions 2 and 3.

Read as plain data with nothing but `struct`, a few megabytes of a 6 GB file at most: before a download from the first bytes alone, and before loading
as a check that the file is whole. The rule: a broken length reserves no memory and is told as such. Opens no model and judges none.
"""

from __future__ import annotations

import io
import math
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from solar_chat.errors import ModelError

_MAGIC: Final = b"GGUF"
_VERSIONS: Final = (2, 3)
_SCALARS: Final = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_STRING: Final = 8
_ARRAY: Final = 9
_DEFAULT_ALIGNMENT: Final = 32
_VOCABULARY: Final = "tokenizer.ggml."
_SHARD: Final = re.compile(r"-(\d{5})-of-(\d{5})\.gguf$")


@dataclass(frozen=True, slots=True)
class GgufTensor:
    """One tensor in the list."""

    elements: int
    kind: int
    """ggml's number of its type."""
    offset: int
    """Bytes from the beginning of the data."""


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """What stands in front of the weights."""

    metadata: dict[str, Any]
    """Keys as the format spells them, e.g. "llama.block_count"; arrays as lists."""
    tensors: tuple[GgufTensor, ...]
    data_start: int
    """Byte at which the data begins; 0 where only the beginning of the file was read."""

    @property
    def architecture(self) -> str:
        return str(self.metadata.get("general.architecture", "?"))

    @property
    def parameters(self) -> int:
        """Elements of the tensors in this file."""
        return sum(tensor.elements for tensor in self.tensors)

    def number(self, key: str, default: int = 0) -> int:
        """The number under `key` of this architecture, e.g. "block_count"."""
        value = self.metadata.get(f"{self.architecture}.{key}")
        return value if isinstance(value, int) else default

    @property
    def head_widths(self) -> tuple[int, int]:
        """Numbers of one head's key, and of its value."""
        width = self.number("embedding_length") // max(1, self.number("attention.head_count", 1))
        return self.number("attention.key_length", width), self.number("attention.value_length", width)

    @property
    def cached_heads(self) -> int:
        """Heads of all layers whose keys and values are kept; some models have a number for each layer."""
        heads = self.number("attention.head_count", 1)
        kv_heads = self.metadata.get(f"{self.architecture}.attention.head_count_kv", heads)
        return sum(kv_heads) if isinstance(kv_heads, list) else kv_heads * self.number("block_count")


def read_header(path: Path, *, vocabulary: bool = True) -> GgufHeader:
    """The header of the file at `path`, on wish without the arrays of its tokenizer. Raises ModelError `model_file_broken`."""
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            return _Reader(stream, size, vocabulary=vocabulary).read()
    except (OSError, ValueError, OverflowError, TypeError, struct.error) as error:
        raise ModelError("model_file_broken", path=path.parent, file=path.name, reason=str(error)) from error


def header_of_beginning(data: bytes) -> GgufHeader | None:
    """What the first bytes of a file say: the entries that are whole in `data`, and no tensors. None where it is no GGUF.

    Writers put the architecture's numbers in front of the vocabulary, so that some kilobytes are enough.
    """
    reader = _Reader(io.BytesIO(data), len(data), vocabulary=False)
    try:
        return reader.read()
    except (ValueError, OverflowError, TypeError, struct.error):
        return GgufHeader(reader.metadata, (), 0) if data.startswith(_MAGIC) else None


def is_later_shard(name: str) -> bool:
    """Whether a file is one of several, and not the first: that one stands for all."""
    cut = _SHARD.search(name)
    return cut is not None and int(cut[1]) != 1


def shards(name: str) -> tuple[str, ...]:
    """All files of a model that was cut into several, by the names llama.cpp gives them; else the one file."""
    cut = _SHARD.search(name)
    if cut is None:
        return (name,)
    return tuple(f"{name[: cut.start()]}-{number:05}-of-{cut[2]}.gguf" for number in range(1, int(cut[2]) + 1))


def quantization(name: str) -> str | None:
    """What the weights are stored in, by the name of a file: "Q4_K_M" of "solar.Q4_K_M.gguf" or "x-q4_k_m-00001-of-00002.gguf"."""
    found = _QUANTIZATION.search(_SHARD.sub(".gguf", name))
    return found[1].upper() if found else None


_QUANTIZATION: Final = re.compile(r"(?:^|[-._/])((?:UD-)?I?Q\d+(?:_[A-Z0-9]+)*|BF16|FP?16|F32|MXFP4(?:_MOE)?|TQ\d_\d)\.gguf$", re.IGNORECASE)


class _Reader:
    """Little-endian values of an open file. Raises ValueError where the file is no GGUF or ends too early."""

    def __init__(self, stream: BinaryIO, size: int, *, vocabulary: bool) -> None:
        self._stream = stream
        self._size = size
        self._vocabulary = vocabulary
        self.metadata: dict[str, Any] = {}

    def read(self) -> GgufHeader:
        if self._bytes(4) != _MAGIC:
            raise ValueError("no GGUF header")
        version = self._scalar("<I")
        if version not in _VERSIONS:
            raise ValueError(f"GGUF version {version}")
        tensors, entries = self._scalar("<Q"), self._scalar("<Q")
        for _ in range(entries):
            key = self._string()
            value = self._value(self._scalar("<I"))
            if self._vocabulary or not (key.startswith(_VOCABULARY) and isinstance(value, list)):
                self.metadata[key] = value
        alignment = self.metadata.get("general.alignment", _DEFAULT_ALIGNMENT)
        listed = tuple(self._tensor() for _ in range(tensors))
        return GgufHeader(self.metadata, listed, math.ceil(self._stream.tell() / alignment) * alignment)

    def _tensor(self) -> GgufTensor:
        self._string()
        elements = math.prod(self._scalar("<Q") for _ in range(self._scalar("<I")))
        return GgufTensor(elements, self._scalar("<I"), self._scalar("<Q"))

    def _value(self, kind: int) -> Any:
        if kind == _STRING:
            return self._string()
        if kind == _ARRAY:
            inner, length = self._scalar("<I"), self._scalar("<Q")
            return self._array(inner, length)
        if kind not in _SCALARS:
            raise ValueError(f"value type {kind}")
        return self._scalar(_SCALARS[kind])

    def _array(self, kind: int, length: int) -> list[Any]:
        if kind in (_STRING, _ARRAY):
            return [self._value(kind) for _ in range(length)]
        if kind not in _SCALARS:
            raise ValueError(f"value type {kind}")
        letter = _SCALARS[kind][1]
        return list(struct.unpack(f"<{length}{letter}", self._bytes(length * struct.calcsize(f"<{letter}"))))

    def _string(self) -> str:
        # A vocabulary may hold pieces of characters.
        return self._bytes(self._scalar("<Q")).decode("utf-8", "replace")

    def _scalar(self, layout: str) -> Any:
        return struct.unpack(layout, self._bytes(struct.calcsize(layout)))[0]

    def _bytes(self, count: int) -> bytes:
        # Asked before reading: a broken length would reserve that much memory.
        if count > self._size - self._stream.tell():
            raise ValueError("the file ends inside its header")
        return self._stream.read(count)
