"""The one model that is being built, and what is then done with it: proven, measured, exported; begun, watched, called off, looked at afterwards.

On a thread of its own, so that the loaded model goes on answering and a closed page stops nothing. The rule: one at a time, and work that was
called off or failed has left nothing behind. What a plan is, and how bytes are copied and models read, is `upscaling`'s,
`measuring`'s and `exporting`'s.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from solar_chat.errors import InputError, SolarChatError
from solar_chat.export import Exported, Weights
from solar_chat.hardware import Hardware
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.models import ModelSpec
from solar_chat.paths import Home
from solar_chat.upscale import CHART, Checkpoint, DepthPlan, Proof, check_room, check_target, planned, verify
from solar_chat.workshop.exporting import export_model
from solar_chat.workshop.measurement import picture, save_picture
from solar_chat.workshop.measuring import Measured, measure
from solar_chat.workshop.source import Source, open_source
from solar_chat.workshop.upscaling import Cancelled, build, cancellable

Working = Literal["building", "verifying", "measuring", "exporting"]
Stage = Literal["idle", Working, "built", "verified", "measured", "exported", "cancelled", "failed"]

_CLOSING_S = 10.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be built."""

    source: str
    """As a person named it."""
    plan: DepthPlan
    out: Path
    lang: InterfaceLanguage
    """Of the model card."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was measured, and on which source. Its picture lies beside the result."""

    measured: Measured
    source: str


@dataclass(frozen=True, slots=True)
class BuildState:
    """How far it is, and what is known of the result."""

    stage: Stage = "idle"
    order: Order | None = None
    done_bytes: int = 0
    total_bytes: int = 0
    elapsed_s: float = 0.0
    whole: bool = False
    """The result is there: built, and not proven wrong."""
    proof: Proof | None = None
    measurement: Measurement | None = None
    export: tuple[Exported, ModelSpec] | None = None
    reading: tuple[str, str] | None = None
    """While it is measured: "open" or "read", and which model."""
    read_share: float = 0.0
    """Of both models."""
    source_name: str = ""
    error: SolarChatError | None = None

    @property
    def active(self) -> bool:
        return self.stage in get_args(Working)

    @property
    def share(self) -> float:
        """Of the bytes, or of the text that is read, 0 to 1."""
        return self.done_bytes / self.total_bytes if self.total_bytes else self.read_share

    @property
    def bytes_per_second(self) -> float:
        return self.done_bytes / self.elapsed_s if self.elapsed_s else 0.0


