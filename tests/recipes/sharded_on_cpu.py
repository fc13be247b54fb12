"""The training command with its weights sharded out among processes on CPUs, which accelerate does on graphics cards only; for `accelerate launch`.

Nothing but the kind of device is pretended: FSDP 2 itself, its checkpoints and what is written are the real ones, over gloo instead of NCCL.
"""

from __future__ import annotations

import sys
from typing import Any

from accelerate import DistributedType
from accelerate.state import AcceleratorState

from recipes.upscale.train import main

_begin = AcceleratorState.__init__


def _begin_sharded(self: Any, *args: Any, fsdp_plugin: Any = None, **named: Any) -> None:
    _begin(self, *args, fsdp_plugin=fsdp_plugin, **named)
    if fsdp_plugin is not None:
        self.fsdp_plugin = fsdp_plugin
    # At every sight of the state, since it takes the kind anew from the process's.
    if self.distributed_type == DistributedType.MULTI_CPU:
        self.distributed_type = DistributedType.FSDP


if __name__ == "__main__":
    AcceleratorState.__init__ = _begin_sharded
    main(sys.argv[1:])
