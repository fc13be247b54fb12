"""Whether models can really be computed in four bits here: bitsandbytes without its library does not say so.

It puts a stand-in in the library's place, and on a CPU goes on at a fraction of the speed. Nothing is answered here.
"""

from __future__ import annotations

from pathlib import Path

from solar_chat.engine.checkpoint import read_checkpoint
from solar_chat.engine.memory import free_memory
from solar_chat.engine.weights import load_four_bit, silent
from solar_chat.errors import ModelError
from solar_chat.hardware import Hardware


def four_bit_library(folder: Path, hardware: Hardware) -> str:
    """The kind of library that bitsandbytes computes with, after the model in `folder` has been loaded in four bits and has read a token.

    Raises ModelError `four_bit_missing` where bitsandbytes has only its stand-in, those of `read_checkpoint`, and whatever the libraries raise.
    """
    import torch
    from bitsandbytes import cextension

    kind = type(cextension.lib)
    if kind is cextension.ErrorHandlerMockBNBNativeLibrary:
        raise ModelError("four_bit_missing", library=kind.__name__)
    model = load_four_bit(read_checkpoint(folder), hardware, silent, None, None)
    try:
        packed = any(getattr(parameter, "quant_state", None) is not None for parameter in model.parameters())
        with torch.inference_mode():
            logits = model(torch.tensor([[1]], device=hardware.device)).logits
        if not packed or not bool(logits.isfinite().all()):
            raise ModelError("four_bit_missing", library=kind.__name__)
    finally:
        del model
        free_memory()
    return str(kind.__name__)
