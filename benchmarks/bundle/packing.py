"""The folder as archives: a zip for every system, a tar.zst for Linux. One that is newer than the folder is not made again."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from pathlib import Path

ZSTD_LEVEL = 12


def packed(bundle: Path) -> dict[str, int]:
    """Kind → bytes of each archive that this system can make."""
    archives = {"zip": _zipped(bundle, bundle.with_name(f"{bundle.name}.zip"))}
    if shutil.which("zstd") and shutil.which("tar"):
        archives["tar.zst"] = _tarred(bundle, bundle.with_name(f"{bundle.name}.tar.zst"))
    return {kind: path.stat().st_size for kind, path in archives.items()}


def _is_newer(archive: Path, bundle: Path) -> bool:
    return archive.is_file() and archive.stat().st_mtime > max(path.lstat().st_mtime for path in bundle.rglob("*"))


def _zipped(bundle: Path, archive: Path) -> Path:
    if _is_newer(archive, bundle):
        return archive
    unfinished = archive.with_suffix(".part")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as file:
        for path in sorted(bundle.rglob("*")):
            name = str(path.relative_to(bundle.parent))
            if path.is_symlink():
                # As a link: what it names would be there twice, and twice in memory.
                link = zipfile.ZipInfo(name)
                link.create_system, link.external_attr = 3, 0o120777 << 16
                file.writestr(link, str(path.readlink()))
            elif path.is_file():
                file.write(path, name)
    return unfinished.replace(archive)


def _tarred(bundle: Path, archive: Path) -> Path:
    if _is_newer(archive, bundle):
        return archive
    unfinished = archive.with_suffix(".part")
    command = ["tar", f"--use-compress-program=zstd -{ZSTD_LEVEL} -T0 -q", "-cf", str(unfinished), "-C", str(bundle.parent), bundle.name]
    subprocess.run(command, check=True)
    return unfinished.replace(archive)
