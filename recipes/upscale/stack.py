"""The step between two trainings: a deeper stack by the project's own up-scaling, proven byte by byte before it is trained on.

The rule: no recipe stacks layers by hand. What is written is planned, copied and verified by `solar_chat.upscale`; nothing here trains.
"""

from __future__ import annotations

import logging
from pathlib import Path

from solar_chat.upscale import Checkpoint, DepthPlan, verify, write

log = logging.getLogger("upscale")


def build(base: Path, plan: DepthPlan, target: Path) -> Path:
    """`base` stacked by `plan` in the folder `target`, which is left alone where it is there already.

    Raises InputError where the base cannot be stacked so or the result is not what was planned.
    """
    if not target.exists():
        source = Checkpoint.read(base)
        proof = verify(source, plan, Checkpoint.read(write(source, plan, target)))
        log.info("upscaled: layers %s, %d tensors equal, %d parameters", plan.sources, proof.tensors, proof.parameters)
    return target
