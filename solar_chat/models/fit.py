"""Whether a model suits a machine: what it takes, how fast it will about be, and what would do better; before anything is downloaded.

Estimates from sizes alone, and said to be: the rule is that a model which is said to fit does, and that a person learns it before waiting for
gigabytes. Looks at no file but the free space of the disk.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from solar_chat.gguf_header import shards
from solar_chat.hardware import Q8_0_SHARE_OF_FLOAT16, Hardware, llama_cpp_cache_is_8_bit
from solar_chat.models.spec import Form, ModelSpec

Verdict = Literal["fits", "tight", "too_large", "cpu_too_old", "refused", "unknown"]
EngineName = Literal["transformers", "llama.cpp"]
Speed = Literal["fast", "fluent", "slow", "very_slow", "unknown"]

# Python, Gradio, torch and Kiwi beside the model, and the buffers of one forward pass.
OVERHEAD_BYTES = 1_500_000_000
# Room the system needs beside the model.
DISK_RESERVE_BYTES = 1_000_000_000
# One token reads every weight once, so memory decides the speed. Typical machines of each kind; a card that says its own is believed.
_BANDWIDTH = {"cuda": 300e9, "mps": 100e9, "cpu": 20e9}
# What decoding reaches of it: 1.77 tokens a second for SOLAR at Q4_K_M on two cores, 1.7 in NF4 with AVX512-BF16.
_EFFICIENCY = 0.5
# bitsandbytes without its AVX512-BF16 kernel: 1,130 ms where llama.cpp takes 79.
_SLOW_NF4 = 1 / 14


@dataclass(frozen=True, slots=True)
class Fit:
    """One form of a model on one machine. Sizes in bytes."""

    form: Form | None
    """None for a folder or file of this machine."""
    engine: EngineName
    verdict: Verdict
    weights: str
    """What they are held in once loaded: "nf4", "Q4_K_M", "float32"."""
    weight_bytes: int
    cache_bytes: int
    """Keys and values at the model's whole context."""
    overhead_bytes: int
    free_bytes: int
    """Of the memory it would lie in."""
    download_bytes: int
    disk_bytes: int
    """What the disk must have free: the download and a reserve; 0 where nothing is downloaded."""
    disk_free_bytes: int
    speed: Speed

    @property
    def needed_bytes(self) -> int:
        return self.weight_bytes + self.cache_bytes + self.overhead_bytes

    @property
    def usable(self) -> bool:
        return self.verdict in ("fits", "tight")

    def as_dict(self) -> dict[str, object]:
        """Plain values, for `models list --json`."""
        return {**asdict(self), "needed_bytes": self.needed_bytes}


def fits(spec: ModelSpec, hardware: Hardware, disk_free_bytes: int, here: Collection[Form] = ()) -> tuple[Fit, ...]:
    """How each form of `spec` (or the one that was asked for) suits the machine, the first choice first. Those in `here` need no download."""
    forms: Iterable[Form | None] = (spec.form,) if spec.form is not None else spec.forms or (None,)
    found = [_fit(spec, form, hardware, disk_free_bytes, here=spec.path is not None or form in here) for form in forms]
    return tuple(sorted(found, key=lambda fit: (not fit.usable, fit.engine != preferred_engine(hardware))))


def preferred_engine(hardware: Hardware) -> EngineName:
    """transformers in four bits where there is CUDA; llama.cpp where its kernels are the fast ones, it is installed and the CPU can run it."""
    runs_llama_cpp = hardware.versions.get("xllamacpp") is not None and not hardware.missing_for_llama_cpp
    return "llama.cpp" if hardware.device != "cuda" and runs_llama_cpp else "transformers"


