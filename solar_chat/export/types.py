"""What weights are stored in, and which tensor gets what.

The rule is llama.cpp's own: matrices in the type that was asked for, everything of one dimension in float32, and rows that do not divide into blocks
in float16. In a 4-bit file the matrix that makes the logits keeps 8 bits, because every token goes through it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from gguf import GGMLQuantizationType, LlamaFileType

Weights = Literal["f16", "q8_0", "q4_0"]
WEIGHTS: tuple[Weights, ...] = get_args(Weights)
_HEADS = ("output.weight",)


def tensor_type(name: str, shape: tuple[int, ...], weights: Weights, *, tied: bool) -> GGMLQuantizationType:
    """The type of the tensor `name` of GGUF; `tied` says that the embedding makes the logits too."""
    from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

    if len(shape) < 2:
        return GGMLQuantizationType.F32
    makes_logits = name in _HEADS or (tied and name == "token_embd.weight")
    wanted = GGMLQuantizationType["Q8_0" if weights == "q4_0" and makes_logits else weights.upper()]
    return wanted if shape[-1] % GGML_QUANT_SIZES[wanted][0] == 0 else GGMLQuantizationType.F16


def file_type(weights: Weights) -> LlamaFileType:
    """What `general.file_type` says."""
    from gguf import LlamaFileType

    return LlamaFileType[f"MOSTLY_{weights.upper()}"]


def stored_bytes(shape: tuple[int, ...], kind: GGMLQuantizationType) -> int:
    """Bytes of a tensor of that shape."""
    from gguf import GGML_QUANT_SIZES

    block, block_bytes = GGML_QUANT_SIZES[kind]
    return math.prod(shape) // block * block_bytes
