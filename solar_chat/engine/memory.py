"""Running out of memory, and giving it back.

The rule: an exception that outlives its frames must not keep tensors alive. Knows no model.
"""

from __future__ import annotations

import gc
import traceback


def free_memory() -> None:
    """Give back to the device what no object holds any more."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()


def release_frames(error: BaseException) -> None:
    """Clear the finished frames of `error` and of what caused it: their locals may be a half-loaded model or gigabytes of activations."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        traceback.clear_frames(link.__traceback__)
        link = link.__cause__ or link.__context__


def is_out_of_memory(error: BaseException) -> bool:
    """Whether `error` says that the host or the device has no memory left."""
    import torch

    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    # The CPU allocator and MPS say so only in words.
    words = str(error).lower()
    return isinstance(error, RuntimeError) and any(
        phrase in words for phrase in ("can't allocate memory", "not enough memory", "out of memory", "paging file is too small")
    )
