"""Libraries that go missing without a word: whether the ones that models are computed with are really there.

bitsandbytes without its library puts a stand-in in its place, and on a CPU goes on at a fraction of the speed. Nothing is loaded or answered here.
"""

from __future__ import annotations

from solar_chat.errors import ModelError

# The widest gap between two of NF4's sixteen values is 0.304, from -1 on: no weight is further away than half of that.
_NF4_STEP = 0.153


def four_bit_library() -> str:
    """The kind of library that bitsandbytes computes with. Raises ModelError `four_bit_missing` where it has only its stand-in, and ImportError."""
    import torch
    from bitsandbytes import cextension, functional

    kind = type(cextension.lib)
    if kind is cextension.ErrorHandlerMockBNBNativeLibrary:
        raise ModelError("four_bit_missing", library=kind.__name__)
    # There is more to it than to be loaded: a line of weights goes into four bits and back.
    weights = torch.linspace(-1, 1, 256)
    packed, state = functional.quantize_4bit(weights, quant_type="nf4")
    if (functional.dequantize_4bit(packed, state) - weights).abs().max() > _NF4_STEP:
        raise ModelError("four_bit_missing", library=kind.__name__)
    return str(kind.__name__)
