"""Carrying out a plan: a safetensors checkpoint in, a deeper one out, byte ranges copied from file to file.

No tensor is ever built, so memory stays flat at any size. The result appears by renaming a finished temporary folder whose index was written last:
whatever ends a run early, nothing that looks like a model is left, and the next run starts afresh. When the bytes reach the disk is left to the
system, as `cp` does. Training is not done here.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from solar_chat.checkpoint import INDEX, SINGLE, Checkpoint
from solar_chat.errors import InputError
from solar_chat.upscale.config import deepened_config
from solar_chat.upscale.layers import PlannedTensor, planned
from solar_chat.upscale.plan import DepthPlan
from solar_chat.upscale.ranges import Copier

SHARD_BYTES = 5_000_000_000
_PAGE_BYTES = 4096
# Headers, index, card and what a file system rounds up.
_ROOM_BESIDE_BYTES = 16_000_000
# The tensors of the source describe themselves; an old index, other formats of the same weights and what a hub leaves behind do not belong. The
# source's card speaks of the source, and a recipe or picture of an earlier up-scaling of that one.
_NOT_COPIED = re.compile(
    r"\.(safetensors|bin|pt|pth|ckpt|gguf|h5|msgpack|onnx)$|\.index\.json$|^(config|upscale)\.json$|^upscale\.png$|^(readme|model_card)\.md$|^\.",
    re.IGNORECASE,
)

Progress = Callable[[int, int], None]
"""Called with the bytes written so far and those there will be."""


@dataclass(frozen=True, slots=True)
class Shard:
    """One file of the result."""

    file: str
    tensors: Mapping[str, PlannedTensor]


def write(
    source: Checkpoint,
    plan: DepthPlan,
    target: Path,
    *,
    shard_bytes: int = SHARD_BYTES,
    beside: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Path:
    """Write the deeper checkpoint to the new folder `target` and return it; files of at most `shard_bytes` where tensors allow.

    `beside` are small text files, name → content, that join it. Raises InputError `upscale_same_folder`, `upscale_target_exists`, `upscale_busy`,
    `upscale_no_room`, `upscale_cut_off`, `upscale_write_failed`, and those of `planned` and `deepened_config`; nothing is left behind then.
    """
    tensors = planned(source, plan)
    config = deepened_config(source, plan)
    target = target.absolute()
    check_target(source, target)
    shards = sharded(tensors, shard_bytes)
    need = sum(tensor.source.length for tensor in tensors.values())
    total = sum(tensor.source.length for tensor in tensors.values() if not tensor.zeroed)
    try:
        check_room(target, need)
        target.parent.mkdir(parents=True, exist_ok=True)
        with _workplace(target) as temporary:
            copier = Copier(_counting(progress, total))
            for shard in shards:
                _write_shard(temporary / shard.file, shard.tensors, copier)
            for path in small_files(source.folder):
                shutil.copyfile(path, temporary / path.name)
            for name, text in (beside or {}).items():
                (temporary / name).write_text(text, encoding="utf-8")
            _write_json(temporary / "config.json", config)
            if len(shards) > 1:
                weight_map = {tensor: shard.file for shard in shards for tensor in shard.tensors}
                _write_json(temporary / INDEX, {"metadata": {"total_size": need}, "weight_map": weight_map})
    except OSError as error:
        raise InputError("upscale_write_failed", path=target, reason=error.strerror or str(error)) from error
    return target


def check_target(source: Checkpoint, target: Path) -> None:
    """Raises InputError `upscale_same_folder` where `target` is the source or inside it, `upscale_target_exists`."""
    folder = source.folder.resolve()
    if target.resolve() == folder or folder in target.resolve().parents:
        raise InputError("upscale_same_folder", path=target)
    if target.exists() or target.is_symlink():
        raise InputError("upscale_target_exists", path=target)


def check_room(target: Path, need_bytes: int) -> None:
    """Raises InputError `upscale_write_failed` where nothing can be made at `target`, `upscale_no_room` (params in GB) where its disk is too full."""
    place = next(folder for folder in target.absolute().parents if folder.exists())
    if not place.is_dir() or not os.access(place, os.W_OK):
        raise InputError("upscale_write_failed", path=target, reason=os.strerror(errno.EACCES if place.is_dir() else errno.ENOTDIR))
    left = _workplace_of(target.absolute())
    # What a killed build left goes before the new one begins.
    freed = sum(path.stat().st_size for path in left.iterdir()) if left.is_dir() else 0
    free = shutil.disk_usage(place).free + freed
    if free < need_bytes + _ROOM_BESIDE_BYTES:
        raise InputError("upscale_no_room", need_gb=f"{(need_bytes + _ROOM_BESIDE_BYTES) / 1e9:.2f}", free_gb=f"{free / 1e9:.2f}")


def small_files(folder: Path) -> list[Path]:
    """What belongs to a model besides its weights and config: tokenizer, generation settings, licence."""
    return [path for path in sorted(folder.iterdir()) if path.is_file() and not _NOT_COPIED.search(path.name)]


def sharded(tensors: Mapping[str, PlannedTensor], shard_bytes: int) -> list[Shard]:
    """`tensors` in their order, cut into files of at most `shard_bytes`; a tensor bigger than that has a file of its own."""
    parts: list[dict[str, PlannedTensor]] = [{}]
    filled = 0
    for name, tensor in tensors.items():
        if parts[-1] and filled + tensor.source.length > shard_bytes:
            parts.append({})
            filled = 0
        parts[-1][name] = tensor
        filled += tensor.source.length
    if len(parts) == 1:
        return [Shard(SINGLE, parts[0])]
    return [Shard(f"model-{number:05d}-of-{len(parts):05d}.safetensors", part) for number, part in enumerate(parts, start=1)]


def _workplace_of(target: Path) -> Path:
    return target.with_name(f".{target.name}.upscaling")


@contextmanager
def _workplace(target: Path) -> Iterator[Path]:
    """A folder beside `target` that becomes `target` where all went well. One build at a time; what a killed one left is cleared away."""
    temporary = _workplace_of(target)
    temporary.mkdir(exist_ok=True)
    with ExitStack() as stack:
        lock = temporary / ".lock"
        _lock(stack.enter_context(lock.open("wb")).fileno(), target)
        # Another build may have finished while this one was looking.
        if target.exists():
            shutil.rmtree(temporary, ignore_errors=True)
            raise InputError("upscale_target_exists", path=target)
        for left in temporary.iterdir():
            if left != lock:
                left.unlink()
        try:
            yield temporary
            # Windows deletes no open file and renames no folder that holds one.
            stack.close()
            lock.unlink()
            temporary.rename(target)
        except BaseException:
            stack.close()
            shutil.rmtree(temporary, ignore_errors=True)
            raise


def _lock(file: int, target: Path) -> None:
    """Held until the file is closed, also by a kill."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise InputError("upscale_busy", path=target) from error


