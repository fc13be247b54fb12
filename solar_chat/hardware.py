"""What this machine can run a model on, and why that device was chosen.

`detect` looks once and returns plain values; torch is imported only there. The rule: a person who owns a graphics card and gets the CPU is told the
reason. Chooses device, number format and quantization policy; loads nothing and knows no model.
"""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from solar_chat.space import gpu_by_the_call

Device = Literal["cuda", "mps", "cpu"]
Quantization = Literal["nf4", "none"]

# What decides how fast a CPU multiplies: six layers of SOLAR's width in 4 bits take bitsandbytes 75 ms a token with avx512_bf16, 1,130 ms without.
_CPU_FEATURES = ("avx2", "fma3", "f16c", "bmi2", "avx512_f", "avx512_vnni", "avx512_bf16", "amx_bf16", "neon", "bf16")
# The wheels of xllamacpp for x86-64 are compiled for these and ask nobody: without one of them the whole program dies of an illegal instruction.
LLAMA_CPP_FEATURES = ("avx2", "fma3", "f16c", "bmi2")
# Below this many bytes of float32 a model runs unquantized on a CPU: it fits anywhere, and float32 is then several times faster than
# unpacking four bits for every product.
SMALL_FLOAT32_BYTES = 2_000_000_000
# NF4 with double quantization: 4 bits and 0.127 bits of scales per weight (QLoRA, arXiv 2305.14314).
NF4_BYTES_PER_WEIGHT = 4.127 / 8
# Of a machine with 8 GB: SOLAR's 6.46 GB at Q4_K_M and the keys and values of its 4,096 tokens are to lie in it.
LLAMA_CPP_RESIDENT_BYTES = 7_000_000_000
# llama.cpp's q8_0: blocks of 32 numbers of a byte, and a scale of two bytes.
Q8_0_SHARE_OF_FLOAT16 = 34 / 64
_PACKAGES = ("torch", "transformers", "bitsandbytes", "accelerate", "tokenizers", "safetensors", "xllamacpp")


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
    """How large models are loaded. A small one on a CPU stays unquantized, see `wants_nf4`."""
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
    compute_capability: str | None = None
    """Of the NVIDIA card, for example "8.6"."""
    device_bandwidth: float | None = None
    """Bytes a second between the NVIDIA card's memory and its cores; None where nobody says."""
    traps: tuple[Reason, ...] = ()
    """What will go slower than it could here, and what helps: `hardware.<key>`."""
    lent: bool = False
    """The card is there only while a reply is written (a Space's ZeroGPU), and somebody's quota pays for it."""

    def for_model(self, parameters: int) -> Hardware:
        """This machine as a model of that size is to see it: where the card is only lent, a small one runs beside it, on the CPU."""
        if not self.lent or parameters * 4 > SMALL_FLOAT32_BYTES:
            return self
        return replace(
            self,
            device="cpu",
            device_name=self.cpu_name,
            dtype=_cpu_dtype(self.cpu_features),
            device_total_bytes=self.host_total_bytes,
            device_free_bytes=self.host_free_bytes,
            lent=False,
        )

    def wants_nf4(self, parameters: int) -> bool:
        """Whether a model of that size is quantized here: on CUDA always where bitsandbytes is there, on a CPU only what is not small."""
        if self.quantization == "none":
            return False
        return self.device == "cuda" or parameters * 4 > SMALL_FLOAT32_BYTES

    @property
    def missing_for_llama_cpp(self) -> tuple[str, ...]:
        """What this CPU lacks of `LLAMA_CPP_FEATURES`, as people write it: "AVX2", "FMA"; none where llama.cpp runs."""
        return _missing_for_llama_cpp(self.system.rpartition(" ")[2], self.cpu_features)

    def weight_width(self, *, quantized: bool) -> int:
        """Bytes of one weight that is not in four bits. Beside quantized ones a CPU computes in its own format, else in float32."""
        return 4 if self.dtype == "float32" or (self.device == "cpu" and not quantized) else 2

    def weight_format(self, parameters: int) -> str:
        """What the weights of a model of that size are held in: "nf4", or the name of a torch dtype."""
        if self.wants_nf4(parameters):
            return "nf4"
        return "float32" if self.weight_width(quantized=False) == 4 else self.dtype

    def weight_bytes(self, parameters: int) -> int:
        """About what the weights take once loaded; for a model that is not there yet."""
        if self.wants_nf4(parameters):
            return round(parameters * NF4_BYTES_PER_WEIGHT)
        return parameters * self.weight_width(quantized=False)

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
    lent = device == "cuda" and gpu_by_the_call()
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
        # On Metal bitsandbytes computes 4 bits in plain PyTorch, or by kernels that it fetches when it runs; llama.cpp has its own. A lent card has
        # 48 GB, and no kernels while the weights are loaded.
        quantization="nf4" if has_bitsandbytes and device != "mps" and not lent else "none",
        reason=reason,
        host_total_bytes=host_total,
        host_free_bytes=host_free,
        device_total_bytes=total,
        device_free_bytes=free,
        physical_cores=_cores_within_container(psutil.cpu_count(logical=False) or os.cpu_count() or 1),
        logical_cores=_cores_within_container(psutil.cpu_count() or 1),
        cpu_name=cpu_name,
        cpu_features=features,
        system=f"{platform.system()} {platform.machine()}",
        versions=versions,
        compute_capability=_compute_capability() if device == "cuda" else None,
        device_bandwidth=_device_bandwidth() if device == "cuda" else None,
        traps=_traps(device, features, versions),
        lent=lent,
    )


