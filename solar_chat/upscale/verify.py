"""Proof that a written checkpoint is what its plan says: every tensor, byte for byte, against its source.

Reads both folders anew and shares only the plan with the writer, so that a fault of the writer shows here. It proves the copy, not that the model
is any good.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

from solar_chat.errors import InputError
from solar_chat.upscale.checkpoint import Checkpoint, planned, read_bytes
from solar_chat.upscale.plan import DepthPlan


@dataclass(frozen=True, slots=True)
class Proof:
    """What was compared, all of it equal."""

    tensors: int
    compared_bytes: int
    parameters: int


def verify(source: Checkpoint, plan: DepthPlan, result: Checkpoint) -> Proof:
    """Compare every tensor of `result` with its planned source.

    Raises InputError `upscale_differs` naming the config's depth or the first tensor that is missing, not planned, of another shape or other bytes.
    """
    expected = planned(source, plan)
    if result.layers != plan.layers:
        raise InputError("upscale_differs", tensor="num_hidden_layers")
    if unmatched := sorted(expected.keys() ^ result.tensors.keys()):
        raise InputError("upscale_differs", tensor=unmatched[0])
    parameters = compared = 0
    for name, ours in result.tensors.items():
        theirs = expected[name]
        if (ours.dtype, ours.shape, ours.length) != (theirs.dtype, theirs.shape, theirs.length):
            raise InputError("upscale_differs", tensor=name)
        with ExitStack() as stack:
            left, right = (stack.enter_context(tensor.file.open("rb")) for tensor in (ours, theirs))
            if any(one != other for one, other in zip(read_bytes(left, ours), read_bytes(right, theirs), strict=True)):
                raise InputError("upscale_differs", tensor=name)
        count = 1
        for side in ours.shape:
            count *= side
        parameters += count
        compared += ours.length
    return Proof(len(expected), compared, parameters)
