"""The models whose layers are on this computer. Looks at folders, opens no file of weights."""

from __future__ import annotations

from solar_chat.errors import SolarChatError
from solar_chat.models import CATALOG, ModelSpec, copy_of, downloaded, resolve
from solar_chat.paths import Home


def sources_here(added: tuple[str, ...], home: Home) -> tuple[str, ...]:
    """Names of the models whose layers are on this computer in safetensors: the box's first, then downloaded, added and built ones."""
    specs = [*CATALOG, *downloaded(home.models)]
    for name in added:
        try:
            specs.append(resolve(name))
        except SolarChatError:
            # What is wrong with it is said where it was added.
            continue
    known = {spec.id for spec in CATALOG}
    names = [spec.id if spec.path is None or spec.id in known else str(spec.path) for spec in specs if _is_here(spec, home)]
    built = sorted(folder for folder in home.built.iterdir() if (folder / "config.json").is_file()) if home.built.is_dir() else []
    return tuple(dict.fromkeys([*names, *map(str, built)]))


def _is_here(spec: ModelSpec, home: Home) -> bool:
    if spec.path is not None:
        return spec.path.is_dir()
    form = next((form for form in spec.forms if form.kind == "safetensors"), None)
    copy = copy_of(form, home.models) if form is not None else None
    # A 4-bit copy stands for its form where it is all there is, lies deeper down, and has no layers that could be copied.
    return copy is not None and copy.whole and copy.folder.parent == home.models
