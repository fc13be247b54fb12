"""Running out of memory, and giving it back.

The rule: an exception that outlives its frames must not keep tensors alive. Knows no model.
"""

from __future__ import annotations

import ctypes
import gc
import sys
import traceback

# Of glibc's malloc.h.
_M_MMAP_THRESHOLD = -3
# Less than a quantized weight of a model that is worth the trouble. An activation of a long prefill chunk is more, and gets pages of its own, too:
# a few milliseconds beside a product that takes hundreds.
_LARGE_BYTES = 4_000_000


def keep_weights_apart() -> None:
    """Have glibc give each large tensor pages of its own, which go back to the system with it.

    Left alone it raises that limit to 32 MB after the first large tensors: weights then lie in its heap, and 110 to 700 MB of a model of 974
    stayed when it was gone. Does nothing on other systems.
    """
    if sys.platform == "linux" and (set_option := getattr(ctypes.CDLL(None), "mallopt", None)) is not None:
        set_option(_M_MMAP_THRESHOLD, _LARGE_BYTES)


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
    """Have glibc return the free pages of its heap; by itself it keeps what smaller tensors have left."""
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
