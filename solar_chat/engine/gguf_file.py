"""What a GGUF file holds, checked before anything is allocated.

Reads the header and the list of tensors, a few megabytes of a 6 GB file: a truncated download, a foreign file or an architecture that llama.cpp does
not know is refused here, with its name, because llama.cpp itself only says that it failed. Format: ggml-org/ggml docs/gguf.md, versions 2 and 3.
"""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from solar_chat.errors import ModelError
from solar_chat.hardware import Q8_0_SHARE_OF_FLOAT16, llama_cpp_cache_is_8_bit

_MAGIC: Final = b"GGUF"
_VERSIONS: Final = (2, 3)
_SCALARS: Final = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_STRING: Final = 8
_ARRAY: Final = 9
_DEFAULT_ALIGNMENT: Final = 32
# Projectors of pictures and sound: no models that answer.
_NO_CHAT: Final = frozenset({"clip", "mmproj"})
_SHARD: Final = re.compile(r"-(\d{5})-of-(\d{5})\.gguf$")


@dataclass(frozen=True, slots=True)
class GgufFile:
    """A file that passed the checks."""

    path: Path
    metadata: dict[str, Any]
    """Keys as the format spells them, e.g. "llama.block_count"; arrays as lists."""
    architecture: str
    weight_bytes: int
    """The file and its further shards."""
    parameters: int
    """Elements of the tensors in this file."""

    def number(self, key: str, default: int = 0) -> int:
        """The number under `key` of this architecture, e.g. "block_count"."""
        value = self.metadata.get(f"{self.architecture}.{key}")
        return value if isinstance(value, int) else default

    @property
    def head_widths(self) -> tuple[int, int]:
        """Numbers of one head's key, and of its value."""
        width = self.number("embedding_length") // self.number("attention.head_count", 1)
        return self.number("attention.key_length", width), self.number("attention.value_length", width)

    def takes_8_bit_cache(self, context_tokens: int, free_bytes: int) -> bool:
        """Whether keys and values are to be held in 8 bits, see `llama_cpp_cache_is_8_bit`."""
        # llama.cpp's blocks of 32 numbers must not reach over two heads.
        whole_blocks = not any(width % 32 for width in self.head_widths)
        return whole_blocks and llama_cpp_cache_is_8_bit(self.weight_bytes, self.cache_bytes(context_tokens), free_bytes)

    def cache_bytes(self, context_tokens: int, *, in_8_bits: bool = False) -> int:
        """Keys and values of that many tokens, in 16 bits or in 8."""
        heads, layers = self.number("attention.head_count", 1), self.number("block_count")
        kv_heads = self.metadata.get(f"{self.architecture}.attention.head_count_kv", heads)
        all_heads = sum(kv_heads) if isinstance(kv_heads, list) else kv_heads * layers
        return round(2 * sum(self.head_widths) * all_heads * context_tokens * (Q8_0_SHARE_OF_FLOAT16 if in_8_bits else 1))


def read_gguf(path: Path) -> GgufFile:
    """Check the file (the first one of several) and describe it.

    Raises ModelError `model_file_missing`, `model_file_broken`, `gguf_architecture`.
    """
    from gguf.constants import MODEL_ARCH_NAMES

    files = _shards(path)
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        raise ModelError("model_file_missing", path=path.parent, file=", ".join(missing))
    metadata, parameters = _read_checked(path)
    for file in files:
        if file != path:
            _read_checked(file)
    architecture = str(metadata.get("general.architecture", "?"))
    if architecture not in MODEL_ARCH_NAMES.values() or architecture in _NO_CHAT:
        raise ModelError("gguf_architecture", file=path.name, type=architecture)
    return GgufFile(path, metadata, architecture, sum(file.stat().st_size for file in files), parameters)


def _shards(path: Path) -> list[Path]:
    """All files of a model that was cut into several, by the names llama.cpp gives them; else the one file."""
    cut = _SHARD.search(path.name)
    if cut is None:
        return [path]
    return [path.with_name(f"{path.name[: cut.start()]}-{number:05}-of-{cut[2]}.gguf") for number in range(1, int(cut[2]) + 1)]


def _read_checked(path: Path) -> tuple[dict[str, Any], int]:
    """(metadata, elements of all tensors) of one file, whose tensors all lie inside it."""
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            return _Reader(stream, size).read()
    except (OSError, ValueError, OverflowError, struct.error) as error:
        raise ModelError("model_file_broken", path=path.parent, file=path.name, reason=str(error)) from error


class _Reader:
    """Little-endian values of an open file. Raises ValueError where the file is no GGUF or ends too early."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self._size = size

    def read(self) -> tuple[dict[str, Any], int]:
        if self._bytes(4) != _MAGIC:
            raise ValueError("no GGUF header")
        version = self._scalar("<I")
        if version not in _VERSIONS:
            raise ValueError(f"GGUF version {version}")
        tensors, entries = self._scalar("<Q"), self._scalar("<Q")
        metadata = {self._string(): self._value(self._scalar("<I")) for _ in range(entries)}
        alignment = metadata.get("general.alignment", _DEFAULT_ALIGNMENT)
        shapes = [self._tensor() for _ in range(tensors)]
        start = math.ceil(self._stream.tell() / alignment) * alignment
        end = start + max((offset + length for _, offset, length in shapes), default=0)
        if end > self._size:
            raise ValueError(f"{self._size} of {end} bytes")
        return metadata, sum(elements for elements, _, _ in shapes)

    def _tensor(self) -> tuple[int, int, int]:
        """(elements, offset, bytes) of the next tensor in the list."""
        from gguf.constants import GGML_QUANT_SIZES

        self._string()
        elements = math.prod(self._scalar("<Q") for _ in range(self._scalar("<I")))
        kind, offset = self._scalar("<I"), self._scalar("<Q")
        # A type that is too new for this list still has to begin inside the file.
        block, block_bytes = {int(key): sizes for key, sizes in GGML_QUANT_SIZES.items()}.get(kind, (1, 0))
        return elements, offset, elements // block * block_bytes

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
