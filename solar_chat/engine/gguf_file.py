"""What a GGUF file holds, checked before anything is allocated.

A truncated download, a foreign file or an architecture that llama.cpp does not know is refused here, with its name, because llama.cpp itself only
says that it failed. How a header is read: `gguf_header`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from solar_chat.errors import ModelError
from solar_chat.gguf_header import GgufHeader, read_header, shards
from solar_chat.hardware import Q8_0_SHARE_OF_FLOAT16, llama_cpp_cache_is_8_bit

# Projectors of pictures and sound: no models that answer.
_NO_CHAT: Final = frozenset({"clip", "mmproj"})


@dataclass(frozen=True, slots=True)
class GgufFile:
    """A file that passed the checks."""

    path: Path
    header: GgufHeader
    """Of the first one, where the model was cut into several files."""
    weight_bytes: int
    """All files."""
    parameters: int

    @property
    def metadata(self) -> dict[str, Any]:
        return self.header.metadata

    def number(self, key: str, default: int = 0) -> int:
        """The number under `key` of this architecture, e.g. "block_count"."""
        return self.header.number(key, default)

    def takes_8_bit_cache(self, context_tokens: int, free_bytes: int) -> bool:
        """Whether keys and values are to be held in 8 bits, see `llama_cpp_cache_is_8_bit`."""
        # llama.cpp's blocks of 32 numbers must not reach over two heads.
        whole_blocks = not any(width % 32 for width in self.header.head_widths)
        return whole_blocks and llama_cpp_cache_is_8_bit(self.weight_bytes, self.cache_bytes(context_tokens), free_bytes)

    def cache_bytes(self, context_tokens: int, *, in_8_bits: bool = False) -> int:
        """Keys and values of that many tokens, in 16 bits or in 8."""
        numbers = sum(self.header.head_widths) * self.header.cached_heads * context_tokens
        return round(2 * numbers * (Q8_0_SHARE_OF_FLOAT16 if in_8_bits else 1))


def read_gguf(path: Path) -> GgufFile:
    """Check the file (the first one of several) and describe it.

    Raises ModelError `model_file_missing`, `model_file_broken`, `gguf_architecture`.
    """
    from gguf.constants import MODEL_ARCH_NAMES

    files = [path.with_name(name) for name in shards(path.name)]
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        raise ModelError("model_file_missing", path=path.parent, file=", ".join(missing))
    headers = [_checked(file) for file in files]
    first = headers[0]
    if first.architecture not in MODEL_ARCH_NAMES.values() or first.architecture in _NO_CHAT:
        raise ModelError("gguf_architecture", file=path.name, type=first.architecture)
    return GgufFile(path, first, sum(file.stat().st_size for file in files), sum(header.parameters for header in headers))


def _checked(file: Path) -> GgufHeader:
    """The header of one file, whose tensors all lie inside it."""
    header = read_header(file)
    size, end = file.stat().st_size, _end(header)
    if end > size:
        raise ModelError("model_file_broken", path=file.parent, file=file.name, reason=f"{size} of {end} bytes")
    return header


def _end(header: GgufHeader) -> int:
    from gguf.constants import GGML_QUANT_SIZES

    sizes = {int(kind): pair for kind, pair in GGML_QUANT_SIZES.items()}
    ends = [header.data_start]
    for tensor in header.tensors:
        # A type that is too new for this list still has to begin inside the file.
        block, block_bytes = sizes.get(tensor.kind, (1, 0))
        ends.append(header.data_start + tensor.offset + tensor.elements // block * block_bytes)
    return max(ends)
