"""The app as on a Space with a GPU that is lent by the call, where there is no GPU: run as a program, it serves until it is stopped.

Everything is what runs on such a Space, `spaces` included: the pretended GPU, the weights put on the disk at the page's launch, the fork, what is
pickled, the device service's protocol (test_lent_gpu.py serves it). Two things are not: where the fork would copy the weights to a card it takes them
from the disk into memory, and every model counts as large, so that the one in the box goes the way of large ones.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import torch

from solar_chat import hardware
from solar_chat.ui.environment import prepare

_PAGE = 4096


def _read_packs(**_options: Any) -> None:
    """In the fork: the weights as `spaces` has put them on the disk, in memory instead of on a card."""
    from spaces.zero.torch import patching

    from solar_chat.engine import lent_gpu

    for pack in patching.tensor_packs:
        with open(pack.path(), "rb") as file:
            for tensor, size, aligned in [*(entry for batch in pack.batches for entry in batch), *pack.big_tensors]:
                raw = bytearray(file.read(aligned)[:size])
                there = torch.frombuffer(raw, dtype=tensor.dtype).reshape(tensor.shape)
                for fake in pack.fakes[tensor]:
                    fake.data = there
    for fake, original in patching.cuda_aliases.items():
        if original is not None:
            fake.data = original
    for backend in lent_gpu._lent:
        backend._device = torch.device("cpu")


def main() -> None:
    # Builds without CUDA lack names that `spaces` takes away or asks once.
    torch.version.cuda = torch.version.cuda or "12.8"
    if not hasattr(torch._C, "_cuda_init"):
        torch._C._cuda_init = lambda: None
        torch.cuda._is_in_bad_fork = bool
    prepare()
    import spaces.zero.torch

    spaces.zero.torch.init = lambda _uuid: None
    spaces.zero.torch.move = _read_packs
    torch.cuda.get_arch_list = list
    hardware.SMALL_FLOAT32_BYTES = 0
    from solar_chat.cli import main as start

    start(["--lang", "en", "--port", sys.argv[1]])


if __name__ == "__main__":
    assert os.environ["SPACES_ZERO_GPU"] == "true"
    main()
