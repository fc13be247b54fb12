"""The folder of downloaded models: what is here, what of it is whole, and what removing it frees.

One folder for a repository, with its files under their own names (no links: Windows makes none without a permission, and copies instead). The rule: a
file gets its name only after its checksum was right, so whatever has its name and size may be loaded; what is not there yet lies in `.parts`, named
by checksum, so that a part is never continued with another version's bytes.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import quote

from solar_chat.errors import ModelError
from solar_chat.gguf_header import shards
from solar_chat.models.choice import ggufs, has_safetensors, is_asked
from solar_chat.models.four_bit import WEIGHTS, FourBitFolder, four_bit_folders
from solar_chat.models.hub import HubFile, Listing
from solar_chat.models.spec import Form, ModelSpec

_WANTED = ["*.safetensors", "model.safetensors.index.json", "config.json", "generation_config.json", "README.md", "solar_chat.json"]
_WANTED += ["tokenizer.json", "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja"]
# Other formats of the same weights: a folder's copies, and Mistral's single file.
_UNWANTED = ["*/*", "consolidated*"]
_LISTING = ".listing.json"
_PARTS = ".parts"
_SEPARATOR = "--"
_LOCK_WAIT_S = 0.2


@dataclass(frozen=True, slots=True)
class Copy:
    """One form of a model, as far as it is on this machine."""

    folder: Path
    form: Form
    whole: bool
    here_bytes: int
    """Of its files and of the parts of those that are not whole."""
    total_bytes: int

    @property
    def path(self) -> Path:
        """What is loaded: the folder, or the GGUF file in it."""
        return self.folder if self.form.file is None else self.folder / self.form.file


@dataclass(frozen=True, slots=True)
class Shelf:
    """One repository's folder."""

    folder: Path

    @classmethod
    def of(cls, form: Form, cache: Path) -> Shelf:
        """Where `form` lies, or would, under `cache` (the app's `Home.models`)."""
        if form.repo is None:
            raise ValueError("a form without a repository is not downloaded")
        version = "" if form.revision == "main" else "@" + quote(form.revision, safe="")
        return cls(cache / (form.repo.replace("/", _SEPARATOR) + version))

    def taken(self, stack: contextlib.ExitStack) -> bool:
        """Whether the right to change the folder could be had within a moment: held until `stack` closes, and gone with the process that held it."""
        return take_lock(self.folder, stack)

    @property
    def listing_file(self) -> Path:
        return self.folder / _LISTING

    def listing(self) -> Listing | None:
        """What the Hub said at the last download; None where there was none, or it cannot be read."""
        try:
            kept = json.loads(self.listing_file.read_text(encoding="utf-8"))
            return Listing(**{**kept, "files": tuple(HubFile(**file) for file in kept["files"])})
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def keep_listing(self, listing: Listing) -> None:
        """Write it, and remove the files that another commit has changed."""
        before = self.listing()
        now = {file.path: file.digest for file in listing.files}
        for old in before.files if before is not None else ():
            if now.get(old.path) != old.digest:
                self.file(old).unlink(missing_ok=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(asdict(listing), ensure_ascii=False, indent=1)
        new = self.folder / f"{_LISTING}.new"
        new.write_text(text, encoding="utf-8")
        os.replace(new, self.listing_file)

    def file(self, file: HubFile) -> Path:
        return self.folder.joinpath(*file.path.split("/"))

    def part(self, file: HubFile) -> Path:
        return self.folder / _PARTS / file.digest

    def has(self, file: HubFile) -> bool:
        return _size(self.file(file)) == file.size_bytes

    def here_bytes(self, file: HubFile) -> int:
        return file.size_bytes if self.has(file) else min(file.size_bytes, max(0, _size(self.part(file))))

    def copy(self, form: Form) -> Copy | None:
        """How much of `form` is here; None where nothing is."""
        listing = self.listing()
        if listing is None:
            return None
        # Of a GGUF that was not named by its file, whichever is whole, else whichever has begun.
        named = form.kind == "safetensors" or form.file is not None
        meant = (form,) if named else tuple(found for found in ggufs(listing) if is_asked(form, found))
        found = [copy for each in meant if (copy := self._copy(each, wanted(listing, each))) is not None]
        return max(found, key=lambda copy: (copy.whole, copy.here_bytes), default=None)

    def _copy(self, form: Form, files: tuple[HubFile, ...]) -> Copy | None:
        here = sum(self.here_bytes(file) for file in files)
        return Copy(self.folder, form, all(self.has(file) for file in files), here, sum(file.size_bytes for file in files)) if here else None

    def discard(self, form: Form) -> None:
        """Remove files and parts of `form`, and the folder where no other form is left in it. Raises OSError."""
        listing = self.listing()
        for file in wanted(listing, form) if listing is not None else ():
            self.file(file).unlink(missing_ok=True)
            self.part(file).unlink(missing_ok=True)
        # There is no folder before the Hub has said what belongs into it.
        if self.folder.is_dir() and (listing is None or not any(self.here_bytes(file) for file in listing.files)):
            shutil.rmtree(self.folder)


def take_lock(folder: Path, stack: contextlib.ExitStack) -> bool:
    """As `Shelf.taken`, for any folder. Raises OSError."""
    from filelock import Timeout
    from huggingface_hub.utils import WeakFileLock  # type: ignore[attr-defined]  # exported by name at run time

    # Outside of the folder, because that may be removed.
    lock = folder.parent / ".locks" / f"{folder.name}.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    try:
        stack.enter_context(WeakFileLock(lock, timeout=_LOCK_WAIT_S))
    except Timeout:
        return False
    return True


def wanted(listing: Listing, form: Form) -> tuple[HubFile, ...]:
    """The files of a repository that `form` consists of: one GGUF, cut or not, or safetensors with what belongs to them. Never code, never pickles.
    None where the GGUF is not chosen yet, or a part of it is missing."""
    if form.kind == "gguf":
        parts = shards(form.file) if form.file is not None else ()
        found = tuple(file for file in listing.files if file.path in parts)
        return found if len(found) == len(parts) else ()
    return tuple(file for file in listing.files if is_wanted(file.path))


def is_wanted(path: str) -> bool:
    """Whether a file of a repository, or of a folder, belongs to a model in safetensors."""
    return _matches(path, _WANTED) and not _matches(path, _UNWANTED)


def shelves(cache: Path) -> Iterator[tuple[Shelf, Listing]]:
    """Every folder that a download has left under `cache`."""
    for folder in sorted(cache.iterdir()) if cache.is_dir() else ():
        listing = Shelf(folder).listing()
        if listing is not None:
            yield Shelf(folder), listing


def copies(cache: Path) -> tuple[Copy, ...]:
    """Every form of every model that is here, whole or not."""
    found = []
    for shelf, listing in shelves(cache):
        forms = [Form("safetensors", listing.repo, "", 0, revision=listing.revision)] if has_safetensors(listing) else []
        forms += ggufs(listing)
        found += [copy for form in forms if (copy := shelf.copy(form)) is not None]
    return (*found, *(_four_bit(folder) for folder in four_bit_folders(cache)))


def _four_bit(found: FourBitFolder) -> Copy:
    form = Form("safetensors", found.seal.repo, WEIGHTS, 0, revision=found.seal.revision)
    return Copy(found.folder, form, True, found.size_bytes, found.size_bytes)


def freed_bytes(copy: Copy) -> int:
    """What removing `copy` frees: with the last form of a repository its whole folder goes, whatever else was put there."""
    shelf = Shelf(copy.folder)
    listing = shelf.listing()
    mine = {file.path for file in wanted(listing, copy.form)} if listing is not None else set()
    if listing is not None and any(shelf.here_bytes(file) for file in listing.files if file.path not in mine):
        return copy.here_bytes
    return sum(entry.stat().st_size for entry in copy.folder.rglob("*") if entry.is_file())


def remove(copy: Copy) -> None:
    """Delete what `copy` describes.

    Raises ModelError `model_being_downloaded`, `model_not_removed` where the system refuses (a file in use on Windows).
    """
    with contextlib.ExitStack() as stack:
        shelf = Shelf(copy.folder)
        if not shelf.taken(stack):
            raise ModelError("model_being_downloaded", path=copy.folder)
        try:
            shelf.discard(copy.form)
        except OSError as error:
            raise ModelError("model_not_removed", path=copy.folder, reason=error.strerror or str(error)) from error


def copies_of(spec: ModelSpec, cache: Path) -> tuple[Copy, ...]:
    """What there is of `spec`, in the form that was asked for or in any; of a folder of this machine, its 4-bit copy."""
    if not spec.forms:
        return tuple(_four_bit(found) for found in four_bit_folders(cache) if spec.path in (Path(found.seal.origin), found.folder))
    repos = {form.repo for form in spec.forms}
    return tuple(copy for copy in copies(cache) if copy.form.repo in repos and is_asked(spec.form, copy.form))


def four_bit_of(form: Form, cache: Path) -> Copy | None:
    """The 4-bit copy of a form of the Hub, whatever became of its source; None where there is none."""
    if form.kind != "safetensors":
        return None
    here = (_four_bit(found) for found in four_bit_folders(cache))
    return next((copy for copy in here if (copy.form.repo, copy.form.revision) == (form.repo, form.revision)), None)


def _matches(path: str, patterns: list[str]) -> bool:
    return any(fnmatchcase(path, pattern) for pattern in patterns)


def _size(path: Path) -> int:
    """-1 where there is no file."""
    return path.stat().st_size if path.is_file() else -1
