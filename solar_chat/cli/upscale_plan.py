"""A plan in words and as JSON: layers, where each comes from, parameters, bytes, the seam, and what the person should know before building."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.upscale import Checkpoint, DepthPlan, deepened_config, layer_runs, planned, sharded, span, split
from solar_chat.workshop.preview import plan_notes
from solar_chat.workshop.source import Source

# More of the tensors outside the layers than a line can hold.
_NAMED_OUTSIDE = 6


def plan_object(source: Source, plan: DepthPlan, shard_bytes: int) -> dict[str, object]:
    """Raises InputError as `planned` and `deepened_config` do: what cannot be built is not planned either."""
    checkpoint = source.checkpoint
    tensors = planned(checkpoint, plan)
    deepened_config(checkpoint, plan)
    _, _, outside = split(checkpoint)
    return {
        "source": {
            "name": source.name,
            "architecture": _architecture(checkpoint),
            "layers": checkpoint.layers,
            "parameters": sum(tensor.parameters for tensor in checkpoint.tensors.values()),
            "bytes": checkpoint.bytes,
            "dtypes": _dtypes(checkpoint),
        },
        "method": plan.method,
        "layers": plan.layers,
        "map": list(plan.sources),
        "zeroed": list(plan.zeroed),
        "seams": [{"below": below, "above": above, "distance": abs(below - above)} for below, above in plan.seams],
        "seam_distance": plan.seam_distance,
        "left_out": list(plan.left_out),
        "parameters": sum(tensor.source.parameters for tensor in tensors.values()),
        "bytes": sum(tensor.source.length for tensor in tensors.values()),
        "files": len(sharded(tensors, shard_bytes)),
        "kept_outside": sorted(outside),
        "notes": list(plan_notes(plan)),
    }


def describe_plan(source: Source, plan: DepthPlan, shard_bytes: int, catalogue: Catalogue, lang: InterfaceLanguage) -> Iterator[str]:
    """The same for people, line by line."""

    def say(key: str, **params: object) -> str:
        return catalogue.tr(lang, f"upscale.{key}", **params)

    checkpoint = source.checkpoint
    tensors = planned(checkpoint, plan)
    deepened_config(checkpoint, plan)
    before = sum(tensor.parameters for tensor in checkpoint.tensors.values())
    after = sum(tensor.source.parameters for tensor in tensors.values())
    size = sum(tensor.source.length for tensor in tensors.values())
    kind = f"{_architecture(checkpoint)}, {'+'.join(_dtypes(checkpoint))}"
    yield say("source", name=source.name, kind=kind, layers=checkpoint.layers, parameters=f"{before:,}", size=_size(checkpoint.bytes))
    files = len(sharded(tensors, shard_bytes))
    yield say("result", method=plan.method, layers=plan.layers, parameters=f"{after:,}", size=_size(size), files=files)
    yield say("map")
    for first, last, low, high, zeroed in layer_runs(plan):
        yield f"  {span(first, last):>7} ← {span(low, high)}" + (f"  {say('zeroed')}" if zeroed else "")
    for below, above in plan.seams:
        yield say("seam", below=below, above=above, distance=abs(below - above))
    if not plan.seams:
        yield say("no_seam")
    _, _, outside = split(checkpoint)
    names = sorted(outside)
    more = f" … +{len(names) - _NAMED_OUTSIDE}" if len(names) > _NAMED_OUTSIDE else ""
    yield say("outside", names=", ".join(names[:_NAMED_OUTSIDE]) + more)
    for note in plan_notes(plan):
        yield say(f"note_{note}", layers=", ".join(map(str, plan.left_out)))


def _architecture(checkpoint: Checkpoint) -> str:
    named = checkpoint.config.get("architectures")
    return str(named[0]) if isinstance(named, list) and named else str(checkpoint.config.get("model_type", "-"))


def _dtypes(checkpoint: Checkpoint) -> list[str]:
    return [dtype for dtype, _ in Counter(tensor.dtype for tensor in checkpoint.tensors.values()).most_common()]


def _size(count: int) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.2f} MB"
