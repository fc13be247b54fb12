"""`doctor` and `paths`: what this machine has, what would run where, and where things live."""

from __future__ import annotations

import platform
from importlib import metadata

from solar_chat import __version__
from solar_chat.access import read_key
from solar_chat.cli.lines import print_json
from solar_chat.cli.models import describe
from solar_chat.hardware import detect
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.models import CATALOG, fits, free_disk
from solar_chat.models.wording import size
from solar_chat.paths import Home

_LIBRARIES = ("gradio", "transformers", "torch", "bitsandbytes", "accelerate", "kiwipiepy", "langdetect", "tokenizers", "huggingface_hub")


def print_paths(home: Home) -> None:
    for name, path in home.as_dict().items():
        print(f"{name:9} {path}")
    # What the file holds, for whoever has to type it into a program on another computer.
    print(f"{'key':9} {read_key(home.api_key) or '-'}")


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
                "models": [describe(spec, hardware, free_disk(home.models)) for spec in CATALOG],
            }
        )
        return

    def say(key: str, **params: object) -> None:
        print(catalogue.tr(lang, f"doctor.{key}", **params))

    say("title", version=__version__, python=platform.python_version(), system=hardware.system)
    say("device", device=hardware.device.upper(), name=hardware.device_name)
    print(f"  {catalogue.tr(lang, f'hardware.{hardware.reason.key}', **hardware.reason.params)}")
    for trap in hardware.traps:
        print(f"  {catalogue.tr(lang, f'hardware.{trap.key}', **trap.params)}")
    say("memory", free=size(hardware.host_free_bytes), total=size(hardware.host_total_bytes))
    if hardware.device == "cuda":
        say("device_memory", free=size(hardware.device_free_bytes), total=size(hardware.device_total_bytes))
    say("cores", physical=hardware.physical_cores, logical=hardware.logical_cores, features=" ".join(hardware.cpu_features) or "-")
    say("models")
    for spec in CATALOG:
        fit = fits(spec, hardware, free_disk(home.models))[0]
        verdict = catalogue.tr(lang, f"models.fit_{fit.verdict}")
        print(f"  {spec.name}: {fit.engine}, {fit.weights}, {size(fit.needed_bytes)} · {verdict} · {spec.licence}")
    say("versions")
    for library, version in _versions().items():
        print(f"  {library:16} {version or '-'}")
    say("folders")
    for name, path in home.as_dict().items():
        print(f"  {name:9} {path}")


def _versions() -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for library in _LIBRARIES:
        try:
            found[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            found[library] = None
    return found
