"""The folder of 4-bit copies: what lies there, what it was made from, and whether it is whole.

Quantizing a large model takes minutes, so the result is kept. The rule: a copy gets its name only when everything in it is written, and a seal with
the size of each file lies in it, so that what is found here may be loaded without looking back at what it was made from. Makes no copy (`quantized`)
and opens no weights.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

# Beside the folders of the Hub's models, whose names hold "--".
FOLDER = "4bit"
WEIGHTS = "nf4"
SEAL = "solar_chat_copy.json"
# Raised when what lies in a copy changes: the old ones are then made again.
FORMAT = 1
PART_SUFFIX = ".part"


@dataclass(frozen=True, slots=True)
class Seal:
    """What a copy says of itself."""

    origin: str
    """The Hub's `owner/name@revision`, or the folder it was made from."""
    key: str
    """Of the files it was made from."""
    repo: str | None
    revision: str
    files: dict[str, int]
    """Name → bytes of every other file of the copy."""
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class FourBitFolder:
    """One whole copy."""

    folder: Path
    seal: Seal

    @property
    def size_bytes(self) -> int:
        return sum(self.seal.files.values())


def four_bit_folders(cache: Path) -> Iterator[FourBitFolder]:
    """Every whole copy under `cache` (the app's `Home.models`)."""
    room = cache / FOLDER
    for folder in sorted(room.iterdir()) if room.is_dir() else ():
        if (found := opened(folder)) is not None:
            yield found


def orphans(cache: Path) -> Iterator[Path]:
    """The whole copies whose source was a folder that is gone: each is a model of its own by now."""
    for copy in four_bit_folders(cache):
        if copy.seal.repo is None and not Path(copy.seal.origin).is_dir():
            yield copy.folder


def opened(folder: Path) -> FourBitFolder | None:
    """The copy in `folder`; None where there is none, half of one, or one of another format."""
    if folder.name.endswith(PART_SUFFIX):
        return None
    try:
        seal = Seal(**json.loads((folder / SEAL).read_text(encoding="utf-8")))
        whole = seal.format == FORMAT and all((folder / name).stat().st_size == size for name, size in seal.files.items())
    except (OSError, ValueError, TypeError, AttributeError):
        return None
    return FourBitFolder(folder, seal) if whole and seal.files else None


def write_seal(folder: Path, seal: Seal) -> None:
    """Say that `folder` is complete. Raises OSError."""
    with (folder / SEAL).open("w", encoding="utf-8") as stream:
        json.dump(asdict(seal), stream, ensure_ascii=False, indent=1)
        stream.flush()
        os.fsync(stream.fileno())