def best_alternative(spec: ModelSpec, catalogue: Iterable[ModelSpec], hardware: Hardware, disk_free_bytes: int) -> ModelSpec | None:
    """The largest other model of the catalogue that runs here, one that speaks Korean before one that does not; None where none does."""
    usable = [
        other
        for other in catalogue
        if other.id != spec.id and not {"base_model"} & set(other.limits) and any(fit.usable for fit in fits(other, hardware, disk_free_bytes))
    ]
    return max(usable, key=lambda other: ("ko" in other.languages, other.parameters), default=None)


def free_disk(folder: Path) -> int:
    """Free bytes where `folder` is, or will be."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _fit(spec: ModelSpec, form: Form | None, hardware: Hardware, disk_free_bytes: int, *, here: bool) -> Fit:
    gguf = form is not None and form.kind == "gguf"
    download = 0 if here or form is None else form.download_bytes
    weight_bytes = _gguf_bytes(spec, form) if gguf else hardware.weight_bytes(spec.parameters)
    # The wheels of llama.cpp compute on CPUs and on Metal: a file lies in the machine's own memory.
    free_bytes = hardware.host_free_bytes if gguf and hardware.device == "cuda" else hardware.device_free_bytes
    cache_bytes = spec.shape.kv_bytes(spec.context_tokens) if spec.shape else 0
    if gguf and llama_cpp_cache_is_8_bit(weight_bytes, cache_bytes, free_bytes - OVERHEAD_BYTES):
        cache_bytes = round(cache_bytes * Q8_0_SHARE_OF_FLOAT16)
    fit = Fit(
        form=form,
        engine="llama.cpp" if gguf else "transformers",
        verdict="unknown",
        weights=form.weights if gguf and form is not None else hardware.weight_format(spec.parameters) if spec.parameters else "",
        weight_bytes=weight_bytes,
        cache_bytes=cache_bytes,
        overhead_bytes=OVERHEAD_BYTES,
        free_bytes=free_bytes,
        download_bytes=download,
        disk_bytes=download + DISK_RESERVE_BYTES if download else 0,
        disk_free_bytes=disk_free_bytes,
        speed="unknown",
    )
    total = hardware.host_total_bytes if gguf and hardware.device == "cuda" else hardware.device_total_bytes
    return _judged(fit, spec, hardware, total)


def _judged(fit: Fit, spec: ModelSpec, hardware: Hardware, total_bytes: int) -> Fit:
    if spec.refused is not None:
        return replace(fit, verdict="refused")
    if fit.engine == "llama.cpp" and hardware.missing_for_llama_cpp:
        return replace(fit, verdict="cpu_too_old")
    if not fit.weight_bytes:
        return fit
    if fit.needed_bytes > total_bytes or (fit.disk_bytes and fit.disk_bytes > fit.disk_free_bytes):
        verdict: Verdict = "too_large"
    else:
        verdict = "fits" if fit.needed_bytes <= fit.free_bytes else "tight"
    return replace(fit, verdict=verdict, speed=_speed(fit, hardware))


def _gguf_bytes(spec: ModelSpec, form: Form | None) -> int:
    if spec.path is not None and spec.path.is_file():
        parts = (spec.path.with_name(name) for name in shards(spec.path.name))
        return sum(part.stat().st_size for part in parts if part.is_file())
    return form.download_bytes if form is not None else 0


def _speed(fit: Fit, hardware: Hardware) -> Speed:
    device = "cpu" if fit.engine == "llama.cpp" and hardware.device == "cuda" else hardware.device
    bandwidth = (hardware.device_bandwidth if device == "cuda" else None) or _BANDWIDTH[device]
    tokens_per_second = _EFFICIENCY * bandwidth / fit.weight_bytes
    if fit.weights == "nf4" and device == "cpu" and "avx512_bf16" not in hardware.cpu_features:
        tokens_per_second *= _SLOW_NF4
    steps: tuple[tuple[float, Speed], ...] = ((20, "fast"), (5, "fluent"), (1, "slow"))
    return next((speed for least, speed in steps if tokens_per_second >= least), "very_slow")
