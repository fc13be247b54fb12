"""Every model at once, as this machine sees it: those of the catalogue, those that were downloaded, those that a person has added, and 4-bit copies
whose source is gone.

Asks no hub and no server, so that a list is there at once, also offline; what only they know (the size of a stranger's repository) is asked by
`look_up` when somebody wants that model. The rule: a model that is gone is listed with the reason, not left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from solar_chat.errors import SolarChatError
from solar_chat.hardware import Hardware
from solar_chat.models.catalog import CATALOG
from solar_chat.models.download import forms_here
from solar_chat.models.fit import Fit, best_alternative, fits, free_disk
from solar_chat.models.four_bit import orphans
from solar_chat.models.offer import downloaded, remembered
from solar_chat.models.quantized import QuantizedCopy, quantized_copy
from solar_chat.models.resolve import resolve
from solar_chat.models.spec import ModelSpec
from solar_chat.models.storage import Copy, copies_of


@dataclass(frozen=True, slots=True)
class Listed:
    """One model in all its forms."""

    name: str
    """What to call it by: its id, or the name that a person typed."""
    spec: ModelSpec | None
    """None where `problem` says why nothing is known."""
    fits: tuple[Fit, ...] = ()
    """One for each form, the one this machine would take first; none for a model on a server."""
    copies: tuple[Copy, ...] = ()
    """What is here of it."""
    quantized: QuantizedCopy | None = None
    """Its 4-bit copy, and what the 16-bit files beside it take for nothing."""
    instead: ModelSpec | None = None
    """What would run here, where this does not."""
    added: bool = False
    """Whether a person can take it off the list."""
    problem: SolarChatError | None = None


def survey(added: Iterable[str], cache: Path, hardware: Hardware) -> tuple[Listed, ...]:
    """The list. `cache` is `Home.models`; `added` are names of `AddedModels`."""
    disk, mine = free_disk(cache), tuple(added)
    return tuple(_listed(name, spec, problem, mine, cache, hardware, disk) for name, spec, problem in _all(mine, cache))


def _all(added: tuple[str, ...], cache: Path) -> Iterator[tuple[str, ModelSpec | None, SolarChatError | None]]:
    here = {spec.id: spec for spec in downloaded(cache)}
    for spec in CATALOG:
        yield spec.id, spec, None
    for name in dict.fromkeys((*added, *map(str, orphans(cache)))):
        try:
            spec = resolve(name)
        except SolarChatError as error:
            yield name, None, error
        else:
            if all(spec.id != known.id for known in CATALOG):
                known = here.get(spec.id) or (remembered(spec, cache) if spec.forms else None)
                yield name, known or spec, None
    for spec in here.values():
        if spec.id not in added:
            yield spec.id, spec, None


def _listed(
    name: str, spec: ModelSpec | None, problem: SolarChatError | None, mine: tuple[str, ...], cache: Path, hardware: Hardware, disk: int
) -> Listed:
    added = name in mine if spec is None else spec not in CATALOG
    if spec is None or spec.remote is not None:
        return Listed(name, spec, added=added, problem=problem)
    found = fits(spec, hardware, disk, forms_here(spec, cache))
    judged = any(fit.verdict in ("too_large", "refused") for fit in found) and not any(fit.usable for fit in found)
    instead = best_alternative(spec, CATALOG, hardware, disk) if judged else None
    return Listed(name, spec, found, copies_of(spec, cache), quantized_copy(spec, cache), instead, added)
