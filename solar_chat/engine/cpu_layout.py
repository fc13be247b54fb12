"""4-bit weights in the order that a CPU with AVX512-BF16 multiplies them in, put into it while a model loads.

bitsandbytes does this at the first use of each weight, in one piece, which takes 0.44 GB beside one of SOLAR's largest. Its order keeps blocks of 32
rows where they are, so a weight is rearranged here block after block in its own memory. The rule: the bytes are those that bitsandbytes makes itself,
by its own layer; where it does not do so, weights stay as they are and nothing is lost.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final

from solar_chat.engine.row_blocks import float_scales

if TYPE_CHECKING:
    from torch import Tensor

ROWS: Final = 32
"""Rows that bitsandbytes interleaves."""
# 10 MB while a piece is rearranged; smaller ones only take longer.
_PIECE_WEIGHTS: Final = 1_000_000


def arrange(model: Any) -> None:
    """Rearrange every 4-bit weight of `model`, whose weights must not be pages of a file, where this CPU wants it."""
    import torch
    from bitsandbytes.nn import Linear4bit

    threads = torch.get_num_threads()
    # A piece is done before a second thread has woken up: half of the time that the whole takes at once, where two threads took twice.
    torch.set_num_threads(1)
    try:
        for module in model.modules():
            if isinstance(module, Linear4bit) and _wanted(module):
                _arrange(module)
    finally:
        torch.set_num_threads(threads)


def _wanted(module: Any) -> bool:
    state = module.weight.quant_state
    rows, columns = state.shape
    return bool(module.support_avx512bf16_for_cpu) and module.weight.device.type == "cpu" and rows % ROWS == columns % state.blocksize == 0


def _arrange(module: Any) -> None:
    """As the first use of `module` would, in the memory that its weight has."""
    import torch

    weight, state = module.weight.data, module.weight.quant_state
    rows, columns = state.shape
    packed, absmax = weight.view(rows, columns // 2), float_scales(state).view(rows, columns // state.blocksize)
    step = max(ROWS, _PIECE_WEIGHTS // columns // ROWS * ROWS)
    arranged, scales = state, []
    for first in range(0, rows, step):
        here = slice(first, min(first + step, rows))
        piece = _piece(packed[here], absmax[here], state, module.compute_dtype)
        arranged = piece.weight.quant_state
        if not getattr(arranged, "packing_format_for_cpu", False):
            return
        packed[here] = piece.weight.data
        scales.append(arranged.absmax)
    arranged.shape, arranged.original_qshape, arranged.absmax = state.shape, weight.shape, torch.cat(scales, dim=1)
    module.weight.data = packed
    module.weight.quant_state = module.quant_state = arranged


def _piece(packed: Tensor, absmax: Tensor, state: Any, dtype: Any) -> Any:
    """A layer of those rows, used once."""
    import torch
    from bitsandbytes.nn import Linear4bit, Params4bit

    rows, columns = packed.shape[0], 2 * packed.shape[1]
    own = copy.copy(state)
    own.shape, own.absmax, own.nested = torch.Size((rows, columns)), absmax.reshape(-1), False
    # `state2` describes scales in 8 bits, which these are not.
    own.state2 = own.offset = None
    layer = Linear4bit(columns, rows, bias=False, compute_dtype=dtype, quant_type=state.quant_type, device="meta")
    layer.weight = Params4bit(packed.reshape(-1, 1), requires_grad=False, quant_state=own, blocksize=state.blocksize, bnb_quantized=True)
    layer.eval()(torch.zeros(1, columns, dtype=torch.bfloat16))
    return layer
