"""`doctor` and `paths`: what this machine has, what would run where, and where things live."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import click

from solar_chat import __version__
from solar_chat.assistant import Assistant
from solar_chat.cli.declaring import Group, option
from solar_chat.cli.lines import print_json
from solar_chat.cli.model_listing import describe
from solar_chat.credentials import read_key
from solar_chat.hardware import Hardware, detect
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.models import CATALOG, fits, free_disk
from solar_chat.models.wording import size
from solar_chat.paths import Home

_LIBRARIES = ("gradio", "transformers", "torch", "bitsandbytes", "accelerate", "kiwipiepy", "langdetect", "tokenizers", "huggingface_hub")


def add_doctor_command(app: Group) -> None:
    """`doctor`."""

    @app.command("doctor", help=app.say("doctor"))
    @option("--json", "as_json", is_flag=True, help=app.say("json"))
    @click.pass_obj
    def doctor(home: Home, as_json: bool) -> None:
        _print_doctor(home, app.catalogue, app.lang, as_json=as_json)


def add_paths_command(app: Group) -> None:
    """`paths`."""

    @app.command("paths", help=app.say("paths"))
    @click.pass_obj
    def paths(home: Home) -> None:
        _print_paths(home)


def _print_paths(home: Home) -> None:
    for name, path in home.as_dict().items():
        print(f"{name:9} {path}")
    # What the file holds, for whoever has to type it into a program on another computer.
    print(f"{'key':9} {read_key(home.api_key) or '-'}")


def _print_doctor(home: Home, catalogue: Catalogue, lang: InterfaceLanguage, *, as_json: bool) -> None:
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

    for line in _found(hardware, catalogue, lang):
        print(line)
    print(catalogue.tr(lang, "doctor.models"))
    for spec in CATALOG:
        fit = fits(spec, hardware, free_disk(home.models))[0]
        verdict = catalogue.tr(lang, f"models.fit_{fit.verdict}")
        print(f"  {spec.name}: {fit.engine}, {fit.weights}, {size(fit.needed_bytes)} · {verdict} · {spec.licence}")
    for line in _installed(catalogue, lang):
        print(line)
    print(catalogue.tr(lang, "doctor.folders"))
    for name, path in home.as_dict().items():
        print(f"  {name:9} {path}")


def report(home: Home, assistant: Assistant, catalogue: Catalogue, lang: InterfaceLanguage, *, shown_in: str) -> str:
    """What a report of a problem needs: versions, hardware, the model in use. Nothing that was said, and no name of the person in a path."""
    state = assistant.load_state()
    lines = [
        *_found(detect(), catalogue, lang),
        catalogue.tr(lang, "doctor.system", system=platform.platform()),
        catalogue.tr(lang, "doctor.in_use", model=state.model, stage=state.stage, shown_in=shown_in),
        *_installed(catalogue, lang),
        catalogue.tr(lang, "doctor.log", log=home.log),
    ]
    return "\n".join(lines).replace(str(Path.home()), "~")


def _found(hardware: Hardware, catalogue: Catalogue, lang: InterfaceLanguage) -> Iterator[str]:
    def say(key: str, **params: object) -> str:
        return catalogue.tr(lang, f"doctor.{key}", **params)

    yield say("title", version=__version__, python=platform.python_version(), system=hardware.system)
    yield say("device", device=hardware.device.upper(), name=hardware.device_name)
    yield f"  {catalogue.tr(lang, f'hardware.{hardware.reason.key}', **hardware.reason.params)}"
    for trap in hardware.traps:
        yield f"  {catalogue.tr(lang, f'hardware.{trap.key}', **trap.params)}"
    yield say("memory", free=size(hardware.host_free_bytes), total=size(hardware.host_total_bytes))
    if hardware.device == "cuda":
        yield say("device_memory", free=size(hardware.device_free_bytes), total=size(hardware.device_total_bytes))
    yield say("cores", physical=hardware.physical_cores, logical=hardware.logical_cores, features=" ".join(hardware.cpu_features) or "-")


def _installed(catalogue: Catalogue, lang: InterfaceLanguage) -> Iterator[str]:
    yield catalogue.tr(lang, "doctor.versions")
    for library, version in _versions().items():
        yield f"  {library:16} {version or '-'}"


def _versions() -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for library in _LIBRARIES:
        try:
            found[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            found[library] = None
    return found
