"""Depth up-scaling: plan a deeper stack of a trained model's layers, write it, prove it.

    plan = DepthPlan.solar(layers=32, drop=8)
    source = Checkpoint.read(folder)
    result = Checkpoint.read(write(source, plan, target))
    verify(source, plan, result)

The stack is worse than its parent until it is trained further. Plans are pure; files are touched only in `checkpoint` and `verify`.
"""

from solar_chat.upscale.checkpoint import Checkpoint, StoredTensor, deepened_config, planned, write
from solar_chat.upscale.plan import DepthPlan
from solar_chat.upscale.verify import Proof, verify

__all__ = ["Checkpoint", "DepthPlan", "Proof", "StoredTensor", "deepened_config", "planned", "verify", "write"]
