"""Downloading a model: one that can be watched, paused, gone on with after a kill, and called off.

What is here is used without asking the network. The rule: nobody waits for 20 GB to learn that the repository holds only pickles or that the disk is
too small, and nothing unchecked is ever called downloaded. A download has a thread of its own, because the engine's worker must go on answering.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Self

from solar_chat.errors import ModelError, SolarChatError
from solar_chat.models.catalog import CATALOG
from solar_chat.models.choice import settled
from solar_chat.models.describe import describe_folder, describe_gguf
from solar_chat.models.fit import DISK_RESERVE_BYTES
from solar_chat.models.hub import Hub, Listing, asked_wait_s, is_passing
from solar_chat.models.progress import DownloadProgress, DownloadState, Meter
from solar_chat.models.spec import Form, ModelSpec
from solar_chat.models.storage import Copy, Shelf, four_bit_of, wanted
from solar_chat.models.transfer import Patience, Stopped, disk_problem, transfer

Progress = Callable[[str, float], None]
"""Called with the stage "download" and the share of it that is done, 0 to 1."""

_LOOK_S = 0.2

log = logging.getLogger(__name__)


class Download:
    """One form of one model on its way to this machine.

    Its methods may be called from any thread. All return at once but `wait`, and `cancel` of one that does not run: that deletes before it returns.
    """

    def __init__(self, spec: ModelSpec, cache: Path, *, endpoint: str | None = None, patience: Patience | None = None) -> None:
        """`spec` needs a form of the Hub (`spec.form`, else its first); `endpoint` beats `HF_ENDPOINT`. Starts nothing."""
        form = spec.form or next(iter(spec.forms), None)
        if form is None or form.repo is None:
            raise ModelError("model_nothing_to_download", model=spec.id)
        self.spec = replace(spec, form=form)
        self.form = form
        self._cache = cache
        self._shelf = Shelf.of(form, cache)
        self._hub = Hub(form.repo, endpoint)
        self._patience = patience or Patience()
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None
        self._meter = Meter()
        self._state: DownloadState = "ready"
        self._cancelled = False
        self._again = False
        self._error: SolarChatError | None = None
        self._found: ModelSpec | None = None

    @property
    def progress(self) -> DownloadProgress:
        return self._meter.read(self._state, self._error)

    def start(self) -> Self:
        """Begin, or go on after a pause, a failure or a kill. Does nothing where it runs or is done."""
        with self._guard:
            if self._running:
                self._again = self._meter.stopping
            elif self._state != "done":
                self._begin()
        return self

    resume = start

    def pause(self) -> None:
        """Stop soon and keep what has come."""
        with self._guard:
            self._again = False
            self._meter.stop()

    def cancel(self) -> None:
        """Stop soon and delete what has come of this form. A finished download stays: `storage.remove` is for those."""
        with self._guard:
            self._again, self._cancelled = False, True
            self._meter.stop()
            if not self._running and self._state != "done":
                self._discard_idle()

    def wait(self, seconds: float | None = None) -> DownloadProgress:
        """The moment at which nothing moves any more, or after `seconds`."""
        until = None if seconds is None else time.monotonic() + seconds
        # A run that was resumed before its pause had come through is followed by another.
        while (thread := self._thread) is not None and (until is None or time.monotonic() < until):
            thread.join(None if until is None else max(0.0, until - time.monotonic()))
        return self.progress

    def result(self) -> ModelSpec:
        """The model with its `path`. Raises what kept it from coming; ModelError `download_stopped` after a pause or a cancel."""
        if self._error is not None:
            raise self._error
        if self._found is None:
            raise ModelError("download_stopped", model=self.spec.name)
        return self._found

    @property
    def _running(self) -> bool:
        return self._thread is not None

    def _begin(self) -> None:
        self._meter, self._error, self._cancelled, self._again, self._state = Meter(), None, False, False, "asking"
        self._thread = threading.Thread(target=self._run, name=f"download-{self.form.repo}", daemon=True)
        self._thread.start()

    # On the thread

    def _run(self) -> None:
        self._try()
        with self._guard:
            if self._again:
                # Resumed before the pause had come through.
                self._begin()
            else:
                self._thread = None

    def _try(self) -> None:
        try:
            with self._alone():
                try:
                    self._bring()
                except Stopped:
                    if self._cancelled:
                        self._shelf.discard(self.form)
                    raise
            self._found = described(self.spec, self.form, self._cache)
            self._state = "done"
        except Stopped:
            self._state = "cancelled" if self._cancelled else "asking" if self._again else "paused"
            self._meter = Meter() if self._cancelled else self._meter
        except SolarChatError as error:
            self._error, self._state = error, "failed"
        except OSError as error:
            self._error, self._state = disk_problem(error, self.spec.name, self._shelf.folder), "failed"
        except Exception as error:
            # What the Hub is known to answer was told above.
            log.exception("a download failed")
            self._error, self._state = self._hub.problem(error), "failed"

    def _bring(self) -> None:
        here = self._shelf.copy(self.form)
        if here is not None and here.whole:
            # Somebody else was faster.
            self._mean(here.form)
            self._meter.begin(here.total_bytes, here.total_bytes)
            return
        listing = self._asked()
        self._mean(settled(listing, self.form))
        files = wanted(listing, self.form)
        if self.form.kind == "safetensors" and not any(file.path.endswith(".safetensors") for file in files):
            raise ModelError("model_only_pickle", path=self.form.repo)
        if not files:
            raise ModelError("hub_file_missing", model=self.form.repo, file=self.form.file)
        self._shelf.keep_listing(listing)
        total, done = sum(file.size_bytes for file in files), sum(self._shelf.here_bytes(file) for file in files)
        self._meter.begin(done, total)
        free = shutil.disk_usage(self._shelf.folder).free
        if total - done + DISK_RESERVE_BYTES > free:
            raise ModelError("disk_too_small", model=self.spec.name, needed_gb=f"{(total - done) / 1e9:.1f}", free_gb=f"{free / 1e9:.1f}")
        self._state = "downloading"
        # The small ones first: what is wrong with a repository mostly shows there.
        for file in sorted(files, key=lambda file: file.size_bytes):
            self._meter.check()
            if not self._shelf.has(file):
                self._meter.file = file.path
                transfer(self._hub, file, listing.commit, self._shelf.part(file), self._shelf.file(file), self._meter, self._patience)

    def _mean(self, form: Form) -> None:
        """It is `form` that was asked for, as is known now."""
        self.form = form
        self.spec = replace(self.spec, form=form)

    def _asked(self) -> Listing:
        """What the Hub has. A person looks on: a hub's bad minute is waited out once, a line that is not there not at all."""
        tries = 0
        while True:
            tries += 1
            try:
                return self._hub.listing(self.form.revision)
            except Exception as error:
                problem = self._hub.problem(error)
                wait_s = asked_wait_s(error)
                if problem.key == "hub_offline" or not is_passing(error) or tries >= (2 if wait_s is None else self._patience.tries):
                    raise problem from error
                wait_s = self._patience.first_wait_s if wait_s is None else wait_s
                if wait_s > self._patience.longest_wait_s:
                    raise problem from error
            self._meter.wait(wait_s)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """One download of a repository at a time on this machine; a second one waits, and mostly finds everything here."""
        with contextlib.ExitStack() as stack:
            while not self._shelf.taken(stack):
                self._state = "waiting"
                self._meter.check()
            self._state = "asking"
            yield

    def _discard_idle(self) -> None:
        with contextlib.ExitStack() as stack:
            # Where another program is downloading the same, the parts are its own.
            if self._shelf.folder.is_dir() and self._shelf.taken(stack):
                try:
                    self._shelf.discard(self.form)
                except OSError as error:
                    raise ModelError("model_not_removed", path=self._shelf.folder, reason=error.strerror or str(error)) from error
        self._meter, self._error, self._state = Meter(), None, "cancelled"


