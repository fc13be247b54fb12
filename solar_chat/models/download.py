"""Fetching a model from the Hugging Face Hub.

Only safetensors, tokenizer and configuration files; what is already here is used without asking the network, and an interrupted download goes on
where it stopped. The rule: nobody waits for 20 GB to learn that the repository holds only pickles or that the disk is too small.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from solar_chat.errors import ModelError
from solar_chat.models.catalog import CATALOG
from solar_chat.models.describe import describe_folder, describe_gguf
from solar_chat.models.fit import DISK_RESERVE_BYTES
from solar_chat.models.spec import Form, ModelSpec

Progress = Callable[[str, float], None]
"""Called with the stage "download" and the share of it that is done, 0 to 1."""

_WANTED = ["*.safetensors", "model.safetensors.index.json", "config.json", "generation_config.json", "README.md", "solar_chat.json"]
_WANTED += ["tokenizer.json", "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja"]
# Other formats of the same weights: a folder's copies, and Mistral's single file.
_UNWANTED = ["*/*", "consolidated*"]


def fetch(spec: ModelSpec, cache: Path, progress: Progress | None = None, *, endpoint: str | None = None) -> ModelSpec:
    """`spec` with its `path`, downloading into `cache` (the app's `Home.models`) the files of its form (its first one where none was asked for).

    `endpoint` is another hub than huggingface.co. Raises ModelError: `hub_offline`, `hub_unknown`, `hub_gated`, `hub_failed`, `model_only_pickle`,
    `disk_too_small`, and those of `describe_folder` and `describe_gguf`.
    """
    form = spec.form or next(iter(spec.forms), None)
    if spec.path is not None or form is None or form.repo is None:
        return spec
    from huggingface_hub import snapshot_download

    cache.mkdir(parents=True, exist_ok=True)
    get = partial(
        snapshot_download,
        form.repo,
        revision=form.revision,
        cache_dir=cache,
        allow_patterns=_WANTED if form.file is None else [form.file],
        ignore_patterns=_UNWANTED,
        endpoint=endpoint,
    )
    try:
        folder = Path(_complete_copy(get) or _download(get, form, spec.name, cache, progress))
    except ModelError:
        raise
    except Exception as error:  # the Hub's client raises its HTTP library's own errors besides its own
        raise _translate(error, form.repo) from error
    path = folder if form.file is None else folder / form.file
    if any(known.id == spec.id for known in CATALOG):
        return replace(spec, path=path, form=form)
    found = describe_folder(folder) if form.file is None else describe_gguf(path)
    return replace(found, id=spec.id, name=spec.name, forms=spec.forms, form=form)


def _complete_copy(get: Callable[..., Any]) -> str | None:
    """What an earlier download left, if it is whole."""
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return str(get(local_files_only=True))
    except LocalEntryNotFoundError:
        return None


def _download(get: Callable[..., Any], form: Form, name: str, cache: Path, progress: Progress | None) -> str:
    files = get(dry_run=True)
    if form.kind == "safetensors" and not any(file.filename.endswith(".safetensors") for file in files):
        raise ModelError("model_only_pickle", path=form.repo)
    if form.file is not None and not files:
        raise ModelError("hub_file_missing", model=form.repo, file=form.file)
    total = sum(file.file_size or 0 for file in files)
    missing = sum(file.file_size or 0 for file in files if file.will_download)
    free = shutil.disk_usage(cache).free
    if missing + DISK_RESERVE_BYTES > free:
        raise ModelError("disk_too_small", model=name, needed_gb=f"{missing / 1e9:.1f}", free_gb=f"{free / 1e9:.1f}")
    return str(get(tqdm_class=_bar_class(progress, total)))


def _translate(error: Exception, repo: str) -> ModelError:
    """What the Hub's client means, in our words; a dry run hides the real error behind its own."""
    from huggingface_hub import errors as hub

    if isinstance(error, hub.DryRunError) and isinstance(error.__cause__, Exception):
        error = error.__cause__
    status = error.response.status_code if isinstance(error, hub.HfHubHTTPError) else None
    if isinstance(error, hub.GatedRepoError):
        return ModelError("hub_gated", model=repo)
    if isinstance(error, hub.RepositoryNotFoundError | hub.RevisionNotFoundError | hub.HFValidationError) or status in (401, 403, 404):
        return ModelError("hub_unknown", model=repo)
    if status is not None or (isinstance(error, OSError) and not isinstance(error, ConnectionError | TimeoutError | hub.LocalEntryNotFoundError)):
        return ModelError("hub_failed", model=repo, reason=str(error).split("\n", 1)[0])
    # What is left are the HTTP library's connection errors: no name resolved, nobody answered, the line broke.
    return ModelError("hub_offline", model=repo)


def _bar_class(progress: Progress | None, total_bytes: int) -> Any:
    """A silent tqdm that reports bytes; the Hub's client makes several bars, the one that is furthest counts."""
    from tqdm.auto import tqdm  # type: ignore[import-untyped]  # ships no types

    class Bar(tqdm):  # type: ignore[misc]  # as above
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self._counts_bytes = kwargs.get("unit") == "B"
            self._bytes = 0.0
            super().__init__(*args, **{**kwargs, "disable": True})

        def update(self, n: float | None = 1) -> bool | None:
            self._bytes += n or 0
            if progress is not None and self._counts_bytes and total_bytes:
                progress("download", min(1.0, self._bytes / total_bytes))
            return None

    return Bar