class Builds:
    """Safe to call from any thread."""

    def __init__(self, home: Home, catalogue: Catalogue, detect: Callable[[], Hardware]) -> None:
        self._home = home
        self._catalogue = catalogue
        self._detect = detect
        self._guard = threading.Lock()
        self._calls_off = threading.Event()
        self._thread: threading.Thread | None = None
        self.state = BuildState()

    def start(self, source: Source, order: Order) -> None:
        """Begin; `source` is what the order's name means.

        Raises InputError `upscale_not_here` for one that would have to be downloaded, `upscale_one_at_a_time`, and those of `planned`,
        `check_target` and `check_room`.
        """
        _refuse_absent(source)
        check_target(source.checkpoint, order.out)
        check_room(order.out, sum(tensor.source.length for tensor in planned(source.checkpoint, order.plan).values()))
        self._begin(BuildState("building", order), self._build)

    def verify(self) -> None:
        """Compare what was built last with its source. Raises InputError `upscale_one_at_a_time`; does nothing where nothing was built."""
        self._go_on("verifying", self._verify)

    def measure(self, text: str | None = None) -> None:
        """Read `text`, or else the app's own sample, with what was built last and with its source. As `verify`."""
        self._go_on("measuring", lambda order: self._measure(order, text))

    def export(self, weights: Weights) -> None:
        """Write what was built last as a GGUF file and a Modelfile beside it. As `verify`."""
        self._go_on("exporting", lambda order: self._export(order, weights))

    def cancel(self) -> None:
        """Call off what is going on; returns at once."""
        self._calls_off.set()

    def forget(self) -> None:
        """Put away the last one's report; its files stay."""
        with self._guard:
            if not self.state.active:
                self.state = BuildState()

    def wait(self, timeout_s: float | None = None) -> BuildState:
        """The state once it has come to rest, or after `timeout_s`."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout_s)
        return self.state

    def close(self) -> None:
        """Call off and wait until nothing is left."""
        self.cancel()
        self.wait(_CLOSING_S)

    def _go_on(self, stage: Working, work: Callable[[Order], None]) -> None:
        now = self.state
        if now.order is not None and now.whole:
            # What is known stays; how far the last work was does not.
            fresh = replace(now, stage=stage, done_bytes=0, total_bytes=0, elapsed_s=0.0, read_share=0.0, error=None)
            self._begin(fresh, work)

    def _begin(self, first: BuildState, work: Callable[[Order], None]) -> None:
        with self._guard:
            if self.state.active:
                raise InputError("upscale_one_at_a_time")
            self._calls_off.clear()
            self.state = first
            self._thread = threading.Thread(target=self._run, args=(work,), name="builds", daemon=True)
            self._thread.start()

    def _run(self, work: Callable[[Order], None]) -> None:
        order = self.state.order
        assert order is not None
        try:
            work(order)
        except Cancelled:
            # What was there before a proof or a measurement was called off is still there.
            self._rest("built" if self.state.whole else "cancelled")
        except SolarChatError as error:
            self._rest("failed", error=error)
        except Exception as error:
            # A bug, ours or a library's: the person reads one line of it, the log has the trace.
            log.exception("%s failed", self.state.stage)
            self._rest("failed", error=InputError("upscale_stopped", reason=f"{type(error).__name__}: {error}"))

    def _build(self, order: Order) -> None:
        source = self._opened(order)
        build(source, order.plan, order.out, self._catalogue, order.lang, progress=self._steps())
        self._rest("built", whole=True)

    def _verify(self, order: Order) -> None:
        source = self._opened(order)
        try:
            proof = verify(source.checkpoint, order.plan, Checkpoint.read(order.out), progress=self._steps())
        except OSError as error:
            raise InputError("upscale_stopped", reason=error.strerror or str(error)) from error
        except InputError:
            self.state = replace(self.state, whole=False)
            raise
        self.state = replace(self.state, proof=proof)
        self._rest("verified")

    def _measure(self, order: Order, text: str | None) -> None:
        source = self._opened(order)
        opened = 0

        def tell(stage: str, name: str, share: float) -> None:
            nonlocal opened
            if self._calls_off.is_set():
                raise Cancelled
            opened += stage == "open"
            self.state = replace(self.state, reading=(stage, name), read_share=(opened - 1 + share) / 2)

        measured = measure(source, order.out, self._detect(), text, tell)
        save_picture(order.out / CHART, picture(measured.comparison, source.name, order.out.name, self._catalogue, order.lang))
        self.state = replace(self.state, measurement=Measurement(measured, source.name))
        self._rest("measured")

    def _export(self, order: Order, weights: Weights) -> None:
        target = order.out.with_name(f"{order.out.name}-{weights}.gguf")
        made = export_model(str(order.out), target, weights, self._home, self._steps())
        self.state = replace(self.state, export=made)
        self._rest("exported")

    def _opened(self, order: Order) -> Source:
        """Anew: it may have changed since it was looked at. Nothing is downloaded here; licence and size are shown where that is done."""
        source = open_source(order.source, self._home, weights=False)
        _refuse_absent(source)
        self.state = replace(self.state, source_name=source.name)
        return source

    def _steps(self) -> Callable[[int, int], None]:
        begun = time.monotonic()

        def step(done: int, total: int) -> None:
            elapsed = time.monotonic() - begun
            self.state = replace(self.state, done_bytes=done, total_bytes=total, elapsed_s=elapsed)

        return cancellable(step, self._calls_off.is_set)

    def _rest(self, stage: Stage, *, error: SolarChatError | None = None, whole: bool | None = None) -> None:
        self.state = replace(self.state, stage=stage, error=error, whole=self.state.whole if whole is None else whole, reading=None)


def _refuse_absent(source: Source) -> None:
    if not source.checkpoint.folder.is_dir():
        raise InputError("upscale_not_here", model=source.name)
