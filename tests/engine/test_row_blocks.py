"""Products with 4-bit weights in blocks of rows give what bitsandbytes gives, without ever unpacking a whole weight."""

from __future__ import annotations

from typing import Any

import pytest

from solar_chat.engine import row_blocks
from solar_chat.engine.row_blocks import multiply, unpack_by_rows

OUTPUTS, INPUTS = 300, 256


def quantized(outputs: int, inputs: int, *, kind: str = "nf4", nested: bool = True, block: int = 64) -> tuple[Any, Any]:
    import bitsandbytes.functional
    import torch

    torch.manual_seed(3)
    weight, state = bitsandbytes.functional.quantize_4bit(torch.randn(outputs, inputs), blocksize=block, quant_type=kind, compress_statistics=nested)
    return weight, state


@pytest.mark.parametrize("block_bytes", [1, 100_000, 10_000_000], ids=["a row", "97 rows", "all at once"])
@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("kind", ["nf4", "fp4"])
@pytest.mark.parametrize("tokens", [1, 7])
def test_the_numbers_are_those_of_bitsandbytes(monkeypatch: pytest.MonkeyPatch, block_bytes: int, nested: bool, kind: str, tokens: int) -> None:
    import bitsandbytes.functional
    import torch

    monkeypatch.setattr(row_blocks, "_BLOCK_BYTES", block_bytes)
    weight, state = quantized(OUTPUTS, INPUTS, kind=kind, nested=nested)
    x = torch.randn(1, tokens, INPUTS)
    whole = bitsandbytes.functional.dequantize_4bit(weight, state)
    # Sums of 256 products, added in another order.
    torch.testing.assert_close(multiply(x, weight, state), x @ whole.t(), rtol=1e-4, atol=1e-4)


def test_a_weight_is_never_unpacked_whole() -> None:
    import torch
    from torch.profiler import ProfilerActivity, profile

    outputs, inputs = 8192, 1024
    weight, state = quantized(outputs, inputs)
    x = torch.randn(1, inputs)
    with torch.inference_mode(), profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        multiply(x, weight, state)
    taken = [event.self_cpu_memory_usage / event.count for event in seen.key_averages() if event.self_cpu_memory_usage > 0]
    assert max(taken) < outputs * inputs * 4 / 4


def linear(inputs: int, *, bias: bool = False, storage: str = "uint8") -> Any:
    import bitsandbytes
    import torch

    torch.manual_seed(4)
    made = bitsandbytes.nn.Linear4bit(
        inputs, OUTPUTS, bias=bias, compute_dtype=torch.float32, quant_type="nf4", quant_storage=getattr(torch, storage)
    )
    # Moving it to its device is what quantizes it.
    return made.to("cpu")


@pytest.mark.parametrize("storage", ["uint8", "float32"])
@pytest.mark.parametrize("bias", [False, True])
def test_a_layer_of_a_model_computes_the_same(bias: bool, storage: str) -> None:
    import torch

    model = torch.nn.Sequential(linear(INPUTS, bias=bias, storage=storage))
    x = torch.randn(2, 3, INPUTS)
    with torch.inference_mode():
        before = model(x)
        unpack_by_rows(model)
        assert "forward" in vars(model[0])
        torch.testing.assert_close(model(x), before, rtol=1e-4, atol=1e-4)


def test_scales_that_span_rows_stay_with_bitsandbytes() -> None:
    import torch

    model = torch.nn.Sequential(linear(INPUTS + 32))
    unpack_by_rows(model)
    assert "forward" not in vars(model[0])
    with torch.inference_mode():
        assert model(torch.randn(1, INPUTS + 32)).shape == (1, OUTPUTS)
