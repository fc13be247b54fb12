"""The downloads of one assistant: one for a form, however often and from wherever it is asked for.

Beside the engine's worker and never on it, so that the loaded model goes on answering. The rule: a person may watch, pause and call off every one of
them, also the one that loading a model began. The words are the doors'.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from solar_chat.errors import ModelError, OutOfMemory
from solar_chat.hardware import Hardware
from solar_chat.models import Download, ModelSpec, Offer, copies_of, copy_of, fetch, follow, form_here, freed_bytes, is_asked, offer, remove, resolve


class Downloads:
    """Safe to call from any thread."""

    def __init__(self, cache: Path, hardware: Callable[[], Hardware]) -> None:
        """`cache` is `Home.models`; `hardware` is asked anew for each verdict, because memory fills and empties."""
        self._cache = cache
        self._hardware = hardware
        self._guard = threading.Lock()
        self._known: dict[str, Download] = {}

    def offer(self, name: str) -> Offer:
        """Licence, size and fit of what `start` would fetch; asks the Hub about models that the catalogue does not know. Raises ModelError."""
        return offer(resolve(name), self._cache, self._hardware())

    def start(self, name: str) -> Download:
        """Begin, or go on after a pause, a failure or a kill; joins one that runs. Raises ModelError as `offer` does."""
        return self._start(self.offer(name).spec)

    def all(self) -> tuple[Download, ...]:
        """Every download since the start of the app but those that were called off, the oldest first."""
        with self._guard:
            return tuple(run for run in self._known.values() if run.progress.state != "cancelled")

    def get(self, name: str) -> Download | None:
        """The download of the model `name` (of any form where none is named), if there was one."""
        spec = resolve(name)
        return next((run for run in reversed(self.all()) if run.spec.id == spec.id and is_asked(spec.form, run.form)), None)

    def fetch(self, spec: ModelSpec, progress: Callable[[str, float], None] | None = None) -> ModelSpec:
        """`spec` with its `path`, waiting for its download where it is not here yet. Stopping the download ends the waiting with an error.

        Raises OutOfMemory `memory_too_small` and ModelError `cpu_too_old` before anything is fetched that could not be loaded, and ModelError as
        `offer` and `Download.result` do.
        """
        form = spec.form or form_here(spec, self._cache)
        here = copy_of(form, self._cache) if form is not None else None
        if not spec.forms or spec.path is not None or (here is not None and here.whole):
            return fetch(spec if form is None else replace(spec, form=form), self._cache, progress)
        hardware = self._hardware()
        found = offer(spec, self._cache, hardware)
        if found.fit.verdict == "too_large" and found.fit.disk_bytes <= found.fit.disk_free_bytes:
            needed, free = found.fit.needed_bytes, found.fit.free_bytes
            raise OutOfMemory("memory_too_small", model=spec.name, needed_gb=f"{needed / 1e9:.1f}", free_gb=f"{free / 1e9:.1f}")
        if found.fit.verdict == "cpu_too_old":
            raise ModelError("cpu_too_old", model=spec.name, missing=", ".join(hardware.missing_for_llama_cpp))
        return follow(self._start(found.spec), progress)

    def remove(self, name: str) -> int:
        """Delete what is here of `name`; how many bytes that freed. Raises ModelError `model_not_downloaded` and those of `models.remove`."""
        found = copies_of(resolve(name), self._cache)
        if not found:
            raise ModelError("model_not_downloaded", model=name)
        freed = 0
        for copy in found:
            freed += freed_bytes(copy)
            remove(copy)
        with self._guard:
            gone = {(copy.form.repo, copy.form.file) for copy in found}
            self._known = {key: run for key, run in self._known.items() if (run.form.repo, run.form.file) not in gone}
        return freed

    def close(self) -> None:
        """Pause what runs; the next start of the app goes on with it."""
        for run in self.all():
            run.pause()
        for run in self.all():
            run.wait(1.0)

    def _start(self, spec: ModelSpec) -> Download:
        with self._guard:
            fresh = Download(spec, self._cache)
            key = f"{fresh.form.repo}/{fresh.form.file or ''}"
            run = self._known.get(key)
            if run is None or run.progress.state == "done":
                # What was done may have been removed since, by another program too.
                run = self._known[key] = fresh
            return run.start()
