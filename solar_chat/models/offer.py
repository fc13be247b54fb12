"""What a person should know before a download: the licence, the size, whether it will run here, and what would suit better.

Asks the Hub only about models that the catalogue does not know. The rule: this comes first, in every door; downloading does not ask again.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, replace
from pathlib import Path

from solar_chat.errors import ModelError
from solar_chat.hardware import Hardware
from solar_chat.models.catalog import CATALOG
from solar_chat.models.describe import commercial_use, describe_folder
from solar_chat.models.download import copy_of, form_here, forms_here
from solar_chat.models.fit import Fit, best_alternative, fits, free_disk
from solar_chat.models.four_bit import four_bit_folders
from solar_chat.models.hub import Hub, Listing
from solar_chat.models.resolve import resolve
from solar_chat.models.spec import Form, ModelSpec
from solar_chat.models.storage import Copy, Shelf, copies_of, four_bit_of, shelves, wanted

# One of several files that make a model together, and what only pictures need.
_PIECE = re.compile(r"-\d{5}-of-\d{5}|mmproj")


@dataclass(frozen=True, slots=True)
class Offer:
    """One form of a model, judged for one machine."""

    spec: ModelSpec
    """With its `form`, and licence and size as far as anybody knows them."""
    fit: Fit
    here: Copy | None
    """What an earlier download left."""
    instead: ModelSpec | None
    """What would run here, where this does not."""


def offer(spec: ModelSpec, cache: Path, hardware: Hardware, *, endpoint: str | None = None) -> Offer:
    """The form that was asked for, else the one that is here, else the one this machine would take.

    Raises ModelError `model_nothing_to_download` for a model of this machine or of a server, `model_refused` for one that this app does not run, and
    those of `Hub.problem` where the Hub has to be asked.
    """
    if not spec.forms:
        raise ModelError("model_nothing_to_download", model=spec.id)
    if spec.refused is not None:
        raise ModelError("model_refused", model=spec.id)
    disk = free_disk(cache)
    form = spec.form or form_here(spec, cache)
    spec = look_up(spec if form is None else replace(spec, form=form), cache, endpoint=endpoint)
    fit = fits(spec, hardware, disk, forms_here(spec, cache))[0]
    spec = replace(spec, form=fit.form)
    instead = None if fit.usable or fit.verdict == "unknown" else best_alternative(spec, CATALOG, hardware, disk)
    return Offer(spec, fit, copy_of(fit.form, cache) if fit.form is not None else None, instead)


def look_up(spec: ModelSpec, cache: Path, *, endpoint: str | None = None) -> ModelSpec:
    """`spec` with the licence, the parameters and the size that the Hub knows, or told at an earlier download; the catalogue's own stay as they are.

    Raises ModelError as `Hub.problem` says.
    """
    form = spec.form or spec.forms[0]
    if form.download_bytes or form.repo is None:
        return spec
    known = remembered(spec, cache)
    return known if known is not None else _as_listed(spec, _asked(form.repo, form.revision, endpoint))


def introduce(spec: ModelSpec, cache: Path, *, endpoint: str | None = None) -> ModelSpec:
    """As `look_up`, and what the Hub says is remembered, so that the model can be listed with it from now on, also offline."""
    form = spec.form or spec.forms[0]
    if form.download_bytes or form.repo is None:
        return spec
    known = remembered(spec, cache)
    if known is not None:
        return known
    listing = _asked(form.repo, form.revision, endpoint)
    # Without room for it the model is still there to be downloaded; that will say what is wrong with the disk.
    with contextlib.suppress(OSError):
        Shelf.of(form, cache).keep_listing(listing)
    return _as_listed(spec, listing)


def remembered(spec: ModelSpec, cache: Path) -> ModelSpec | None:
    """`spec` with what the Hub said of it earlier; None where it was not asked."""
    form = spec.form or spec.forms[0]
    kept = Shelf.of(form, cache).listing()
    if kept is None and (copy := four_bit_of(form, cache)) is not None:
        kept = Shelf(copy.folder).listing()
    return None if kept is None else _as_listed(spec, kept)


def _asked(repo: str, revision: str, endpoint: str | None) -> Listing:
    hub = Hub(repo, endpoint)
    try:
        return hub.listing(revision)
    except Exception as error:
        raise hub.problem(error) from error


def downloaded(cache: Path) -> tuple[ModelSpec, ...]:
    """Every model that is here, whole or not, and not in the catalogue; 4-bit copies whose source is gone included."""
    known = {form.repo for spec in CATALOG for form in spec.forms}
    copies = list(four_bit_folders(cache))
    listings = [listing for _, listing in shelves(cache)] + [listing for copy in copies if (listing := Shelf(copy.folder).listing()) is not None]
    strange = {(listing.repo, listing.revision): listing for listing in reversed(listings) if listing.repo not in known}
    orphans = [describe_folder(copy.folder) for copy in copies if copy.seal.repo is None and not Path(copy.seal.origin).is_dir()]
    found = [spec for listing in strange.values() if copies_of(spec := _as_listed(resolve(listing.repo), listing), cache)]
    return (*sorted(found, key=lambda spec: spec.id), *orphans)


def _as_listed(spec: ModelSpec, listing: Listing) -> ModelSpec:
    form = spec.form or _only_gguf(listing) or spec.forms[0]
    form = replace(form, download_bytes=sum(file.size_bytes for file in wanted(listing, form)))
    return replace(
        spec,
        forms=(form,),
        form=form if spec.form is not None else None,
        licence=listing.licence,
        commercial=commercial_use(listing.licence),
        parameters=listing.parameters,
    )


def _only_gguf(listing: Listing) -> Form | None:
    """The file to take where a repository holds nothing but GGUF files: Q4_K_M, else the smallest of those that are whole."""
    if any(file.path.endswith(".safetensors") for file in listing.files):
        return None
    files = [file for file in listing.files if file.path.lower().endswith(".gguf") and not _PIECE.search(file.path.lower())]
    best = min(files, key=lambda file: ("q4_k_m" not in file.path.lower(), file.size_bytes), default=None)
    if best is None:
        return None
    return Form("gguf", listing.repo, Path(best.path).stem.rsplit(".", 1)[-1], best.size_bytes, file=best.path, revision=listing.revision)