def fetch(spec: ModelSpec, cache: Path, progress: Progress | None = None, *, endpoint: str | None = None) -> ModelSpec:
    """`spec` with its `path`, downloading into `cache` (the app's `Home.models`) what is missing, and waiting for it.

    The form is the one that was asked for, else the one that is here, else the first. A model of this machine or of a server is left alone.
    Raises ModelError: those of `Hub.problem`, `model_only_pickle`, `disk_too_small`, those of `transfer`, `describe_folder` and `describe_gguf`.
    """
    if spec.path is not None or not spec.forms:
        return spec
    form = spec.form or form_here(spec, cache) or spec.forms[0]
    here = copy_of(form, cache)
    if here is not None and here.whole:
        return described(spec, here.form, cache)
    return follow(Download(replace(spec, form=form), cache, endpoint=endpoint).start(), progress)


def follow(download: Download, progress: Progress | None = None) -> ModelSpec:
    """Wait for `download`, telling `progress`. Whoever breaks off the waiting pauses the download. Raises what `Download.result` does."""
    try:
        while (now := download.wait(_LOOK_S)).active:
            if progress is not None:
                progress("download", now.share)
    except BaseException:
        download.pause()
        download.wait()
        raise
    if progress is not None and now.state == "done":
        progress("download", 1.0)
    return download.result()


def form_here(spec: ModelSpec, cache: Path) -> Form | None:
    """The first form of `spec` that is whole on this machine."""
    return next(iter(forms_here(spec, cache)), None)


def forms_here(spec: ModelSpec, cache: Path) -> tuple[Form, ...]:
    """Every form of `spec` that is whole on this machine; of a GGUF that was named by its quantization, the file."""
    found = ((form, copy_of(form, cache)) for form in spec.forms)
    return tuple(copy.form if form.kind == "gguf" else form for form, copy in found if copy is not None and copy.whole)


def copy_of(form: Form, cache: Path) -> Copy | None:
    """How much of `form` is under `cache`, or its 4-bit copy where that is all there is; None where nothing is."""
    if form.repo is None:
        return None
    found = Shelf.of(form, cache).copy(form)
    return found if found is not None and found.whole else four_bit_of(form, cache) or found


def described(spec: ModelSpec, form: Form, cache: Path) -> ModelSpec:
    """`spec` with the path of its downloaded `form`, and what the files say where the catalogue does not know better."""
    here = copy_of(form, cache)
    folder = here.folder if here is not None else Shelf.of(form, cache).folder
    path = folder if form.file is None else folder / form.file
    if any(known.id == spec.id for known in CATALOG):
        return replace(spec, path=path, form=form)
    found = describe_folder(folder) if form.file is None else describe_gguf(path)
    return replace(found, id=spec.id, name=spec.name, forms=spec.forms, form=form)
