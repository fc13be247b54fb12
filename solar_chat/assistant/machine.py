"""The model of this machine: which one answers, how another takes its place, and who is told when.

One for all who talk to it, the owner's desk and every visitor's. The rule: whoever asks first begins the loading, and everybody waits for the same
one. Knows no conversation and no settings but the name of the wanted model.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future

from solar_chat.assistant.downloads import Downloads
from solar_chat.assistant.events import LoadState
from solar_chat.assistant.names import ModelNames, names_of, names_of_unknown
from solar_chat.assistant.switching import CurrentModel
from solar_chat.engine import Engine, import_spaces, lend
from solar_chat.errors import SolarChatError
from solar_chat.hardware import detect
from solar_chat.language import warm
from solar_chat.models import ModelSpec, resolve
from solar_chat.paths import Home


class Machine:
    """Safe to call from any thread."""

    def __init__(self, home: Home, engine: Engine, wanted: Callable[[], str], loaded: Callable[[], object]) -> None:
        """`wanted` is the model to load where nobody names one; `loaded` is called after every load, also a failed one."""
        self.engine = engine
        self.downloads = Downloads(home.models, detect)
        self.current = CurrentModel(self.downloads, home.models)
        self._wanted = wanted
        self._loaded = loaded
        self._loading: Future[None] | None = None
        self._coming: list[str] = []
        """Names of the models whose loading is asked for and not over; a second one may wait behind the first."""
        self._begins = threading.Lock()

    @property
    def spec(self) -> ModelSpec:
        """The model loaded last."""
        return self.current.spec

    @property
    def state(self) -> LoadState:
        return self.current.state

    def start_loading(self, model: str | None = None, *, fall_back: bool = True) -> None:
        """Load `model` on the engine's worker, and what reads Korean beside it; returns at once.

        With `fall_back`, where the wanted one cannot be loaded, the one in use stays, or the model in the box is loaded where that is gone already.
        """
        wanted = model or self._wanted()
        self.current.state = LoadState("libraries", wanted)
        threading.Thread(target=warm, name="warm-language", daemon=True).start()
        self._loading = self.engine.switch_soon(lambda: self.current.prepare(wanted, self.engine.backend, fall_back=fall_back))
        self._coming.append(wanted)
        self._loading.add_done_callback(lambda _: self._coming.remove(wanted))
        self._loading.add_done_callback(lambda _: self._loaded())

    def load_for_lent_gpu(self) -> None:
        """Load the wanted model in this thread, which is to launch the page, so that its replies are written on a GPU that is lent by the call.

        Returns when it is loaded. Where it cannot be, the model in the box is. Raises StartError as `import_spaces` does, SolarChatError where even
        that one does not load.
        """
        writer = import_spaces()
        wanted = self._wanted()
        self.current.state = LoadState("libraries", wanted)
        load = self.current.prepare(wanted, None, fall_back=True)
        assert load is not None, "with no model in use there is always one to load"
        backend = lend(load(), writer)
        threading.Thread(target=warm, name="warm-language", daemon=True).start()
        self._loading = self.engine.load_soon(lambda: backend)

    def ready(self, *, fall_back: bool = True) -> Future[None]:
        """Done once a model can be asked, begun here if nobody has; holds the SolarChatError that kept it from loading. Not to be cancelled."""
        with self._begins:
            if self._loading is None and self.engine.backend is None:
                self.start_loading(fall_back=fall_back)
        if self._loading is not None:
            return self._loading
        there: Future[None] = Future()
        there.set_result(None)
        return there

    def needs(self, spec: ModelSpec) -> bool:
        """Whether `spec` is the model that can be asked, or one that is on its way."""
        return (self.engine.backend is not None and self.spec.id == spec.id) or any(_is_named(name, spec) for name in tuple(self._coming))

    def model_names(self) -> ModelNames:
        """What programs may call the model in use; before it is loaded, the one that will be."""
        if self.state.stage == "ready" or self.engine.backend is not None:
            return names_of(self.spec)
        wanted = self._wanted()
        try:
            return names_of(resolve(wanted))
        except SolarChatError:
            return names_of_unknown(wanted)

    def close(self) -> None:
        """Stop what runs and free the model; what was downloaded so far stays."""
        # First: a load that waits for its download must not take the pause for a reason to load another model.
        self.current.end()
        self.downloads.close()
        self.engine.close()


def _is_named(name: str, spec: ModelSpec) -> bool:
    try:
        return resolve(name).id == spec.id
    except SolarChatError:
        return False
