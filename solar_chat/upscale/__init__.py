"""Depth up-scaling: plan a deeper stack of a trained model's layers, write it, prove it.

    plan = DepthPlan.solar(layers=32, drop=8)
    source = Checkpoint.read(folder)
    result = Checkpoint.read(write(source, plan, target))
    verify(source, plan, result)
    figures(model, text, window_tokens)

The stack is worse than its parent until it is trained further. Plans are pure; files are touched only in `writing` and `verify`.
"""

from solar_chat.checkpoint import Checkpoint, StoredTensor
from solar_chat.upscale.card import CARD, layer_runs, model_card, span
from solar_chat.upscale.chart import CHART, Words, chart, curves
from solar_chat.upscale.config import deepened_config
from solar_chat.upscale.layers import PlannedTensor, layer_prefix, output_projections, planned, split
from solar_chat.upscale.measure import LONGEST_WINDOW_TOKENS, Comparison, Figures, Text, figures
from solar_chat.upscale.plan import METHODS, DepthPlan, Method
from solar_chat.upscale.recipe import RECIPE, Recipe, location
from solar_chat.upscale.verify import Proof, verify
from solar_chat.upscale.writing import SHARD_BYTES, check_room, check_target, sharded, write

__all__ = [
    "CARD",
    "CHART",
    "LONGEST_WINDOW_TOKENS",
    "METHODS",
    "RECIPE",
    "SHARD_BYTES",
    "Checkpoint",
    "Comparison",
    "DepthPlan",
    "Figures",
    "Method",
    "PlannedTensor",
    "Proof",
    "Recipe",
    "StoredTensor",
    "Text",
    "Words",
    "chart",
    "check_room",
    "check_target",
    "curves",
    "deepened_config",
    "figures",
    "layer_prefix",
    "layer_runs",
    "location",
    "model_card",
    "output_projections",
    "planned",
    "sharded",
    "span",
    "split",
    "verify",
    "write",
]
