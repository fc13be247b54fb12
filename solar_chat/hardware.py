"""What this machine can run a model on, and why that device was chosen.

`detect` looks once and returns plain values; torch is imported only there. The rule: a person who owns a graphics card and gets the CPU is told the
reason. Chooses device, number format and quantization policy; loads nothing and knows no model.
"""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

Device = Literal["cuda", "mps", "cpu"]
Quantization = Literal["nf4", "none"]

# What decides how fast a CPU multiplies: six layers of SOLAR's width in 4 bits take bitsandbytes 75 ms a token with avx512_bf16, 1,130 ms without.
_CPU_FEATURES = ("avx2", "fma3", "avx512_f", "avx512_vnni", "avx512_bf16", "amx_bf16", "neon", "bf16")
_PACKAGES = ("torch", "transformers", "bitsandbytes", "accelerate", "tokenizers", "safetensors")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why this device: `hardware.<key>` in locales/*.json, filled with `params`."""

    key: str
    params: dict[str, str]


@dataclass(frozen=True, slots=True)
class Hardware:
    """One machine as a model sees it. Memory in bytes; device memory equals host memory where they are the same."""

    device: Device
    device_name: str
    dtype: str
    """Number format for computing, as torch spells it: "bfloat16", "float16", "float32"."""
    quantization: Quantization
    """How large models are loaded. A small one on a CPU stays unquantized, see `engine.loading`."""
    reason: Reason
    host_total_bytes: int
    host_free_bytes: int
    device_total_bytes: int
    device_free_bytes: int
    physical_cores: int
    logical_cores: int
    cpu_name: str
    cpu_features: tuple[str, ...]
    system: str
    """For example "Linux x86_64"."""
    versions: dict[str, str | None]
    """Package → version, None where it is not installed."""

    def as_dict(self) -> dict[str, object]:
        """Plain values, for `doctor --json`."""
        return asdict(self)


def detect() -> Hardware:
    """Look at this machine. Imports torch, which takes a second or more the first time."""
    import psutil  # type: ignore[import-untyped]  # ships no types
    import torch

    memory = psutil.virtual_memory()
    host_total, host_free = _within_container(memory.total, memory.available)
    versions = {name: _version(name) for name in _PACKAGES}
    cpu_name, features = _cpu()
    has_bitsandbytes = versions["bitsandbytes"] is not None
    device, device_name, dtype, reason = _choose(cpu_name, features, has_bitsandbytes=has_bitsandbytes)
    total, free = host_total, host_free
    if device == "cuda":
        free, total = torch.cuda.mem_get_info()
    elif device == "mps":
        # The part of the shared memory that Metal lets one process use.
        total = min(total, torch.mps.recommended_max_memory())
        free = min(free, total)
    return Hardware(
        device=device,
        device_name=device_name,
        dtype=dtype,
        # bitsandbytes has no 4-bit kernels for Metal.
        quantization="nf4" if has_bitsandbytes and device != "mps" else "none",
        reason=reason,
        host_total_bytes=host_total,
        host_free_bytes=host_free,
        device_total_bytes=total,
        device_free_bytes=free,
        physical_cores=psutil.cpu_count(logical=False) or os.cpu_count() or 1,
        logical_cores=psutil.cpu_count() or 1,
        cpu_name=cpu_name,
        cpu_features=features,
        system=f"{platform.system()} {platform.machine()}",
        versions=versions,
    )


def _choose(cpu_name: str, features: tuple[str, ...], *, has_bitsandbytes: bool) -> tuple[Device, str, str, Reason]:
    import torch

    if torch.cuda.is_available():
        name = torch.cuda.get_device_name()
        # Before Ampere (compute capability 8) bfloat16 is emulated.
        dtype = "bfloat16" if torch.cuda.get_device_capability()[0] >= 8 else "float16"
        return "cuda", name, dtype, Reason("cuda" if has_bitsandbytes else "cuda_without_bitsandbytes", {"name": name})
    if torch.backends.mps.is_available():
        return "mps", cpu_name, "float16", Reason("mps", {"name": cpu_name})
    dtype = "bfloat16" if {"avx512_bf16", "amx_bf16"} & set(features) else "float32"
    if not nvidia_driver_present():
        reason = Reason("cpu_only", {})
    elif torch.version.cuda is None:
        reason = Reason("cpu_torch_without_cuda", {"torch": torch.__version__})
    else:
        reason = Reason("cpu_driver_unusable", {"cuda": torch.version.cuda})
    return "cpu", cpu_name, dtype, reason


def nvidia_driver_present() -> bool:
    """Whether an NVIDIA driver is installed, whatever torch thinks of it."""
    if Path("/proc/driver/nvidia/version").exists():
        return True
    windows = os.environ.get("SYSTEMROOT")
    return shutil.which("nvidia-smi") is not None or (windows is not None and (Path(windows) / "System32" / "nvidia-smi.exe").exists())


def _cpu() -> tuple[str, tuple[str, ...]]:
    """Name and the features that count, from what torch (its cpuinfo library) reports."""
    import torch

    found: Mapping[str, Any]
    if hasattr(torch.cpu, "get_capabilities"):
        found = torch.cpu.get_capabilities()
    else:
        # torch before 2.11 names only the level it was dispatched to.
        level = torch.backends.cpu.get_cpu_capability()
        found = {"avx2": level in ("AVX2", "AVX512"), "avx512_f": level == "AVX512", "avx512_bf16": torch.cpu._is_avx512_bf16_supported()}
    name = str(found.get("cpu_name") or platform.processor() or platform.machine())
    return name, tuple(feature for feature in _CPU_FEATURES if found.get(feature))


def _within_container(total: int, free: int, group: Path = Path("/sys/fs/cgroup")) -> tuple[int, int]:
    """Total and free memory under a container's limit (cgroup v2): the kernel reports those of the whole machine, a Space gets 16 GB of it."""
    try:
        limit = int((group / "memory.max").read_text())
        used = int((group / "memory.current").read_text())
    except (OSError, ValueError):
        # No cgroup, or "max": no limit.
        return total, free
    return min(total, limit), min(free, max(0, limit - used))


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
