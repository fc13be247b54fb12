"""`models`: what there is, what of it runs here, and why not.

The sizes and verdicts are `solar_chat.models`' own; this module only words them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import typer

from solar_chat.cli.lines import print_json
from solar_chat.engine import is_this_machine
from solar_chat.hardware import Hardware, detect
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.models import CATALOG, Copy, Fit, FormKind, ModelSpec, best_alternative, copies_of, downloaded, fits, free_disk, look_up, resolve
from solar_chat.paths import Home

Say = Callable[..., str]
FORMS = "|".join(get_args(FormKind))


def in_form(name: str, form: str | None, refusal: str) -> str:
    """`name` as `resolve` reads it, with the form of `--form`. Raises typer.BadParameter with the sentence `refusal`."""
    if form is not None and form not in get_args(FormKind):
        raise typer.BadParameter(refusal, param_hint="--form")
    return name if form is None else f"{name}:{form}"


def print_models(home: Home, catalogue: Catalogue, lang: InterfaceLanguage, *, as_json: bool) -> None:
    """Every model of the catalogue, a line each with the form this machine would take."""
    hardware, disk = detect(), free_disk(home.models)
    if as_json:
        print_json([{**describe(spec, hardware, disk), "copies": _copies(spec, home)} for spec in (*CATALOG, *downloaded(home.models))])
        return
    say = speaker(catalogue, lang)
    for spec in (*CATALOG, *downloaded(home.models)):
        first = fits(spec, hardware, disk)[0]
        print(f"{spec.id:42} {download_size(first, say):>8}  {say(f'fit_{first.verdict}')} · {terms(spec, say)}")
        for copy in copies_of(spec, home.models):
            print(f"    {_here(copy, say)}")


def print_model(name: str, home: Home, catalogue: Catalogue, lang: InterfaceLanguage, *, as_json: bool) -> None:
    """Everything that is known of one model; the Hub is asked where the catalogue does not know it. Raises ModelError: see `resolve`, `look_up`."""
    spec, hardware, disk = resolve(name), detect(), free_disk(home.models)
    if spec.forms:
        spec = look_up(spec, home.models)
    if as_json:
        print_json({**describe(spec, hardware, disk), "copies": _copies(spec, home)})
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
        print(f"  {say('syllables', tokens=spec.tokens_per_syllable, characters=round(spec.context_tokens / spec.tokens_per_syllable))}")
    for limit in spec.limits:
        print(f"  {catalogue.tr(lang, f'model_limit.{limit}')}")
    if spec.refused:
        print(f"  {catalogue.tr(lang, f'model_refused.{spec.refused}')}")
    found = fits(spec, hardware, disk)
    for fit in found:
        print(f"  {fit_line(fit, say)}")
    for copy in copies_of(spec, home.models):
        print(f"  {_here(copy, say)}")
    other = best_alternative(spec, CATALOG, hardware, disk) if not any(fit.usable for fit in found) else None
    if other is not None:
        print(f"  {say('instead', model=other.name, id=other.id)}")


def describe(spec: ModelSpec, hardware: Hardware, disk_free_bytes: int) -> dict[str, object]:
    """The JSON object of one model; of one on a server only where it is."""
    if spec.remote is not None:
        here = is_this_machine(spec.remote.base_url)
        return {"id": spec.id, "name": spec.name, "server": spec.remote.base_url, "leaves_machine": not here}
    found = fits(spec, hardware, disk_free_bytes)
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


def _copies(spec: ModelSpec, home: Home) -> list[dict[str, object]]:
    """What of a model is here, for JSON."""
    return [
        {"form": copy.form.kind, "path": str(copy.path), "whole": copy.whole, "here_bytes": copy.here_bytes, "total_bytes": copy.total_bytes}
        for copy in copies_of(spec, home.models)
    ]


def _here(copy: Copy, say: Say) -> str:
    if copy.whole:
        return f"{copy.form.kind}: {say('here_whole', size=size(copy.here_bytes), path=copy.path)}"
    return f"{copy.form.kind}: {say('here_part', done=size(copy.here_bytes), total=size(copy.total_bytes))}"


def speaker(catalogue: Catalogue, lang: InterfaceLanguage) -> Say:
    """The sentences `models.*`."""

    def say(key: str, **params: object) -> str:
        return catalogue.tr(lang, f"models.{key}", **params)

    return say


def terms(spec: ModelSpec, say: Say) -> str:
    """The licence, and what it does not allow."""
    licence = spec.licence or say("licence_unknown")
    return f"{licence}, {say('not_commercial')}" if spec.commercial is False else licence


def fit_line(fit: Fit, say: Say) -> str:
    """One form on this machine: engine, download, memory, verdict and speed."""
    kind = fit.form.kind if fit.form else "-"
    download = say("download", size=download_size(fit, say), needed=size(fit.disk_bytes), free=size(fit.disk_free_bytes))
    if not fit.weight_bytes:
        return f"{kind}: {f'{download} · ' if fit.disk_bytes else ''}{say('fit_unknown')}"
    memory = say("memory", needed=size(fit.needed_bytes), free=size(fit.free_bytes))
    parts = [f"{fit.engine}, {fit.weights}", memory, say(f"fit_{fit.verdict}"), say(f"speed_{fit.speed}")]
    if fit.disk_bytes:
        parts.insert(1, download)
    return f"{kind}: {' · '.join(parts)}"


def download_size(fit: Fit, say: Say) -> str:
    """How much is to be fetched; "about" where it is an estimate."""
    shown = size(fit.download_bytes)
    return say("about", size=shown) if fit.form is not None and fit.form.estimated and fit.download_bytes else shown


def size(count: int) -> str:
    """Bytes for people."""
    if not count:
        return "-"
    if count < 1e6:
        return f"{count / 1e3:.0f} kB"
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
