"""`models`: what there is, what of it runs here, and why not.

The sizes and verdicts are `solar_chat.models`' own; this module only words them.
"""

from __future__ import annotations

from collections.abc import Callable

from solar_chat.cli.lines import print_json
from solar_chat.hardware import Hardware, detect
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.models import CATALOG, Fit, ModelSpec, best_alternative, fits, free_disk, resolve
from solar_chat.paths import Home

Say = Callable[..., str]


def print_models(home: Home, catalogue: Catalogue, lang: InterfaceLanguage, *, as_json: bool) -> None:
    """Every model of the catalogue, a line each with the form this machine would take."""
    hardware, disk = detect(), free_disk(home.models)
    if as_json:
        print_json([describe(spec, hardware, disk) for spec in CATALOG])
        return
    say = _speaker(catalogue, lang)
    for spec in CATALOG:
        first = fits(spec, hardware, disk)[0]
        print(f"{spec.id:42} {size(first.download_bytes):>8}  {say(f'fit_{first.verdict}')} · {_terms(spec, say)}")


def print_model(name: str, home: Home, catalogue: Catalogue, lang: InterfaceLanguage, *, as_json: bool) -> None:
    """Everything that is known of one model. Raises ModelError as `resolve` does."""
    spec, hardware, disk = resolve(name), detect(), free_disk(home.models)
    if as_json:
        print_json(describe(spec, hardware, disk))
        return
    say = _speaker(catalogue, lang)
    print(f"{spec.name} ({spec.id})")
    print(f"  {say('licence', licence=_terms(spec, say))}")
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
        print(f"  {_line(fit, say)}")
    other = best_alternative(spec, CATALOG, hardware, disk) if not any(fit.usable for fit in found) else None
    if other is not None:
        print(f"  {say('instead', model=other.name, id=other.id)}")


def describe(spec: ModelSpec, hardware: Hardware, disk_free_bytes: int) -> dict[str, object]:
    """The JSON object of one model."""
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


def _speaker(catalogue: Catalogue, lang: InterfaceLanguage) -> Say:
    def say(key: str, **params: object) -> str:
        return catalogue.tr(lang, f"models.{key}", **params)

    return say


def _terms(spec: ModelSpec, say: Say) -> str:
    """The licence, and what it does not allow."""
    licence = spec.licence or say("licence_unknown")
    return f"{licence}, {say('not_commercial')}" if spec.commercial is False else licence


def _line(fit: Fit, say: Say) -> str:
    kind = fit.form.kind if fit.form else "-"
    if not fit.weight_bytes:
        return f"{kind}: {say('fit_unknown')}"
    memory = say("memory", needed=size(fit.needed_bytes), free=size(fit.free_bytes))
    parts = [f"{fit.engine}, {fit.weights}", memory, say(f"fit_{fit.verdict}"), say(f"speed_{fit.speed}")]
    if fit.disk_bytes:
        parts.insert(1, say("download", size=size(fit.download_bytes), needed=size(fit.disk_bytes), free=size(fit.disk_free_bytes)))
    return f"{kind}: {' · '.join(parts)}"


def size(count: int) -> str:
    """Bytes for people."""
    if not count:
        return "-"
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
