"""The 4-bit copy of one model: where it lies, whether it is still that of its source, making room for it, and giving the 16-bit files back.

A copy is known by what it was made from: the checksums of a repository's files, or path, sizes and times of a folder's. The rule: 16-bit files are
deleted only where a whole copy of exactly those files is here, and only files that this app has downloaded. Quantizes nothing (the engine does) and
opens no weights.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from solar_chat.errors import ModelError
from solar_chat.models.fit import DISK_RESERVE_BYTES, free_disk
from solar_chat.models.four_bit import FOLDER, FORMAT, PART_SUFFIX, Seal, four_bit_folders, opened, write_seal
from solar_chat.models.spec import Form, ModelSpec
from solar_chat.models.storage import Shelf, four_bit_of, freed_bytes, is_wanted, remove, take_lock, wanted

# Of the model's name; the rest of a file name is needed for the key, and a Hangul syllable takes three bytes of 255.
_NAME_LETTERS = 60
_KEY_DIGITS = 12
_CHANGES_NOTHING = ("README.md",)


@dataclass(frozen=True, slots=True)
class QuantizedCopy:
    """A model in four bits on this machine. Sizes in bytes."""

    folder: Path
    size_bytes: int
    full_bytes: int
    """What deleting the 16-bit files it was made from would free; 0 where they are gone, or were not downloaded by this app."""
    full_folder: Path | None = None
    """Where those files are."""


@dataclass(frozen=True, slots=True)
class QuantizedPlace:
    """Where the 4-bit copy of one source lies, or would. The engine asks for nothing else than this."""

    folder: Path
    origin: str
    key: str
    source: Path
    """The 16-bit folder."""
    repo: str | None
    revision: str

    def find(self) -> Path | None:
        """The whole copy of exactly this source; None where there is none."""
        return self.folder if opened(self.folder) is not None else None

    def discard(self) -> None:
        """Remove a copy that turned out to be damaged."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextlib.contextmanager
    def making(self, size_bytes: int) -> Iterator[Path]:
        """A folder with the small files of the source, to write weights and configuration into; it becomes the copy where the block ends well.

        Nothing is left where the block raises, and what a killed process left is cleared away first. Raises ModelError `four_bit_disk` where
        `size_bytes` are not free, `four_bit_busy` where another process is making the same, `four_bit_unwritable`.
        """
        part = self.folder.with_name(self.folder.name + PART_SUFFIX)
        with contextlib.ExitStack() as stack:
            try:
                if not take_lock(self.folder, stack):
                    raise ModelError("four_bit_busy", path=self.folder)
                shutil.rmtree(part, ignore_errors=True)
                free = free_disk(part)
                if size_bytes + DISK_RESERVE_BYTES > free:
                    raise ModelError("four_bit_disk", path=self.folder, needed_gb=f"{size_bytes / 1e9:.1f}", free_gb=f"{free / 1e9:.1f}")
                stack.callback(shutil.rmtree, part, ignore_errors=True)
                self._begin(part)
                yield part
                self._finish(part)
            except OSError as error:
                raise ModelError("four_bit_unwritable", path=self.folder, reason=error.strerror or str(error)) from error

    def _begin(self, part: Path) -> None:
        part.mkdir(parents=True)
        for file in sorted(self.source.iterdir()):
            if file.is_file() and _is_small(file.name):
                shutil.copyfile(file, part / file.name)
        listing = Shelf(self.source).listing_file
        if self.repo is not None and listing.is_file():
            shutil.copyfile(listing, part / listing.name)

    def _finish(self, part: Path) -> None:
        files = {file.name: file.stat().st_size for file in sorted(part.iterdir()) if file.is_file()}
        write_seal(part, Seal(self.origin, self.key, self.repo, self.revision, files))
        # A damaged one of the same name, and those of what the source was before.
        for old in (self.folder, *(found.folder for found in four_bit_folders(self.folder.parent.parent) if found.seal.origin == self.origin)):
            shutil.rmtree(old, ignore_errors=True)
        os.replace(part, self.folder)