def _write_shard(path: Path, tensors: Mapping[str, PlannedTensor], copier: Copier) -> None:
    # Widest items first, as the format's own writer has it, so that every tensor lies aligned.
    ordered = sorted(tensors.items(), key=lambda entry: -entry[1].source.item_bits)
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for name, tensor in ordered:
        stored = tensor.source
        header[name] = {"dtype": stored.dtype, "shape": list(stored.shape), "data_offsets": [offset, offset + stored.length]}
        offset += stored.length
    encoded = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    runs = list(_runs([tensor for _, tensor in ordered]))
    # Padded with spaces, which the format allows.
    encoded += b" " * ((_page_place(runs) - 8 - len(encoded)) % _PAGE_BYTES)
    with path.open("wb", buffering=0) as file, ExitStack() as stack:
        file.write(len(encoded).to_bytes(8, "little") + encoded)
        at = 8 + len(encoded)
        opened: dict[Path, int] = {}
        for origin, start, length in runs:
            if origin is not None:
                if origin not in opened:
                    opened[origin] = stack.enter_context(origin.open("rb", buffering=0)).fileno()
                if not copier.copy(opened[origin], file.fileno(), start, at, length):
                    raise InputError("upscale_cut_off", file=origin.name)
            at += length
        # Zeros were left out; at the end of the file somebody must say that they are there.
        file.truncate(at)


def _page_place(runs: list[tuple[Path | None, int, int]]) -> int:
    """Where in a page the data should begin so that most bytes lie in theirs as in the source: the system can then copy, or share, whole pages."""
    weight: Counter[int] = Counter({0: 1})
    at = 0
    for origin, start, length in runs:
        place = (start - at) % _PAGE_BYTES
        # The format asks for 8.
        if origin is not None and place % 8 == 0:
            weight[place] += length
        at += length
    return weight.most_common(1)[0][0]


def _runs(tensors: list[PlannedTensor]) -> Iterator[tuple[Path | None, int, int]]:
    """(file or None for zeros, offset, bytes): what lies one behind the other in the source too is one run."""
    file: Path | None = None
    start = length = 0
    for tensor in tensors:
        origin = None if tensor.zeroed else tensor.source.file
        if length and origin == file and (origin is None or tensor.source.start == start + length):
            length += tensor.source.length
            continue
        if length:
            yield file, start, length
        file, start, length = origin, tensor.source.start, tensor.source.length
    if length:
        yield file, start, length


def _counting(progress: Progress | None, total: int) -> Callable[[int], None] | None:
    if progress is None:
        return None
    done = 0

    def copied(count: int) -> None:
        nonlocal done
        done += count
        progress(done, total)

    return copied


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
