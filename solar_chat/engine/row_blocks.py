"""Products with 4-bit weights on a CPU, a block of rows at a time.

Where a CPU has no AVX512-BF16, bitsandbytes unpacks a whole weight to float32 before it multiplies, for every token: 235 MB of fresh pages for the
largest of SOLAR's, 106 ms on two cores. A block that stays in the processor's cache needs no new pages and no way to memory and back: 29 ms. The
rule: the same operations on the same numbers; sums may be added in another order. What does not divide into rows stays with bitsandbytes.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from torch import Tensor

# An unpacked block: below what makes glibc ask the system for new pages each time (`memory.keep_weights_apart`), and few blocks, because at the
# end of each the threads wait for one another.
_BLOCK_BYTES: Final = 3_500_000


def unpack_by_rows(model: Any) -> None:
    """Have every 4-bit linear layer of `model`, on a CPU, unpack its weight in blocks of rows."""
    import bitsandbytes

    for module in model.modules():
        if isinstance(module, bitsandbytes.nn.Linear4bit) and _divides(module.weight.quant_state):
            # On the instance, where accelerate puts its own, too; `del` brings back that of the class.
            module.forward = partial(_forward, module)


def _divides(state: Any) -> bool:
    """Whether each row has scales of its own."""
    return len(state.shape) == 2 and state.shape[1] % state.blocksize == 0


def _forward(linear: Any, x: Tensor) -> Tensor:
    product = multiply(x, linear.weight, linear.weight.quant_state)
    return product if linear.bias is None else product + linear.bias


def multiply(x: Tensor, weight: Tensor, state: Any) -> Tensor:
    """`x` [..., inputs] times the transpose of the 4-bit `weight`, which `state` describes as [outputs, inputs]; returns [..., outputs]."""
    import torch

    outputs, inputs = state.shape
    packed, scales = weight.view(torch.uint8).view(outputs, -1), float_scales(state).view(outputs, -1)
    rows = x.reshape(-1, inputs)
    product = x.new_empty(rows.shape[0], outputs)
    step = max(1, _BLOCK_BYTES // (x.element_size() * inputs))
    for start in range(0, outputs, step):
        block = slice(start, min(start + step, outputs))
        shape = (block.stop - start, inputs)
        unpacked = torch.ops.bitsandbytes.dequantize_4bit(packed[block], scales[block].reshape(-1), state.blocksize, state.quant_type, shape, x.dtype)
        product[:, block] = rows @ unpacked.t()
    return product.view(*x.shape[:-1], outputs)


def float_scales(state: Any) -> Tensor:
    """float32, one for each block of weights."""
    from bitsandbytes import functional

    scales: Tensor = functional.dequantize_blockwise(state.absmax, state.state2) + state.offset if state.nested else state.absmax
    return scales.float()
