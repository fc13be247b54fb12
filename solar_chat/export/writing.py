"""Writing a GGUF file: header, then tensor by tensor, a few rows in memory at a time.

The result appears by renaming a finished temporary file: whatever ends a run early, nothing that looks like a model is left. What the file must say
is for `shape`, `vocabulary` and `tensors` to know.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from solar_chat.checkpoint import Checkpoint
from solar_chat.errors import InputError
from solar_chat.export.about import About
from solar_chat.export.modelfile import modelfile
from solar_chat.export.shape import architecture, context_tokens, number, rope_factors, write_shape
from solar_chat.export.tensors import Entry, entries, pieces
from solar_chat.export.types import Weights, file_type
from solar_chat.export.vocabulary import Vocabulary, leans_on_place, write_vocabulary
from solar_chat.prompts.translated import jinja

if TYPE_CHECKING:
    from gguf import GGUFWriter

TEMPLATE_KEY = "solar_chat.template"
"""Under which a file says which of the app's own templates its model was tuned with."""
# Header with vocabulary and merges, Modelfile and what a file system rounds up.
_ROOM_BESIDE_BYTES = 32_000_000

Progress = Callable[[int, int], None]
"""Called with the bytes written so far and those there will be; whatever it raises ends the export, and nothing is left."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written."""

    gguf: Path
    modelfile: Path
    bytes: int
    tensors: int
    context_tokens: int
    """The longest text that the file computes as its source does."""
    notes: tuple[str, ...] = ()
    """Keys `export.note_<key>` of what the person should know."""


@dataclass(frozen=True, slots=True)
class _Job:
    """Everything that goes into one file, checked."""

    source: Checkpoint
    vocabulary: Vocabulary
    about: About
    weights: Weights
    entries: tuple[Entry, ...]
    rope_factors: list[float] | None


def export(
    source: Checkpoint,
    vocabulary: Vocabulary,
    about: About,
    target: Path,
    weights: Weights = "f16",
    *,
    check: Callable[[Path], None] | None = None,
    progress: Progress | None = None,
) -> Exported:
    """Write `target` (.gguf) and a Modelfile beside it. `check` looks at the finished file before it gets its name, and raises where it is wrong.

    Raises InputError `export_not_gguf`, `export_target_exists`, `export_no_room`, `export_write_failed`, `export_busy`, and those of `entries`,
    `write_shape`, `write_vocabulary` and `pieces`.
    """
    target = target.absolute()
    if target.suffix.lower() != ".gguf":
        raise InputError("export_not_gguf", path=target)
    beside = modelfile_path(target)
    job = _Job(source, vocabulary, about, weights, tuple(entries(source, weights)), rope_factors(source.config))
    need = sum(entry.stored_bytes for entry in job.entries)
    longest = context_tokens(source.config)
    try:
        _check_room(target, need)
        target.parent.mkdir(parents=True, exist_ok=True)
        with _alone(target) as temporary:
            _write(job, temporary, need, progress)
            if check is not None:
                check(temporary)
            _name(temporary, target, beside, modelfile(about, target.name, longest))
    except OSError as error:
        raise InputError("export_write_failed", path=target, reason=error.strerror or str(error)) from error
    shorter = longest < number(source.config, "max_position_embeddings")
    notes = [key for key, holds in (("space", leans_on_place(vocabulary.tokenizer)), ("context", shorter)) if holds]
    return Exported(target, beside, target.stat().st_size, len(job.entries), longest, tuple(notes))


def modelfile_path(target: Path) -> Path:
    """Where the Modelfile of `target` will lie: `Modelfile`, or with the file's own name where another model's is there already.

    Raises InputError `export_target_exists` where `target` or both names are taken.
    """
    plain, own = target.with_name("Modelfile"), target.with_name(f"{target.stem}.Modelfile")
    beside = own if plain.exists() else plain
    for path in (target, beside):
        if path.exists() or path.is_symlink():
            raise InputError("export_target_exists", path=path)
    return beside


def _check_room(target: Path, need_bytes: int) -> None:
    place = next(folder for folder in target.parents if folder.exists())
    if not place.is_dir() or not os.access(place, os.W_OK):
        raise InputError("export_write_failed", path=target, reason=os.strerror(errno.EACCES if place.is_dir() else errno.ENOTDIR))
    free = shutil.disk_usage(place).free
    if free < need_bytes + _ROOM_BESIDE_BYTES:
        raise InputError("export_no_room", need_gb=f"{(need_bytes + _ROOM_BESIDE_BYTES) / 1e9:.2f}", free_gb=f"{free / 1e9:.2f}")


@contextlib.contextmanager
def _alone(target: Path) -> Iterator[Path]:
    """The temporary file of `target`, which is gone afterwards whatever happened; one export of a name at a time. Raises InputError `export_busy`."""
    from filelock import FileLock, Timeout

    # Ends as the finished one does: readers go by that.
    temporary = target.with_name(f".exporting-{target.name}")
    lock = FileLock(temporary.with_name(f"{temporary.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise InputError("export_busy", path=target) from error
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)
        # Away while it is held: afterwards it may be another's. Windows deletes no open file and leaves an empty one.
        with contextlib.suppress(OSError):
            Path(lock.lock_file).unlink()
        lock.release()


def _write(job: _Job, file: Path, need: int, progress: Progress | None) -> None:
    from gguf import GGUFWriter

    writer = GGUFWriter(file, architecture(job.source.config))
    try:
        _write_header(writer, job)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        _write_tensors(writer, job, need, progress)
    finally:
        writer.close()


def _write_header(writer: GGUFWriter, job: _Job) -> None:
    import numpy as np
    from gguf import GGML_QUANT_VERSION

    config, about = job.source.config, job.about
    writer.add_type("model")
    writer.add_name(about.name)
    if about.licence:
        writer.add_license(about.licence)
    writer.add_file_type(file_type(job.weights))
    writer.add_quantization_version(GGML_QUANT_VERSION)
    write_shape(writer, config)
    write_vocabulary(writer, job.vocabulary, number(config, "vocab_size"))
    writer.add_chat_template(jinja(about.template))
    # Which of the app's templates that is: a text alone would have to be recognised.
    writer.add_string(TEMPLATE_KEY, about.template.name)
    for entry in job.entries:
        writer.add_tensor_info(entry.name, entry.source.shape, np.dtype(np.float32), entry.stored_bytes, raw_dtype=entry.kind)
    if job.rope_factors is not None:
        writer.add_tensor_info("rope_freqs.weight", (len(job.rope_factors),), np.dtype(np.float32), 4 * len(job.rope_factors))


def _write_tensors(writer: GGUFWriter, job: _Job, need: int, progress: Progress | None) -> None:
    import numpy as np

    if writer.fout is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    file = writer.fout[0]
    writer.write_padding(file, file.tell())
    done = 0
    for entry in job.entries:
        for piece in pieces(entry):
            file.write(np.ascontiguousarray(piece).data)
            done += piece.nbytes
            if progress is not None:
                progress(done, need)
        writer.write_padding(file, entry.stored_bytes)
    if job.rope_factors is not None:
        file.write(np.array(job.rope_factors, "<f4").tobytes())
        writer.write_padding(file, 4 * len(job.rope_factors))


def _name(temporary: Path, target: Path, beside: Path, text: str) -> None:
    """Give both their names, the model last."""
    if target.exists():
        raise InputError("export_target_exists", path=target)
    try:
        beside.write_text(text, encoding="utf-8")
        temporary.rename(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