def _compute_capability() -> str:
    import torch

    return ".".join(str(number) for number in torch.cuda.get_device_capability())


def _device_bandwidth() -> float | None:
    """From the memory's clock (kHz, two transfers a tick) and the width of its bus (bits)."""
    import torch

    properties = torch.cuda.get_device_properties(0)
    clock, width = getattr(properties, "memory_clock_rate", 0), getattr(properties, "memory_bus_width", 0)
    return 2 * clock * 1000 * width / 8 or None


def _traps(device: Device, features: tuple[str, ...], versions: Mapping[str, str | None]) -> tuple[Reason, ...]:
    found: list[Reason] = []
    missing = _missing_for_llama_cpp(platform.machine(), features)
    if device == "cpu" and missing:
        found.append(Reason("trap_no_avx2", {"missing": ", ".join(missing)}))
    if device != "cuda" and not missing and versions.get("xllamacpp") is None:
        found.append(Reason("trap_no_llama_cpp", {}))
    return tuple(found)


def _missing_for_llama_cpp(machine: str, features: tuple[str, ...]) -> tuple[str, ...]:
    if machine.lower() not in ("x86_64", "amd64"):
        return ()
    return tuple(name.upper().removesuffix("3") for name in LLAMA_CPP_FEATURES if name not in features)


def _choose(cpu_name: str, features: tuple[str, ...], *, has_bitsandbytes: bool) -> tuple[Device, str, str, Reason]:
    import torch

    if torch.cuda.is_available() and _card_is_known():
        name = torch.cuda.get_device_name()
        # Before Ampere (compute capability 8) bfloat16 is emulated.
        dtype = "bfloat16" if torch.cuda.get_device_capability()[0] >= 8 else "float16"
        return "cuda", name, dtype, Reason("cuda" if has_bitsandbytes else "cuda_without_bitsandbytes", {"name": name})
    if torch.backends.mps.is_available():
        return "mps", cpu_name, "float16", Reason("mps", {"name": cpu_name})
    dtype = _cpu_dtype(features)
    if torch.cuda.is_available():
        reason = Reason("cpu_card_too_old", {"name": torch.cuda.get_device_name(), "torch": torch.__version__})
    elif not nvidia_driver_present():
        reason = Reason("cpu_only", {})
    elif torch.version.cuda is None:
        # The default build of PyPI has CUDA on Linux only; on Windows the project's own page names the right command.
        key = "cpu_torch_without_cuda" if platform.system() == "Linux" else "cpu_torch_without_cuda_elsewhere"
        reason = Reason(key, {"torch": torch.__version__, "version": torch.__version__.partition("+")[0]})
    else:
        reason = Reason("cpu_driver_unusable", {"cuda": torch.version.cuda})
    return "cpu", cpu_name, dtype, reason


def _cpu_dtype(features: tuple[str, ...]) -> str:
    return "bfloat16" if {"avx512_bf16", "amx_bf16"} & set(features) else "float32"


def _card_is_known() -> bool:
    """Whether this torch was built for the card: builds leave old cards out, and the first product then fails."""
    import torch

    major, minor = torch.cuda.get_device_capability()
    built_for = [int(digits) for name in torch.cuda.get_arch_list() if (digits := "".join(filter(str.isdigit, name)))]
    return not built_for or min(built_for) <= 10 * major + minor


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
    # What was not asked is there where AVX2 is: every CPU with AVX2 and FMA has the others, and torch's own AVX2 level asks for both.
    found = {**dict.fromkeys(LLAMA_CPP_FEATURES, found.get("avx2")), **found}
    name = str(found.get("cpu_name") or platform.processor() or platform.machine())
    return name, tuple(feature for feature in _CPU_FEATURES if found.get(feature))


def llama_cpp_cache_is_8_bit(weight_bytes: int, cache_bytes: int, free_bytes: int) -> bool:
    """Whether llama.cpp is to hold keys and values in 8 bits, given what they take in 16: only where that keeps a model within
    `LLAMA_CPP_RESIDENT_BYTES`, or within what is free. It says the same, but reads slower: at a depth of 3,000 tokens a third as fast on a CPU,
    because llama.cpp reads a prompt in tiles in 16 bits only."""
    small = weight_bytes + round(cache_bytes * Q8_0_SHARE_OF_FLOAT16)
    return any(small <= limit < weight_bytes + cache_bytes for limit in (LLAMA_CPP_RESIDENT_BYTES, free_bytes))


def _within_container(total: int, free: int, group: Path = Path("/sys/fs/cgroup")) -> tuple[int, int]:
    """Total and free memory under a container's limit (cgroup v2): the kernel reports those of the whole machine, a Space gets 16 GB of it."""
    try:
        limit = int((group / "memory.max").read_text())
        used = int((group / "memory.current").read_text())
    except (OSError, ValueError):
        # No cgroup, or "max": no limit.
        return total, free
    return min(total, limit), min(free, max(0, limit - used))


def _cores_within_container(cores: int, group: Path = Path("/sys/fs/cgroup")) -> int:
    """Cores under a container's quota (cgroup v2): a thread for each core of the machine, on two cores' worth of time, would wait for the others."""
    try:
        quota, period = (group / "cpu.max").read_text().split()
        return max(1, min(cores, round(int(quota) / int(period))))
    except (OSError, ValueError):
        # No cgroup, or "max": no quota.
        return cores


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
