"""What is in the folder: its size, what is not in it, and paths that every unpacker can write."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

LARGEST_BYTES = 850_000_000
# Behind `C:\Users\길동\AppData\Local\Programs\` there are 260 characters for Windows' Explorer, and no more.
LONGEST_PATH = 140
# libcublas, libcudart, libcudnn, ...; not libcurl.
CUDA = re.compile(r"(lib)?(cu(blas|da|dart|dnn|fft|file|pti|rand|solver|sparse)|nvrtc|nccl|nvshmem)[^/]*\.(so|dll)|libbitsandbytes_(cuda|rocm|xpu)")
EXCLUDED = ("trl", "peft", "datasets", "pyarrow", "matplotlib", "mypy", "playwright", "hypothesis", "schemathesis", "mistral_common", "pytest")


@pytest.fixture(scope="module")
def files(bundle: Path) -> list[Path]:
    return [path for path in bundle.rglob("*") if path.is_file() and not path.is_symlink()]


def test_it_is_as_small_as_was_promised(files: list[Path]) -> None:
    assert sum(path.stat().st_size for path in files) <= LARGEST_BYTES


def test_no_path_is_too_long(bundle: Path, files: list[Path]) -> None:
    assert [str(path) for path in files if len(str(path.relative_to(bundle))) > LONGEST_PATH] == []


def test_every_link_leads_somewhere_inside(bundle: Path) -> None:
    links = [path for path in bundle.rglob("*") if path.is_symlink()]
    assert [str(path) for path in links if not path.exists() or bundle not in path.resolve().parents or os.path.isabs(os.readlink(path))] == []


@pytest.mark.skipif(os.environ.get("SOLAR_CHAT_BUNDLE_CUDA", "") not in ("", "0"), reason="the bundle was built with CUDA")
def test_a_cpu_bundle_has_no_cuda(bundle: Path, files: list[Path]) -> None:
    assert [str(path.relative_to(bundle)) for path in files if CUDA.match(path.name)] == []


def test_tests_and_training_stay_out(bundle: Path) -> None:
    contents = bundle / "_internal" if sys.platform != "darwin" else bundle
    assert [name for name in EXCLUDED if (contents / name).exists()] == []


def test_it_says_whose_work_is_inside(bundle: Path) -> None:
    terms = (bundle / "_internal" / "THIRD_PARTY_LICENSES.txt").read_text(encoding="utf-8")
    for name in ("torch", "transformers", "gradio", "bitsandbytes", "kiwipiepy", "xllamacpp", "openai", "cryptography"):
        assert re.search(rf"^{name} \d", terms, re.MULTILINE), name
    assert "Apache License" in (bundle / "_internal" / "LICENSE").read_text(encoding="utf-8")
