"""`models list` and `show` in words and as JSON: what there is, what of it runs here, and why not.

The sizes and verdicts are `solar_chat.models`' own; this module only words them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import get_args

import click

from solar_chat.cli.lines import print_json
from solar_chat.engine import is_this_machine
from solar_chat.hardware import Hardware, detect
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.models import (
    CATALOG,
    AddedModels,
    Copy,
    Form,
    FormKind,
    ModelSpec,
    best_alternative,
    copies_of,
    fits,
    forms_here,
    free_disk,
    look_up,
    resolve,
    survey,
)
from solar_chat.models.wording import download_size, fit_line, here, speaker, terms
from solar_chat.paths import Home

FORMS = "|".join(get_args(FormKind))


def in_form(name: str, form: str | None, refusal: str) -> str:
    """`name` as `resolve` reads it, with the form of `--form`. Raises click.BadParameter with the sentence `refusal`."""
    if form is not None and form not in get_args(FormKind):
        raise click.BadParameter(refusal, param_hint="--form")
    return name if form is None else f"{name}:{form}"


def print_models(home: Home, catalogue: Catalogue, lang: InterfaceLanguage, *, as_json: bool) -> None:
    """Every model of the catalogue, what was downloaded and what a person added, a line each with the form this machine would take."""
    hardware, disk = detect(), free_disk(home.models)
    listed = survey(AddedModels(home.added).names(), home.models, hardware)
    if as_json:
        known = [(each.spec, each.copies) for each in listed if each.spec is not None]
        print_json([{**describe(spec, hardware, disk, forms_here(spec, home.models)), "copies": _copies(copies)} for spec, copies in known])
        return
    say = speaker(catalogue, lang)
    for each in listed:
        if each.spec is None or each.spec.remote is not None:
            print(f"{each.name:42} {catalogue.describe(each.problem, lang) if each.problem else say('on_server')}")
            continue
        first = each.fits[0]
        print(f"{each.spec.id:42} {download_size(first, say):>8}  {say(f'fit_{first.verdict}')} · {terms(each.spec, say)}")
        for copy in each.copies:
            print(f"    {copy.form.kind}: {here(copy, say)}")


def print_model(name: str, home: Home, catalogue: Catalogue, lang: InterfaceLanguage, *, as_json: bool) -> None:
    """Everything that is known of one model; the Hub is asked where the catalogue does not know it. Raises ModelError: see `resolve`, `look_up`."""
    spec, hardware, disk = resolve(name), detect(), free_disk(home.models)
    if spec.forms:
        spec = look_up(spec, home.models)
    if as_json:
        print_json({**describe(spec, hardware, disk, forms_here(spec, home.models)), "copies": _copies(copies_of(spec, home.models))})
        return
    say = speaker(catalogue, lang)
    print(f"{spec.name} ({spec.id})")
    if spec.remote is not None:
        print(f"  {say('remote_here' if is_this_machine(spec.remote.base_url) else 'remote', url=spec.remote.base_url)}")
        return
    print(f"  {say('licence', licence=terms(spec, say))}")
    if spec.parameters:
        print(f"  {say('size', parameters=f'{spec.parameters / 1e9:.2f}', context=spec.context_tokens, languages=', '.join(spec.languages) or '-')}")
    if spec.tokens_per_syllable:
        syllables = round(int(spec.context_tokens / spec.tokens_per_syllable), -2)
        print(f"  {say('syllables', tokens=spec.tokens_per_syllable, characters=syllables)}")
    for limit in spec.limits:
        print(f"  {catalogue.tr(lang, f'model_limit.{limit}')}")
    if spec.refused:
        print(f"  {catalogue.tr(lang, f'model_refused.{spec.refused}')}")
    found = fits(spec, hardware, disk, forms_here(spec, home.models))
    for fit in found:
        print(f"  {fit_line(fit, say)}")
    for copy in copies_of(spec, home.models):
        print(f"  {copy.form.kind}: {here(copy, say)}")
    other = best_alternative(spec, CATALOG, hardware, disk) if not any(fit.usable for fit in found) else None
    if other is not None:
        print(f"  {say('instead', model=other.name, id=other.id)}")


def describe(spec: ModelSpec, hardware: Hardware, disk_free_bytes: int, downloaded: Collection[Form] = ()) -> dict[str, object]:
    """The JSON object of one model; of one on a server only where it is."""
    if spec.remote is not None:
        local = is_this_machine(spec.remote.base_url)
        return {"id": spec.id, "name": spec.name, "server": spec.remote.base_url, "leaves_machine": not local}
    found = fits(spec, hardware, disk_free_bytes, downloaded)
    other = best_alternative(spec, CATALOG, hardware, disk_free_bytes) if not any(fit.usable for fit in found) else None
    first = found[0]
    return {
        "id": spec.id,
        "name": spec.name,
        "path": str(spec.path) if spec.path else None,
        "parameters": spec.parameters,
        "context_tokens": spec.context_tokens,
        "template": spec.template,
        "licence": spec.licence,
        "commercial": spec.commercial,
        "languages": list(spec.languages),
        "tokens_per_syllable": spec.tokens_per_syllable,
        "limits": list(spec.limits),
        "refused": spec.refused,
        # The form this machine would take.
        "device": hardware.device,
        "engine": first.engine,
        "weights": first.weights,
        "weight_bytes": first.weight_bytes,
        "fits": first.usable,
        "forms": [fit.as_dict() for fit in found],
        "alternative": other.id if other else None,
    }


def _copies(found: Iterable[Copy]) -> list[dict[str, object]]:
    """What of a model is here, for JSON."""
    return [
        {
            "form": copy.form.kind,
            # "nf4" for the 4-bit copy of a form in safetensors; empty where only the files say.
            "weights": copy.form.weights,
            "path": str(copy.path),
            "whole": copy.whole,
            "here_bytes": copy.here_bytes,
            "total_bytes": copy.total_bytes,
        }
        for copy in found
    ]
