"""`doctor` and `paths`: what this machine has, what would run where, and where things live."""

from __future__ import annotations

import platform
from importlib import metadata

from solar_chat import __version__
from solar_chat.cli.lines import print_json
from solar_chat.engine import weight_bytes, weight_format
from solar_chat.hardware import Hardware, detect
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.models import CATALOG, ModelSpec
from solar_chat.paths import Home

_LIBRARIES = ("gradio", "transformers", "torch", "bitsandbytes", "accelerate", "kiwipiepy", "langdetect", "tokenizers", "huggingface_hub")
_SHARE_FOR_WEIGHTS = 0.8


def print_paths(home: Home) -> None:
    for name, path in home.as_dict().items():
        print(f"{name:9} {path}")


def print_doctor(home: Home, catalogue: Catalogue, lang: InterfaceLanguage, *, as_json: bool) -> None:
    """What was found. Writes nothing, so that it also works where the app does not."""
    hardware = detect()
    if as_json:
        print_json(
            {
                "version": __version__,
                "python": platform.python_version(),
                "hardware": hardware.as_dict(),
                "versions": _versions(),
                "folders": home.as_dict(),
                "models": [_plan(spec, hardware) for spec in CATALOG],
            }
        )
        return

    def say(key: str, **params: object) -> None:
        print(catalogue.tr(lang, f"doctor.{key}", **params))

    say("title", version=__version__, python=platform.python_version(), system=hardware.system)
    say("device", device=hardware.device.upper(), name=hardware.device_name)
    print(f"  {catalogue.tr(lang, f'hardware.{hardware.reason.key}', **hardware.reason.params)}")
    say("memory", free=_size(hardware.host_free_bytes), total=_size(hardware.host_total_bytes))
    if hardware.device == "cuda":
        say("device_memory", free=_size(hardware.device_free_bytes), total=_size(hardware.device_total_bytes))
    say("cores", physical=hardware.physical_cores, logical=hardware.logical_cores, features=" ".join(hardware.cpu_features) or "-")
    say("models")
    for spec in CATALOG:
        plan = _plan(spec, hardware)
        fits = catalogue.tr(lang, "doctor.fits" if plan["fits"] else "doctor.too_large")
        size = _size(weight_bytes(spec.parameters, hardware))
        print(f"  {spec.name}: {hardware.device.upper()}, {plan['weights']}, {size} · {fits} · {spec.licence}")
    say("versions")
    for library, version in _versions().items():
        print(f"  {library:16} {version or '-'}")
    say("folders")
    for name, path in home.as_dict().items():
        print(f"  {name:9} {path}")


def _plan(spec: ModelSpec, hardware: Hardware) -> dict[str, object]:
    """Where and how `spec` would run here, and whether the memory suffices."""
    needed = weight_bytes(spec.parameters, hardware)
    room = hardware.device_total_bytes
    return {
        "id": spec.id,
        "device": hardware.device,
        "weights": weight_format(spec.parameters, hardware),
        "weight_bytes": needed,
        # The KV cache, the libraries and the system want their part.
        "fits": needed < room * _SHARE_FOR_WEIGHTS,
        "licence": spec.licence,
    }


def _versions() -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for library in _LIBRARIES:
        try:
            found[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            found[library] = None
    return found


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
