"""Where the layers come from: a folder, a list of files, a model of the catalogue or of the Hub.

The place where `models` and `upscale`, strangers to each other, meet over a checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from solar_chat.errors import InputError
from solar_chat.paths import Home, typed_path
from solar_chat.upscale import Checkpoint, Recipe

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Source:
    """A checkpoint and what a person calls it."""

    checkpoint: Checkpoint
    name: str
    on_hub: bool = False
    files: tuple[str, ...] = ()
    """The weight files by name where they were given as a list."""


def open_source(text: str, home: Home, progress: Progress | None = None, *, weights: bool = True) -> Source:
    """The model that `text` means: a folder, `A.safetensors,B.safetensors` beside a config.json, an `owner/name` (downloaded where it is not here).

    Without `weights` nothing is downloaded: of a model that is not here only the configuration and the headers are asked for, enough to plan.
    Raises InputError as `Checkpoint.read` and `typed_path` do, `upscale_files_apart`; ModelError as `resolve` and `fetch` do.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if parts and all(part.lower().endswith(".safetensors") for part in parts):
        return _of_files([typed_path(part).absolute() for part in parts])
    folder = typed_path(text)
    if text.strip() and folder.is_dir():
        return Source(Checkpoint.read(folder.absolute()), folder.resolve().name)
    # Only now: a folder needs nothing that knows of downloads, and starts a tenth of a second sooner.
    from solar_chat.models import copy_of, fetch, outline, resolve

    spec = resolve(text)
    # Layers are copied from safetensors; a GGUF has none that could be.
    spec = replace(spec, form=next((form for form in spec.forms if form.kind == "safetensors"), None))
    copy = copy_of(spec.form, home.models) if spec.path is None and spec.form is not None else None
    if not weights and spec.path is None and spec.form is not None and not (copy is not None and copy.whole):
        found = outline(spec.form, None if progress is None else lambda share: progress("download", share))
        return Source(Checkpoint.of_outline(spec.id, found.config, found.index, found.heads), spec.id, on_hub=True)
    spec = fetch(spec, home.models, progress)
    if spec.path is None:
        raise InputError("upscale_no_config", path=text)
    return Source(Checkpoint.read(spec.path), spec.id, on_hub=bool(spec.forms))


def open_recorded(recipe: Recipe, result: Path, home: Home, progress: Progress | None = None) -> Source:
    """The source that the recipe beside `result` names. Raises InputError `upscale_source_gone` where it is not there any more."""
    if recipe.location is None:
        raise InputError("upscale_source_gone", source=recipe.source)
    if recipe.on_hub:
        return open_source(recipe.location, home, progress)
    folder = (result / recipe.location).resolve()
    if not folder.is_dir():
        raise InputError("upscale_source_gone", source=recipe.source)
    return _of_files([folder / name for name in recipe.files]) if recipe.files else Source(Checkpoint.read(folder), recipe.source)


def _of_files(files: list[Path]) -> Source:
    folder = files[0].parent
    if any(file.parent != folder for file in files):
        raise InputError("upscale_files_apart")
    return Source(Checkpoint.read(folder, files), folder.name, files=tuple(file.name for file in files))
