"""Weights rearranged while a model loads are what bitsandbytes makes of them at their first use.

Only a CPU with AVX512-BF16 multiplies in that order, so the product itself is left out elsewhere; rearranging is bitsandbytes' own code everywhere.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from bitsandbytes import functional
from bitsandbytes.nn import Linear4bit, Params4bit

from solar_chat.engine import load_model
from solar_chat.engine.cpu_layout import arrange
from solar_chat.engine.local import LocalBackend
from solar_chat.hardware import Hardware
from tests.engine.conftest import Spec


def no_product(inputs: Any, _weight: Any, bias: Any = None, quant_state: Any = None) -> Any:
    return inputs.new_zeros(*inputs.shape[:-1], quant_state.shape[0])


@pytest.fixture
def _wants_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    if not functional.has_avx512bf16():
        monkeypatch.setattr("bitsandbytes.nn.modules.has_avx512bf16", lambda: True)
        monkeypatch.setattr("bitsandbytes.matmul_4bit", no_product)


def layer(rows: int, columns: int, *, nested: bool = True) -> Any:
    made = Linear4bit(columns, rows, bias=False, compute_dtype=torch.bfloat16, quant_type="nf4", compress_statistics=nested)
    weights = torch.randn(rows, columns, generator=torch.Generator().manual_seed(rows))
    made.weight = Params4bit(weights, requires_grad=False, quant_type="nf4", compress_statistics=nested, module=made).to("cpu")
    return made.eval()


def use(made: Any) -> None:
    made(torch.zeros(1, made.in_features, dtype=torch.bfloat16))


@pytest.mark.usefixtures("_wants_the_order")
class TestInItsOwnMemory:
    @pytest.mark.parametrize(("rows", "columns"), [(32, 64), (256, 128), (992, 64), (96, 14336)])
    @pytest.mark.parametrize("nested", [True, False])
    def test_the_same_to_the_bit(self, monkeypatch: pytest.MonkeyPatch, rows: int, columns: int, nested: bool) -> None:
        # Several pieces, and a last one that is shorter.
        monkeypatch.setattr("solar_chat.engine.cpu_layout._PIECE_WEIGHTS", 5000)
        ours, theirs = layer(rows, columns, nested=nested), layer(rows, columns, nested=nested)
        address = ours.weight.data_ptr()
        use(theirs)
        arrange(torch.nn.Sequential(ours))
        assert ours.weight.data_ptr() == address
        assert torch.equal(ours.weight.data, theirs.weight.data)
        one, other = ours.weight.quant_state, theirs.weight.quant_state
        assert torch.equal(one.absmax, other.absmax)
        assert (one.shape, one.dtype, one.nested, one.blocksize, one.original_qshape) == (
            other.shape,
            other.dtype,
            other.nested,
            other.blocksize,
            other.original_qshape,
        )
        # It is not done a second time.
        arranged = ours.weight.data.clone()
        use(ours)
        assert torch.equal(ours.weight.data, arranged)

    @pytest.mark.parametrize(("rows", "columns"), [(40, 64), (64, 96)])
    def test_what_bitsandbytes_cannot_arrange_is_left_to_it(self, rows: int, columns: int) -> None:
        made = layer(rows, columns)
        before = made.weight.data.clone()
        arrange(torch.nn.Sequential(made))
        assert torch.equal(made.weight.data, before)

    def test_a_loaded_model_is_in_that_order(self, make_checkpoint: Callable[..., Path], cpu: Hardware, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("solar_chat.hardware.SMALL_FLOAT32_BYTES", 0)
        hardware = replace(cpu, quantization="nf4", cpu_features=("avx512_bf16",), dtype="bfloat16")
        backend = load_model(Spec("tiny", make_checkpoint()), hardware)
        assert isinstance(backend, LocalBackend)
        layers = [module for module in backend._model.modules() if isinstance(module, Linear4bit)]
        assert len(layers) == 14
        assert all(module.weight.quant_state.packing_format_for_cpu for module in layers)


def test_another_cpu_keeps_the_order_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bitsandbytes.nn.modules.has_avx512bf16", lambda: False)
    made = layer(64, 64)
    expected = copy.deepcopy(made.weight.data)
    arrange(torch.nn.Sequential(made))
    assert torch.equal(made.weight.data, expected)
