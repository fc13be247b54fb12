"""What `detect` says of this machine, and of others as far as they can be told apart without them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil  # type: ignore[import-untyped]  # ships no types
import pytest
import torch

from solar_chat import hardware
from solar_chat.hardware import detect


@pytest.fixture
def no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "nvidia_driver_present", lambda: False)


@pytest.fixture
def bare_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


def test_it_agrees_with_psutil_and_torch() -> None:
    found = detect()
    assert found.host_total_bytes <= psutil.virtual_memory().total
    assert 0 < found.host_free_bytes <= found.host_total_bytes
    assert 0 < found.device_free_bytes <= found.device_total_bytes
    assert found.logical_cores == psutil.cpu_count()
    assert found.versions["torch"] == torch.__version__
    assert (found.device == "cuda") == torch.cuda.is_available()
    assert hasattr(torch, found.dtype)


def test_it_can_be_written_as_json() -> None:
    found = json.loads(json.dumps(detect().as_dict()))
    assert {"device", "dtype", "reason", "versions", "host_free_bytes"} <= set(found)
    assert set(found["reason"]) == {"key", "params"}


@pytest.mark.usefixtures("bare_cpu", "no_driver")
def test_a_machine_without_a_card() -> None:
    found = detect()
    assert (found.device, found.reason.key, found.reason.params) == ("cpu", "cpu_only", {})
    assert found.device_total_bytes == found.host_total_bytes


@pytest.mark.usefixtures("bare_cpu")
@pytest.mark.parametrize(
    ("system", "built_for", "key", "params"),
    [
        ("Linux", None, "cpu_torch_without_cuda", {"torch": "2.13.0+cpu", "version": "2.13.0"}),
        ("Windows", None, "cpu_torch_without_cuda_elsewhere", {"torch": "2.13.0+cpu", "version": "2.13.0"}),
        ("Linux", "12.8", "cpu_driver_unusable", {"cuda": "12.8"}),
    ],
)
def test_a_card_that_torch_cannot_use_is_explained(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, system: str, built_for: str | None, key: str, params: dict[str, str]
) -> None:
    monkeypatch.setattr("solar_chat.hardware.platform.system", lambda: system)
    monkeypatch.setattr(torch, "__version__", "2.13.0+cpu")
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(torch.version, "cuda", built_for)
    found = detect()
    assert (found.device, found.reason.key, found.reason.params) == ("cpu", key, params)


@pytest.mark.parametrize(
    ("capability", "installed", "dtype", "quantization", "key"),
    [
        ((9, 0), True, "bfloat16", "nf4", "cuda"),
        ((8, 0), True, "bfloat16", "nf4", "cuda"),
        ((7, 5), True, "float16", "nf4", "cuda"),
        ((9, 0), False, "bfloat16", "none", "cuda_without_bitsandbytes"),
    ],
)
def test_cuda(monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], installed: bool, dtype: str, quantization: str, key: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "GPU")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (10, 20))
    # GDDR6 at 7 GHz on 256 bits.
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: SimpleNamespace(memory_clock_rate=7_000_000, memory_bus_width=256))
    version = hardware._version
    monkeypatch.setattr(hardware, "_version", lambda name: None if name == "bitsandbytes" and not installed else version(name))
    found = detect()
    assert (found.device, found.device_name, found.dtype, found.quantization, found.reason.key) == ("cuda", "GPU", dtype, quantization, key)
    assert (found.device_free_bytes, found.device_total_bytes) == (10, 20)
    assert found.host_total_bytes > 20
    assert (found.compute_capability, found.device_bandwidth) == (f"{capability[0]}.{capability[1]}", 448e9)


@pytest.mark.usefixtures("no_driver")
def test_a_card_that_this_torch_was_not_built_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "GTX 970")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: (5, 2))
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: ["sm_75", "sm_80", "compute_90"])
    found = detect()
    assert (found.device, found.reason.key, found.reason.params["name"]) == ("cpu", "cpu_card_too_old", "GTX 970")


@pytest.mark.usefixtures("bare_cpu", "no_driver")
def test_an_old_cpu_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": False}, raising=False)
    monkeypatch.setattr("solar_chat.hardware.platform.machine", lambda: "AMD64")
    monkeypatch.setattr("solar_chat.hardware.platform.system", lambda: "Windows")
    found = detect()
    traps = {trap.key: trap.params for trap in found.traps}
    assert traps == {"trap_no_avx2": {"missing": "AVX2, FMA, F16C, BMI2"}}
    assert found.missing_for_llama_cpp == ("AVX2", "FMA", "F16C", "BMI2")


@pytest.mark.usefixtures("bare_cpu", "no_driver")
def test_a_virtual_machine_may_hide_one_feature(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("solar_chat.hardware.platform.machine", lambda: "x86_64")
    told = {"avx2": True, "fma3": True, "f16c": False, "bmi2": True}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: told, raising=False)
    assert detect().missing_for_llama_cpp == ("F16C",)
    monkeypatch.setattr("solar_chat.hardware.platform.machine", lambda: "arm64")
    assert detect().missing_for_llama_cpp == ()


@pytest.mark.usefixtures("bare_cpu", "no_driver")
@pytest.mark.parametrize(("level", "missing"), [("AVX2", ()), ("AVX512", ()), ("DEFAULT", ("AVX2", "FMA", "F16C", "BMI2"))])
def test_an_older_torch_tells_the_level_only(monkeypatch: pytest.MonkeyPatch, level: str, missing: tuple[str, ...]) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: level)
    monkeypatch.setattr("solar_chat.hardware.platform.machine", lambda: "x86_64")
    assert detect().missing_for_llama_cpp == missing


def test_apple_silicon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.mps, "recommended_max_memory", lambda: 1000)
    found = detect()
    assert (found.device, found.dtype, found.quantization, found.reason.key) == ("mps", "float16", "none", "mps")
    assert (found.device_total_bytes, found.device_free_bytes) == (1000, 1000)


@pytest.mark.usefixtures("bare_cpu", "no_driver")
@pytest.mark.parametrize(
    ("capabilities", "dtype", "features"),
    [
        (
            {"avx2": True, "fma3": False, "f16c": False, "bmi2": False, "avx512_f": True, "avx512_bf16": True},
            "bfloat16",
            ("avx2", "avx512_f", "avx512_bf16"),
        ),
        ({"amx_bf16": True}, "bfloat16", ("amx_bf16",)),
        ({"avx2": True, "avx512_bf16": False, "cpu_name": "Core i7"}, "float32", ("avx2", "fma3", "f16c", "bmi2")),
    ],
)
def test_the_cpu_decides_its_format(monkeypatch: pytest.MonkeyPatch, capabilities: Mapping[str, Any], dtype: str, features: tuple[str, ...]) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    found = detect()
    assert (found.dtype, found.cpu_features) == (dtype, features)
    assert found.cpu_name == capabilities.get("cpu_name", found.cpu_name)


@pytest.mark.parametrize(
    ("limit", "used", "expected"),
    [("max", "5", (100, 60)), ("50", "20", (50, 30)), ("200", "20", (100, 60)), ("50", "70", (50, 0)), (None, None, (100, 60))],
)
def test_a_containers_limit_counts(tmp_path: Path, limit: str | None, used: str | None, expected: tuple[int, int]) -> None:
    if limit is not None and used is not None:
        (tmp_path / "memory.max").write_text(f"{limit}\n")
        (tmp_path / "memory.current").write_text(f"{used}\n")
    assert hardware._within_container(100, 60, tmp_path) == expected
