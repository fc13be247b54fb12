"""Running out of memory, and giving it back.

The rule: an exception that outlives its frames must not keep tensors alive. Knows no model.
"""

from __future__ import annotations

import ctypes
import gc
import sys
import traceback


def free_memory() -> None:
    """Give back to the device and to the system what no object holds any more."""
    import torch

    gc.collect()
    _trim_heap()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()


def _trim_heap() -> None:
    """Have glibc return the free pages of its heap: it keeps those of freed tensors below 32 MB, 700 MB of them behind a model of four layers."""
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        trim(0)


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
