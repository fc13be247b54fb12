"""What stays out of a bundle against what the app needs: rules of names, and the app run without everything that is excluded."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bundling.contents import dropped_by, excluded_modules, rules

ROOT = Path(__file__).resolve().parents[2]
SMOKE_S = 300
# Hides the excluded modules from every way of asking for them, as a bundle does, then runs the program.
WITHOUT_EXCLUDED = """
import sys
from importlib.abc import MetaPathFinder
from importlib import util

out = frozenset(sys.argv.pop(1).split(","))
asked = set()

def is_out(name):
    while name:
        if name in out:
            return True
        name = name.rpartition(".")[0]
    return False

class Absent(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if is_out(name):
            asked.add(name)
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None

find = util.find_spec
util.find_spec = lambda name, package=None: None if is_out(name) else find(name, package)
sys.meta_path.insert(0, Absent())
from solar_chat.cli import main
try:
    main(sys.argv[1:])
finally:
    print("present:", sorted(name for name in sys.modules if is_out(name)))
    print("asked for:", sorted(asked), file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("bitsandbytes/libbitsandbytes_cuda130.so", "bitsandbytes for CUDA"),
        ("bitsandbytes\\libbitsandbytes_cuda130.dll", "bitsandbytes for CUDA"),
        ("libcudart.so.13", "CUDA"),
        ("torch/lib/cublas64_13.dll", "CUDA"),
        ("nvidia/cublas/lib/libcublas.so.13", "CUDA"),
        ("torch/lib/libtorchbind_test.so", "torch's test libraries"),
        ("torch/bin/protoc", "torch's tools, tests and headers"),
        ("torch/_inductor/graph.py", "source of torch's code generator and tests"),
        ("kiwipiepy_model/multi.dict", "Kiwi's large dictionary"),
        ("torch-2.13.0+cpu.dist-info/licenses/third_party/fbgemm/LICENSE", "torch's lists of files and licences"),
    ],
)
def test_what_a_cpu_bundle_leaves_out(path: str, reason: str) -> None:
    assert dropped_by(path, rules(cuda=False)) == reason


@pytest.mark.parametrize(
    "path",
    [
        "bitsandbytes/libbitsandbytes_cpu.so",
        "torch/lib/libtorch_cpu.so",
        "torch/bin/torch_shm_manager",
        "torch/_inductor/config.py",
        "torch/nn/functional.py",
        "kiwipiepy_model/nounchr.mdl",
        "libcurl.so.4",
        "libcrypto.so.3",
        "gradio/templates/frontend/index.html",
    ],
)
def test_what_every_bundle_has(path: str) -> None:
    assert dropped_by(path, rules(cuda=False)) is None
    assert dropped_by(path, rules(cuda=True)) is None


def test_a_cuda_bundle_keeps_the_libraries_of_its_torch() -> None:
    dropping = rules(cuda=True)
    for kept in ("bitsandbytes/libbitsandbytes_cuda130.so", "libcudart.so.13", "nvidia/cublas/lib/libcublas.so.13"):
        assert dropped_by(kept, dropping) is None
    assert dropped_by("bitsandbytes/libbitsandbytes_cuda124.so", dropping) == "bitsandbytes for older CUDA"


def test_no_room_imports_what_is_left_out() -> None:
    out = set(excluded_modules(windowed=True))
    found = []
    for file in (ROOT / "solar_chat").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            found += [(file.name, name) for name in names if name in out or name.split(".")[0] in out]
    assert found == []


def test_the_app_works_without_everything_that_is_excluded(tmp_path: Path) -> None:
    """Optional imports of libraries included: what is installed here for tests and training must not be what makes them work."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WITHOUT_EXCLUDED, ",".join(excluded_modules(windowed=False)), "--lang", "en", "--smoke"],
        cwd=ROOT,
        env={**os.environ, "SOLAR_CHAT_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=SMOKE_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    *_, last, present = done.stdout.splitlines()
    assert last == "Every part is there and works."
    assert present == "present: []"
    # Libraries did ask for some, and went on without.
    assert done.stderr.rpartition("asked for: ")[2].strip() != "[]"
