"""From the name of a model to one that can be loaded, and from there to one that answers.

Two steps, because the model in use is freed between them: whatever can be known to fail (a wrong name, no network, a broken file, too little memory)
fails in the first one and costs nobody the model they have. The rule: where a person is waiting at a page there is always somebody to talk to, and
the reason why it is not the one they wanted stays visible. Runs on the engine's worker.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from solar_chat.assistant.downloads import Downloads
from solar_chat.assistant.events import LoadState
from solar_chat.assistant.servers import connected, leaves_for
from solar_chat.engine import Backend, Progress, check_model, load_model
from solar_chat.errors import ModelError, SolarChatError
from solar_chat.hardware import detect
from solar_chat.models import STARTER, ModelSpec, quantized_place, resolve

log = logging.getLogger(__name__)

Loader = Callable[[], Backend]
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A model that is here and whole, as far as that shows before it is in memory."""

    spec: ModelSpec
    load: Callable[[list[SolarChatError]], Backend]
    """The list gets what kept its 4-bit copy from being saved."""


class CurrentModel:
    """The model in use, what it is on its way to, and how one becomes the other."""

    def __init__(self, downloads: Downloads, cache: Path) -> None:
        """`cache` is `Home.models`."""
        self._downloads = downloads
        self._cache = cache
        self._over = False
        self.spec: ModelSpec = STARTER
        self.state = LoadState("idle", STARTER.id)

    def end(self) -> None:
        """What fails from now on is not made good by another model: nobody would ask it."""
        self._over = True

    def prepare(self, wanted: str, now: Backend | None, *, fall_back: bool) -> Loader | None:
        """What loads `wanted`; None where that cannot be and, with `fall_back`, `now` stays. Raises SolarChatError where nothing is to be loaded.

        With `fall_back` and no `now`, or where it is gone already when loading fails, what comes is the model in the box. After `end` nothing does.
        """
        try:
            found = _readable(wanted, lambda: self._find(wanted))
        except SolarChatError as error:
            if self._over:
                raise
            problem = error
        else:
            return lambda: self._load(found, fall_back=fall_back)
        if fall_back and now is not None:
            self._answers(now, self.spec, problem)
            return None
        self._fails(wanted, problem)
        if not fall_back or wanted == STARTER.id:
            raise problem
        return lambda: self._load_starter(problem)

    def _load(self, found: _Candidate, *, fall_back: bool) -> Backend:
        try:
            return self._loaded(found)
        except SolarChatError as error:
            self._fails(found.spec.name, error)
            if self._over or not fall_back or found.spec.id == STARTER.id:
                raise
            problem = error
        return self._load_starter(problem)

    def _load_starter(self, problem: SolarChatError) -> Backend:
        try:
            return self._loaded(_readable(STARTER.name, lambda: self._find(STARTER.id)), problem)
        except SolarChatError as error:
            self._fails(STARTER.name, error)
            raise

    def _loaded(self, found: _Candidate, problem: SolarChatError | None = None) -> Backend:
        notices: list[SolarChatError] = []
        backend = _readable(found.spec.name, lambda: found.load(notices))
        self._answers(backend, found.spec, problem, next(iter(notices), None))
        return backend

    def _answers(self, backend: Backend, spec: ModelSpec, problem: SolarChatError | None, notice: SolarChatError | None = None) -> None:
        self.spec = spec
        self.state = LoadState("ready", spec.name, device=backend.device, server=leaves_for(spec.remote), error=problem, notice=notice)

    def _fails(self, name: str, error: SolarChatError) -> None:
        self.state = LoadState("failed", name, error=error)

    def _find(self, name: str) -> _Candidate:
        """Fetched where it is not here, and looked through."""
        spec = resolve(name)
        self.state = LoadState("loading", spec.name)
        spec = self._downloads.fetch(spec, self._telling("downloading", spec))
        if spec.remote is not None:
            there = connected(spec.id, spec.remote)
            return _Candidate(spec, lambda _: there)
        check_model(spec, detect().for_model(spec.parameters))
        # The machine is looked at once more: by then the model before has given its memory back.
        return _Candidate(
            spec,
            lambda notices: load_model(
                spec,
                detect().for_model(spec.parameters),
                self._telling("loading", spec),
                place=quantized_place(spec, self._cache),
                unsaved=notices.append,
            ),
        )

    def _telling(self, stage: Literal["downloading", "loading"], spec: ModelSpec) -> Progress:
        def tell(step: str, share: float) -> None:
            self.state = LoadState("quantizing" if step == "quantize" else stage, spec.name, share=share)

        return tell


def _readable(name: str, work: Callable[[], Result]) -> Result:
    """What `work` returns. Every error that leaves here is one a person can read."""
    try:
        return work()
    except SolarChatError:
        raise
    except Exception as error:
        # A bug, ours or a library's: the person reads one line of it, the log has the trace.
        log.exception("a model could not be loaded")
        raise ModelError("load_failed", model=name, reason=f"{type(error).__name__}: {error}") from error
