"""What a deeper model would be, before a byte is written: figures, warnings, and what typed slices mean.

The rule: what cannot be built is not previewed either; the error is the one that building would raise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from solar_chat.errors import InputError
from solar_chat.upscale import DepthPlan, deepened_config, planned
from solar_chat.workshop.source import Source

_SLICE = re.compile(r"\s*(-?\d+)\s*:\s*(-?\d+)\s*")


@dataclass(frozen=True, slots=True)
class Preview:
    """A plan and its sizes, before and after."""

    plan: DepthPlan
    source_parameters: int
    parameters: int
    source_bytes: int
    bytes: int
    download_bytes: int
    """What has to be fetched first; 0 where the source is here."""


def preview(source: Source, plan: DepthPlan) -> Preview:
    """Raises InputError as `planned` and `deepened_config` do."""
    checkpoint = source.checkpoint
    tensors = planned(checkpoint, plan).values()
    deepened_config(checkpoint, plan)
    return Preview(
        plan,
        sum(tensor.parameters for tensor in checkpoint.tensors.values()),
        sum(tensor.source.parameters for tensor in tensors),
        checkpoint.bytes,
        sum(tensor.source.length for tensor in tensors),
        0 if checkpoint.folder.is_dir() else checkpoint.bytes,
    )


def read_slices(text: str) -> list[tuple[int, int]]:
    """ "0:24,8:32" → [(0, 24), (8, 32)]. Raises InputError `upscale_slices_form`."""
    found = [_SLICE.fullmatch(part) for part in text.split(",")]
    ranges = [(int(one[1]), int(one[2])) for one in found if one is not None]
    if len(ranges) != len(found):
        raise InputError("upscale_slices_form")
    return ranges


def plan_notes(plan: DepthPlan) -> Iterator[str]:
    """Keys of the sentences `upscale.note_*` that hold for a plan; the last one says what it is worth before training."""
    if plan.sources[0] != 0:
        yield "first"
    if plan.sources[-1] != plan.source_layers - 1:
        yield "last"
    if plan.left_out:
        yield "left_out"
    yield "identity" if plan.method == "identity" else "raw"
