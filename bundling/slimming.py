"""Symbols that nobody needs, taken out of the built folder's libraries; Linux only.

Not PyInstaller's own `strip=True`: that goes over every library, and numpy's OpenBLAS no longer loads afterwards.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

# Those that gain megabytes; each one is loaded by `--smoke` afterwards.
LARGE = ("torch/lib/libtorch_*.so", "xllamacpp/*.so", "tokenizers/*.so", "libpython3*.so*", "pydantic_core/*.so")


def strip_symbols(contents: Path) -> int:
    """Strip the LARGE libraries below `contents`; the bytes that saved, 0 where there is no `strip`."""
    tool = shutil.which("strip")
    if tool is None:
        return 0
    libraries = sorted({path.resolve() for pattern in LARGE for path in contents.glob(pattern) if path.is_file()})
    before = sum(path.stat().st_size for path in libraries)
    for path in libraries:
        # The new file must not reach through a hard link into the installation it came from.
        own = path.with_name(path.name + ".stripped")
        subprocess.run([tool, "--strip-unneeded", "-o", own, path], check=True, timeout=300)
        own.replace(path)
    return before - sum(path.stat().st_size for path in libraries)
