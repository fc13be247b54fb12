"""What a person should know before a download: the licence, the size, whether it will run here, and what would suit better.

Asks the Hub only about models that the catalogue does not know. The rule: this comes first, in every door; downloading does not ask again.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from solar_chat.errors import ModelError
from solar_chat.gguf_header import header_of_beginning
from solar_chat.hardware import Hardware
from solar_chat.models.catalog import CATALOG
from solar_chat.models.choice import USUAL, ggufs, has_safetensors, settled
from solar_chat.models.describe import commercial_use, config_context_tokens, config_shape, gguf_context_tokens, gguf_shape
from solar_chat.models.download import copy_of, form_here, forms_here
from solar_chat.models.fit import Fit, best_alternative, fits, free_disk
from solar_chat.models.four_bit import four_bit_folders
from solar_chat.models.hub import Hub, Listing
from solar_chat.models.resolve import resolve
from solar_chat.models.spec import Form, ModelSpec
from solar_chat.models.storage import Copy, Shelf, copies, four_bit_of, shelves, wanted

# The numbers of an architecture stand in front of the vocabulary, which is what makes a header long.
GGUF_HEADER_BYTES = 65_536
# One of 10 kB is long.
LONGEST_CONFIG_BYTES = 1_000_000
# An estimate stands as long as nobody can be asked.
_NOT_NOW = ("hub_offline", "hub_switched_off", "hub_busy", "hub_failed")


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
    if fit.form is not None and fit.form.estimated:
        spec = replace(spec, form=_counted(fit.form, cache, endpoint))
        fit = fits(spec, hardware, disk, forms_here(spec, cache))[0]
    spec = replace(spec, form=fit.form)
    instead = None if fit.usable or fit.verdict == "unknown" else best_alternative(spec, CATALOG, hardware, disk)
    return Offer(spec, fit, copy_of(fit.form, cache) if fit.form is not None else None, instead)


def look_up(spec: ModelSpec, cache: Path, *, endpoint: str | None = None) -> ModelSpec:
    """`spec` with the files, the size, the licence, the parameters and the shape that the Hub knows, or told at an earlier download; what the
    catalogue says stays as it is.

    Raises ModelError as `settled` and `Hub.problem` say.
    """
    form = spec.form or spec.forms[0]
    if form.download_bytes or form.repo is None:
        return spec
    known = remembered(spec, cache)
    return known if known is not None else _asked(spec, form, endpoint)[0]


def introduce(spec: ModelSpec, cache: Path, *, endpoint: str | None = None) -> ModelSpec:
    """As `look_up`, and what the Hub says is remembered, so that the model can be listed with it from now on, also offline."""
    form = spec.form or spec.forms[0]
    if form.download_bytes or form.repo is None:
        return spec
    known = remembered(spec, cache)
    if known is not None:
        return known
    told, listing = _asked(spec, form, endpoint)
    # Without room for it the model is still there to be downloaded; that will say what is wrong with the disk.
    with contextlib.suppress(OSError):
        Shelf.of(form, cache).keep_listing(listing)
    return told


def remembered(spec: ModelSpec, cache: Path) -> ModelSpec | None:
    """`spec` with what the Hub said of it earlier; None where it was not asked."""
    form = spec.form or spec.forms[0]
    kept = Shelf.of(form, cache).listing()
    if kept is None and (copy := four_bit_of(form, cache)) is not None:
        kept = Shelf(copy.folder).listing()
    return None if kept is None else _as_listed(spec, kept)


def _asked(spec: ModelSpec, form: Form, endpoint: str | None) -> tuple[ModelSpec, Listing]:
    hub = Hub(form.repo or "", endpoint)
    try:
        listing = hub.listing(form.revision)
        told = _as_listed(spec, listing)
        return (told if told.shape is not None else _measured(told, hub, listing)), listing
    except Exception as error:
        raise hub.problem(error) from error


def _counted(form: Form, cache: Path, endpoint: str | None) -> Form:
    """`form` with the size that the Hub tells or told; as it is where it cannot be asked now: the download checks the disk by itself."""
    listing = Shelf.of(form, cache).listing()
    if listing is None and form.repo is not None:
        hub = Hub(form.repo, endpoint)
        try:
            listing = hub.listing(form.revision)
        except Exception as error:
            problem = hub.problem(error)
            if problem.key not in _NOT_NOW:
                raise problem from error
    files = wanted(listing, form) if listing is not None else ()
    return replace(form, download_bytes=sum(file.size_bytes for file in files), estimated=False) if files else form


def downloaded(cache: Path) -> tuple[ModelSpec, ...]:
    """Every model of the Hub that is here, whole or not or as a 4-bit copy, and not in the catalogue."""
    known = {form.repo for spec in CATALOG for form in spec.forms}
    kept = (Shelf(copy.folder).listing() for copy in four_bit_folders(cache))
    listings = [listing for _, listing in shelves(cache)] + [listing for listing in kept if listing is not None]
    strange = {(listing.repo, listing.revision): listing for listing in reversed(listings) if listing.repo not in known}
    here = copies(cache)
    found = [_described(replace(resolve(listing.repo), forms=forms), listing) for listing in strange.values() if (forms := _forms_of(listing, here))]
    return tuple(sorted(found, key=lambda spec: spec.id))


def _forms_of(listing: Listing, here: tuple[Copy, ...]) -> tuple[Form, ...]:
    """The forms of a repository of which something is here. A 4-bit copy is one of the safetensors it was made from."""
    forms: dict[tuple[str, str | None], Form] = {}
    for copy in here:
        if (copy.form.repo, copy.form.revision) == (listing.repo, listing.revision):
            form = copy.form if copy.form.kind == "gguf" else Form("safetensors", listing.repo, "", 0, revision=listing.revision)
            forms[form.kind, form.file] = replace(form, download_bytes=sum(file.size_bytes for file in wanted(listing, form)))
    return tuple(forms.values())


def _as_listed(spec: ModelSpec, listing: Listing) -> ModelSpec:
    if spec.form is not None:
        forms: tuple[Form, ...] = (settled(listing, spec.form),)
    else:
        forms = (spec.forms[0],) if has_safetensors(listing) or not ggufs(listing) else ()
        if not forms or _has_usual(listing):
            forms += (settled(listing, Form("gguf", listing.repo, "", 0, revision=listing.revision)),)
    forms = tuple(replace(form, download_bytes=sum(file.size_bytes for file in wanted(listing, form))) for form in forms)
    spec = replace(spec, forms=forms, form=forms[0] if spec.form is not None else None)
    return spec if any(known.id == spec.id for known in CATALOG) else _described(spec, listing)


def _has_usual(listing: Listing) -> bool:
    return sum(form.weights == USUAL for form in ggufs(listing)) == 1


def _described(spec: ModelSpec, listing: Listing) -> ModelSpec:
    return replace(spec, licence=listing.licence, commercial=commercial_use(listing.licence), parameters=listing.parameters)


def _measured(spec: ModelSpec, hub: Hub, listing: Listing) -> ModelSpec:
    """With shape and context by the first bytes of what would be downloaded; without where the Hub shows them only to those who accepted terms."""
    form = spec.form or spec.forms[0]
    name = form.file or "config.json"
    file = next((file for file in listing.files if file.path == name), None)
    if file is None:
        return spec
    try:
        data = hub.beginning(file, listing.commit, GGUF_HEADER_BYTES if form.file else LONGEST_CONFIG_BYTES)
    except Exception as error:
        if hub.problem(error).key in ("hub_gated", "hub_token"):
            return spec
        raise
    if form.file:
        header = header_of_beginning(data)
        return spec if header is None else replace(spec, shape=gguf_shape(header), context_tokens=gguf_context_tokens(header))
    config = _object(data)
    return replace(spec, shape=config_shape(config), context_tokens=config_context_tokens(config))


def _object(data: bytes) -> dict[str, Any]:
    """The JSON object in `data`; an empty one where it is none, which is said when it is loaded."""
    try:
        content = json.loads(data)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
