"""What a deeper model would be, before a byte is written: figures, warnings, the models whose layers are here, and what typed slices mean.

The rule: what cannot be built is not previewed either; the error is the one that building would raise. Pure but for a look at folders.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from solar_chat.errors import InputError, SolarChatError
from solar_chat.models import CATALOG, ModelSpec, copy_of, downloaded, resolve
from solar_chat.paths import Home
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


def sources_here(added: tuple[str, ...], home: Home) -> tuple[str, ...]:
    """Names of the models whose layers are on this computer in safetensors: the box's first, then downloaded, added and built ones."""
    specs = [*CATALOG, *downloaded(home.models)]
    for name in added:
        try:
            specs.append(resolve(name))
        except SolarChatError:
            # What is wrong with it is said where it was added.
            continue
    known = {spec.id for spec in CATALOG}
    names = [spec.id if spec.path is None or spec.id in known else str(spec.path) for spec in specs if _is_here(spec, home)]
    built = sorted(folder for folder in home.built.iterdir() if (folder / "config.json").is_file()) if home.built.is_dir() else []
    return tuple(dict.fromkeys([*names, *map(str, built)]))


def _is_here(spec: ModelSpec, home: Home) -> bool:
    if spec.path is not None:
        return spec.path.is_dir()
    form = next((form for form in spec.forms if form.kind == "safetensors"), None)
    copy = copy_of(form, home.models) if form is not None else None
    # A 4-bit copy stands for its form where it is all there is, lies deeper down, and has no layers that could be copied.
    return copy is not None and copy.whole and copy.folder.parent == home.models
