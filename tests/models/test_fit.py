"""What fits where, on machines that are not here."""

from __future__ import annotations

from dataclasses import replace

import pytest

from solar_chat.hardware import Hardware, Reason
from solar_chat.models import CATALOG, EEVE, SOLAR, STARTER, Fit, best_alternative, fits, resolve

GB = 1_000_000_000
LAPTOP = Hardware(
    device="cpu",
    device_name="Core i5",
    dtype="float32",
    quantization="nf4",
    reason=Reason("cpu_only", {}),
    host_total_bytes=16 * GB,
    host_free_bytes=11 * GB,
    device_total_bytes=16 * GB,
    device_free_bytes=11 * GB,
    physical_cores=4,
    logical_cores=8,
    cpu_name="Core i5",
    cpu_features=("avx2", "fma3", "f16c", "bmi2"),
    system="Windows AMD64",
    versions={"xllamacpp": "1"},
)
CARD = replace(
    LAPTOP, device="cuda", dtype="float16", device_total_bytes=8 * GB, device_free_bytes=int(7.9 * GB), device_bandwidth=448e9, versions={}
)
DISK = 100 * GB


def by_kind(found: tuple[Fit, ...]) -> dict[str, Fit]:
    return {fit.form.kind: fit for fit in found if fit.form is not None}


def test_solar_on_a_laptop_without_a_card() -> None:
    found = fits(SOLAR, LAPTOP, DISK)
    assert [(fit.engine, fit.weights) for fit in found] == [("llama.cpp", "Q4_K_M"), ("transformers", "nf4")]
    assert [(fit.verdict, fit.speed) for fit in found] == [("fits", "slow"), ("fits", "very_slow")]
    # Keys and values in 8 bits, so that both lie in 7 GB.
    assert found[0].cache_bytes == 196_608 * 4096 * 34 / 64
    assert found[0].weight_bytes + found[0].cache_bytes < 7 * GB
    assert found[0].needed_bytes == 6_461_667_936 + 427_819_008 + 1_500_000_000
    assert (found[0].download_bytes, found[0].disk_bytes) == (6_461_667_936, 7_461_667_936)


def test_solar_on_a_card_of_eight_gigabytes() -> None:
    found = fits(SOLAR, CARD, DISK)
    assert [(fit.engine, fit.verdict, fit.speed) for fit in found] == [("transformers", "fits", "fast"), ("llama.cpp", "fits", "slow")]
    assert found[0].weight_bytes == round(SOLAR.parameters * 4.127 / 8)


@pytest.mark.parametrize(("free", "total", "verdict"), [(9 * GB, 16 * GB, "fits"), (4 * GB, 16 * GB, "tight"), (4 * GB, 8 * GB, "too_large")])
def test_memory_decides(free: int, total: int, verdict: str) -> None:
    machine = replace(LAPTOP, device_free_bytes=free, device_total_bytes=total)
    assert by_kind(fits(SOLAR, machine, DISK))["gguf"].verdict == verdict


def test_the_disk_decides_too() -> None:
    found = by_kind(fits(EEVE, LAPTOP, 10 * GB))
    assert (found["gguf"].verdict, found["safetensors"].verdict) == ("fits", "too_large")


def test_without_llama_cpp_transformers_comes_first() -> None:
    assert fits(SOLAR, replace(LAPTOP, versions={}), DISK)[0].engine == "transformers"


@pytest.mark.parametrize(("features", "system"), [((), "Linux x86_64"), (("avx2", "fma3", "bmi2"), "Windows AMD64")])
def test_a_cpu_without_what_llama_cpp_was_compiled_for_takes_the_other_form(features: tuple[str, ...], system: str) -> None:
    old = replace(LAPTOP, cpu_features=features, system=system)
    first, second = fits(SOLAR, old, DISK)
    assert (first.engine, first.usable) == ("transformers", True)
    assert (second.engine, second.verdict, second.usable) == ("llama.cpp", "cpu_too_old", False)
    assert fits(SOLAR, replace(old, system="Linux aarch64"), DISK)[0].engine == "llama.cpp"
    # A card computes by itself, but its machine's CPU would still have to run a GGUF.
    assert by_kind(fits(SOLAR, replace(CARD, cpu_features=()), DISK))["gguf"].verdict == "cpu_too_old"


def test_a_form_that_was_asked_for_is_the_only_one() -> None:
    assert [fit.weights for fit in fits(resolve("solar:gguf"), LAPTOP, DISK)] == ["Q4_K_M"]


def test_what_is_in_the_box_needs_no_download() -> None:
    (found,) = fits(STARTER, replace(LAPTOP, device_free_bytes=2 * GB, device_total_bytes=4 * GB), 0)
    assert (found.verdict, found.weights, found.download_bytes, found.disk_bytes) == ("fits", "float32", 0, 0)


def test_a_model_of_unknown_size_is_not_judged() -> None:
    (found,) = fits(resolve("some/model"), LAPTOP, DISK)
    assert (found.verdict, found.weight_bytes, found.speed) == ("unknown", 0, "unknown")


def test_the_alternative_is_the_largest_that_runs_and_speaks_korean() -> None:
    pro = resolve("solar-pro-preview")
    assert fits(pro, LAPTOP, DISK)[0].verdict == "refused"
    assert best_alternative(pro, CATALOG, LAPTOP, DISK) == EEVE
    small = replace(LAPTOP, device_free_bytes=2 * GB, device_total_bytes=4 * GB)
    assert best_alternative(SOLAR, CATALOG, small, DISK) == STARTER
    assert best_alternative(SOLAR, CATALOG, replace(small, device_total_bytes=GB), DISK) is None