def quantized_place(spec: ModelSpec, cache: Path) -> QuantizedPlace | None:
    """Where the copy of `spec`'s 16-bit files belongs; None where there are no such files here (a GGUF, a server, a copy itself)."""
    form = _full_form(spec)
    if form is not None:
        shelf = Shelf.of(form, cache)
        listing, copy = shelf.listing(), shelf.copy(form)
        if listing is None or copy is None or not copy.whole:
            return None
        made_from = [[file.path, file.digest] for file in wanted(listing, form) if file.path not in _CHANGES_NOTHING]
        return _place(cache, shelf.folder.name, _origin(form), made_from, shelf.folder, form)
    folder = spec.path
    if folder is None or spec.forms or not folder.is_dir() or opened(folder) is not None:
        return None
    return _place(cache, folder.name, str(folder), _files(folder), folder, None)


def quantized_copy(spec: ModelSpec, cache: Path) -> QuantizedCopy | None:
    """The 4-bit copy of `spec` and what it makes superfluous; None where there is none, or the source has changed since."""
    place = quantized_place(spec, cache)
    if place is not None:
        found = opened(place.folder)
        if found is None:
            return None
        form = _full_form(spec)
        full = Shelf.of(form, cache).copy(form) if form is not None else None
        if full is None:
            return QuantizedCopy(found.folder, found.size_bytes, 0)
        return QuantizedCopy(found.folder, found.size_bytes, freed_bytes(full), full.folder)
    # The 16-bit files are not (wholly) here any more.
    form = _full_form(spec)
    lone = four_bit_of(form, cache) if form is not None else None
    return QuantizedCopy(lone.folder, lone.here_bytes, 0) if lone is not None else None


def superfluous_weights(spec: ModelSpec, cache: Path) -> QuantizedCopy:
    """The 4-bit copy beside which the downloaded 16-bit files of `spec` are not needed any more.

    Raises ModelError `no_quantized_copy`, `full_weights_gone`, and `full_weights_yours` for a folder that this app has not downloaded.
    """
    copy = quantized_copy(spec, cache)
    if copy is None:
        raise ModelError("no_quantized_copy", model=spec.name)
    if _full_form(spec) is None:
        raise ModelError("full_weights_yours", path=spec.path)
    if not copy.full_bytes:
        raise ModelError("full_weights_gone", model=spec.name)
    return copy


def drop_full_weights(spec: ModelSpec, cache: Path) -> int:
    """Delete them; the bytes that freed. The model is loaded from the copy from then on.

    Raises ModelError as `superfluous_weights` and `storage.remove` do.
    """
    copy = superfluous_weights(spec, cache)
    form = _full_form(spec)
    full = Shelf.of(form, cache).copy(form) if form is not None else None
    if full is not None:
        remove(full)
    return copy.full_bytes


def _full_form(spec: ModelSpec) -> Form | None:
    """The 16-bit form of a model of the Hub."""
    forms = spec.forms if spec.form is None else (spec.form,)
    return next((form for form in forms if form.kind == "safetensors" and form.repo is not None), None)


def _origin(form: Form) -> str:
    return f"{form.repo}@{form.revision}"


def _place(cache: Path, name: str, origin: str, made_from: Sequence[Sequence[object]], source: Path, form: Form | None) -> QuantizedPlace:
    text = json.dumps([FORMAT, origin, made_from], ensure_ascii=False)
    key = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_KEY_DIGITS]
    repo, revision = (form.repo, form.revision) if form is not None else (None, "main")
    return QuantizedPlace(cache / FOLDER / f"{name[:_NAME_LETTERS]}-{key}", origin, key, source, repo, revision)


def _files(folder: Path) -> list[list[object]]:
    """Name, size and time of what a model is loaded from."""
    stats = [(file.name, file.stat()) for file in sorted(folder.iterdir()) if file.is_file() and is_wanted(file.name)]
    return [[name, stat.st_size, stat.st_mtime_ns] for name, stat in stats if name not in _CHANGES_NOTHING]


def _is_small(name: str) -> bool:
    """Whether a file is taken over as it is: weights, their index and the configuration are written anew."""
    return is_wanted(name) and not name.endswith((".safetensors", ".safetensors.index.json")) and name != "config.json"
