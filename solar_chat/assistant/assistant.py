"""The owner's desk, and the rest of the house put together: what to load, what to download, what to give back.

Every door holds one `Assistant` and calls nothing below it. The rule: what only the owner may do is here and nowhere else; a visitor's desk has no
way to it.
"""

from __future__ import annotations

from types import TracebackType
from typing import Final, Self

from solar_chat.assistant.completion import Completion, CompletionRequest
from solar_chat.assistant.desk import Desk, sampling_of
from solar_chat.assistant.library import Library
from solar_chat.assistant.machine import Machine
from solar_chat.assistant.names import ModelNames
from solar_chat.conversation import Store
from solar_chat.engine import Engine, Sampling
from solar_chat.errors import ModelError
from solar_chat.hardware import detect
from solar_chat.i18n import Catalogue
from solar_chat.language import morphemes
from solar_chat.models import Download, ModelSpec, Offer, QuantizedCopy, drop_full_weights, quantized_copy, resolve
from solar_chat.paths import Home
from solar_chat.settings import SettingsFile
from solar_chat.workshop.building import Builds

# A page offers to bring back what was deleted in it, and a second program may start while it is open.
DELETED_KEPT_S: Final = 86_400.0


class Assistant(Desk):
    """Answers, stored or not. Use it as a context manager, or call `close`."""

    def __init__(self, home: Home, settings: SettingsFile, store: Store, catalogue: Catalogue, engine: Engine, model: str | None = None) -> None:
        """`model` beats the one in the settings until another is loaded."""
        machine = Machine(home, engine, lambda: model or settings.load().model, lambda: self.ahead.look_again())
        super().__init__(settings, store, catalogue, machine)
        self.home = home
        self.library = Library(home, detect)
        self.builds = Builds(home, catalogue, detect)

    @classmethod
    def open(cls, home: Home, model: str | None = None) -> Self:
        """Make the folders, open history and settings; loads no model. Raises StartError or StoreError."""
        home.create()
        store = Store(home.history, tokenize=morphemes)
        store.recover()
        store.purge_deleted(DELETED_KEPT_S)
        return cls(home, SettingsFile(home.settings), store, Catalogue.load(), Engine(), model)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Stop what runs and free the model; conversations are already on the disk, and what was downloaded so far stays there."""
        self.builds.close()
        self.machine.close()
        self.store.close()

    def busy(self) -> bool:
        """Whether something is going on that a person would want to end by itself: a reply, a load, a download, a build."""
        return self.machine.engine.queue_length > 0 or self.builds.state.active or any(run.progress.active for run in self.downloads())

    # The model

    def start_loading(self, model: str | None = None, *, fall_back: bool = True) -> None:
        """Load `model` (None: the one given at the start, else the settings'); see `Machine.start_loading`."""
        self.machine.start_loading(model, fall_back=fall_back)

    def model_in_use(self) -> ModelSpec | None:
        """The model that answers, in the form it was loaded from; None while none does."""
        return self.machine.spec if self.machine.state.stage == "ready" else None

    def model_names(self) -> ModelNames:
        """What programs may call the model in use; before it is loaded, the one that will be."""
        return self.machine.model_names()

    def sampling(self) -> Sampling:
        """How the settings want tokens chosen."""
        return sampling_of(self.settings.load())

    def completion(self, request: CompletionRequest) -> Completion:
        """A reply as the model gives it. Waits for the model; raises ModelError."""
        self.wait_ready()
        return Completion(request, self.machine.engine, self.machine.spec)

    @property
    def most_together(self) -> int:
        """How many completions the loaded model makes at a time."""
        return self.machine.engine.most_together

    # Downloads

    def offer(self, model: str) -> Offer:
        """What to know before `start_download(model)`: licence, size, fit, what is here. May take seconds; raises ModelError."""
        return self.machine.downloads.offer(model)

    def start_download(self, model: str) -> Download:
        """Begin, go on with or join the download of `model`; the engine goes on answering. Raises ModelError as `offer` does."""
        return self.machine.downloads.start(model)

    def download(self, model: str) -> Download | None:
        """The one of `downloads()` that brings `model`, an id with or without its form ("eeve:gguf")."""
        return self.machine.downloads.get(model)

    def downloads(self) -> tuple[Download, ...]:
        """Those of this run of the app, finished ones included: to be watched, paused, resumed and cancelled."""
        return self.machine.downloads.all()

    def remove_model(self, model: str) -> int:
        """Delete what was downloaded of `model`; the bytes that freed.

        Raises ModelError `model_in_use` for one that is loaded or on its way into memory, and as `Downloads.remove` does.
        """
        spec = resolve(model)
        if self.machine.needs(spec):
            raise ModelError("model_in_use", model=spec.name)
        return self.machine.downloads.remove(model)

    def quantized_copy(self, model: str) -> QuantizedCopy | None:
        """The 4-bit copy of `model` that an earlier load has saved, and what its 16-bit files still take; None where there is none."""
        return quantized_copy(resolve(model), self.home.models)

    def drop_full_weights(self, model: str) -> int:
        """Delete the 16-bit files of `model`, which is loaded from its 4-bit copy from then on; the bytes that freed.

        May be called while the model is in use. Raises ModelError as `models.drop_full_weights` does.
        """
        return drop_full_weights(resolve(model), self.home.models)
