"""Proof that a written checkpoint is what its plan says: every tensor, byte for byte, against its source; the config; the files around them.

Reads both folders anew and shares only the plan with the writer, so that a fault of the writer shows here. It proves the copy, not that the model
is any good.
"""

from __future__ import annotations

import filecmp
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from solar_chat.checkpoint import Checkpoint, StoredTensor, read_bytes
from solar_chat.errors import InputError
from solar_chat.upscale.config import deepened_config
from solar_chat.upscale.layers import planned
from solar_chat.upscale.plan import DepthPlan
from solar_chat.upscale.writing import small_files


@dataclass(frozen=True, slots=True)
class Proof:
    """What was compared, all of it equal."""

    tensors: int
    compared_bytes: int
    parameters: int
    zeroed: int
    """How many of the tensors are zeros because the plan says so."""


def verify(source: Checkpoint, plan: DepthPlan, result: Checkpoint, *, progress: Callable[[int, int], None] | None = None) -> Proof:
    """Compare the config, every tensor of `result` with its planned source, and the tokenizer and other small files.

    Raises InputError with the first difference: `upscale_differs_config`, `upscale_differs_missing`, `upscale_differs_extra`,
    `upscale_differs_shape`, `upscale_differs_bytes`, `upscale_differs_file`.
    """
    expected = planned(source, plan)
    _compare_config(deepened_config(source, plan), result)
    for name in expected:
        if name not in result.tensors:
            raise InputError("upscale_differs_missing", tensor=name)
    for name in result.tensors:
        if name not in expected:
            raise InputError("upscale_differs_extra", tensor=name)
    parameters = compared = zeroed = 0
    for name, want in expected.items():
        ours, theirs = result.tensors[name], want.source
        if (ours.dtype, ours.shape) != (theirs.dtype, theirs.shape):
            raise InputError("upscale_differs_shape", tensor=name, found=_form(ours), planned=_form(theirs))
        _compare_bytes(name, ours, None if want.zeroed else theirs)
        zeroed += want.zeroed
        parameters += ours.parameters
        compared += ours.length
        if progress is not None:
            progress(compared, result.bytes)
    for path in small_files(source.folder):
        if not (result.folder / path.name).is_file() or not filecmp.cmp(path, result.folder / path.name, shallow=False):
            raise InputError("upscale_differs_file", file=path.name)
    return Proof(len(expected), compared, parameters, zeroed)


def _compare_config(planned_config: dict[str, object], result: Checkpoint) -> None:
    for field in [*planned_config, *result.config]:
        if planned_config.get(field) != result.config.get(field):
            raise InputError("upscale_differs_config", field=field)


def _compare_bytes(name: str, ours: StoredTensor, theirs: StoredTensor | None) -> None:
    """Against zeros where `theirs` is None."""
    at = 0
    with ExitStack() as stack:
        left = read_bytes(stack.enter_context(ours.file.open("rb")), ours)
        right = None if theirs is None else read_bytes(stack.enter_context(theirs.file.open("rb")), theirs)
        for one in left:
            other = bytes(len(one)) if right is None else next(right)
            if one != other:
                first = next(index for index, (a, b) in enumerate(zip(one, other, strict=True)) if a != b)
                raise InputError("upscale_differs_bytes", tensor=name, offset=at + first)
            at += len(one)


def _form(tensor: StoredTensor) -> str:
    return f"{tensor.dtype} {'×'.join(map(str, tensor.shape))}"
