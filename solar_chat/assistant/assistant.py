"""The rooms of the house, put together: settings, history, model, and the turns that need all three.

Every door holds one `Assistant` and calls nothing below it. Models load on the engine's worker, one at a time; a load that fails leaves the model
before it or the one in the box where a person is waiting at a page, so that there is always somebody to talk to, and the reason stays visible.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from concurrent.futures import Future
from dataclasses import replace
from types import TracebackType
from typing import Self

from solar_chat.assistant.ahead import ReadingAhead, Sight
from solar_chat.assistant.chat import Chat, history_of
from solar_chat.assistant.completion import Completion, CompletionRequest
from solar_chat.assistant.decide import standing
from solar_chat.assistant.downloads import Downloads
from solar_chat.assistant.events import ChatEvent, LoadState
from solar_chat.assistant.library import Library
from solar_chat.assistant.names import ModelNames, names_of, names_of_unknown
from solar_chat.assistant.options import undo_change
from solar_chat.assistant.plan import TurnRequest
from solar_chat.assistant.switching import CurrentModel
from solar_chat.assistant.turn import Turn
from solar_chat.conversation import Store
from solar_chat.engine import Engine, Sampling
from solar_chat.errors import ModelError, SolarChatError
from solar_chat.hardware import detect
from solar_chat.i18n import Catalogue, system_language
from solar_chat.language import Level, morphemes, warm
from solar_chat.messages import Message
from solar_chat.models import Download, ModelSpec, Offer, QuantizedCopy, drop_full_weights, quantized_copy, resolve
from solar_chat.paths import Home
from solar_chat.prompts import ReplyLanguage
from solar_chat.settings import ReplyChoice, Settings, SettingsFile


class Assistant:
    """Answers, stored or not. Use it as a context manager, or call `close`."""

    def __init__(self, home: Home, settings: SettingsFile, store: Store, catalogue: Catalogue, engine: Engine, model: str | None = None) -> None:
        """`model` beats the one in the settings until another is loaded."""
        self.home = home
        self.settings = settings
        self.store = store
        self.catalogue = catalogue
        self._engine = engine
        self._model = model
        self._loading: Future[None] | None = None
        self._begins = threading.Lock()
        self._downloads = Downloads(home.models, detect)
        self._current = CurrentModel(self._downloads, home.models)
        self._ahead = ReadingAhead(engine, lambda: self._current.spec, self._next_request)
        self.library = Library(home, detect)

    @classmethod
    def open(cls, home: Home, model: str | None = None) -> Self:
        """Make the folders, open history and settings; loads no model. Raises StartError or StoreError."""
        home.create()
        store = Store(home.history, tokenize=morphemes)
        store.recover()
        return cls(home, SettingsFile(home.settings), store, Catalogue.load(), Engine(), model)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Stop what runs and free the model; conversations are already on the disk, and what was downloaded so far stays there."""
        self._downloads.close()
        self._engine.close()
        self.store.close()

    # The model

    def load_state(self) -> LoadState:
        return self._current.state

    def model_in_use(self) -> ModelSpec | None:
        """The model that answers, in the form it was loaded from; None while none does."""
        return self._current.spec if self._current.state.stage == "ready" else None

    def start_loading(self, model: str | None = None, *, fall_back: bool = True) -> None:
        """Load `model` (None: the one given at the start, else the settings') on the engine's worker, and Kiwi beside it; returns at once.

        With `fall_back`, where the wanted one cannot be loaded, the one in use stays, or the model in the box is loaded where that is gone already.
        """
        wanted = model or self._model or self.settings.load().model
        self._current.state = LoadState("libraries", wanted)
        threading.Thread(target=warm, name="warm-kiwi", daemon=True).start()
        self._loading = self._engine.switch_soon(lambda: self._current.prepare(wanted, self._engine.backend, fall_back=fall_back))
        self._loading.add_done_callback(lambda _: self._ahead.look_again())

    def ready(self, *, fall_back: bool = True) -> Future[None]:
        """Done once a model can be asked, begun here if nobody has; holds the SolarChatError that kept it from loading. Not to be cancelled."""
        with self._begins:
            if self._loading is None and self._engine.backend is None:
                self.start_loading(fall_back=fall_back)
        if self._loading is not None:
            return self._loading
        there: Future[None] = Future()
        there.set_result(None)
        return there

    def wait_ready(self) -> None:
        """Return once a model can be asked, loading one if nobody has. Raises the SolarChatError that kept it from loading."""
        self.ready().result()

    def model_names(self) -> ModelNames:
        """What programs may call the model in use; before it is loaded, the one that will be."""
        if self._current.state.stage == "ready" or self._engine.backend is not None:
            return names_of(self._current.spec)
        wanted = self._model or self.settings.load().model
        try:
            return names_of(resolve(wanted))
        except SolarChatError:
            return names_of_unknown(wanted)

    # Downloads

    def offer(self, model: str) -> Offer:
        """What to know before `start_download(model)`: licence, size, fit, what is here. May take seconds; raises ModelError."""
        return self._downloads.offer(model)

    def start_download(self, model: str) -> Download:
        """Begin, go on with or join the download of `model`; the engine goes on answering. Raises ModelError as `offer` does."""
        return self._downloads.start(model)

    def download(self, model: str) -> Download | None:
        """The one of `downloads()` that brings `model`, an id with or without its form ("eeve:gguf")."""
        return self._downloads.get(model)

    def downloads(self) -> tuple[Download, ...]:
        """Those of this run of the app, finished ones included: to be watched, paused, resumed and cancelled."""
        return self._downloads.all()

    def remove_model(self, model: str) -> int:
        """Delete what was downloaded of `model`; the bytes that freed. Raises ModelError `model_in_use`, and as `Downloads.remove` does."""
        if (
            self._current.state.stage in ("downloading", "quantizing", "loading", "ready")
            and self._current.spec.path is not None
            and self._current.spec.id == resolve(model).id
        ):
            raise ModelError("model_in_use", model=self._current.spec.name)
        return self._downloads.remove(model)

    def quantized_copy(self, model: str) -> QuantizedCopy | None:
        """The 4-bit copy of `model` that an earlier load has saved, and what its 16-bit files still take; None where there is none."""
        return quantized_copy(resolve(model), self.home.models)

    def drop_full_weights(self, model: str) -> int:
        """Delete the 16-bit files of `model`, which is loaded from its 4-bit copy from then on; the bytes that freed.

        May be called while the model is in use. Raises ModelError as `models.drop_full_weights` does.
        """
        return drop_full_weights(resolve(model), self.home.models)

    # Turns

    def request(
        self,
        text: str,
        *,
        level: Level | None = None,
        reply_language: ReplyChoice | None = None,
        history: tuple[Message, ...] = (),
        seed: int | None = None,
        unfinished: bool = False,
    ) -> TurnRequest:
        """A turn as the settings want it, but for what is given, and for what was asked for in the `history`. See `TurnRequest` for `unfinished`."""
        settings = self.settings.load()
        asked_level, asked_language = standing(history, settings.level, settings.reply_language)
        return TurnRequest(
            text=text,
            level=level or asked_level,
            level_reason="setting" if level is None and asked_level == settings.level else "choice",
            history=history,
            reply_language=reply_language or asked_language,
            default_language=_default_language(settings),
            guard=settings.guard,
            sampling=_sampling(settings, seed),
            max_reply_tokens=settings.max_reply_tokens,
            unfinished=unfinished,
        )

    def turn(self, request: TurnRequest) -> Turn:
        """A turn that is not stored. Waits for the model; raises InputError or ModelError."""
        self.wait_ready()
        return Turn(request, self._engine, self._current.spec)

    def sampling(self) -> Sampling:
        """How the settings want tokens chosen."""
        return _sampling(self.settings.load())

    def completion(self, request: CompletionRequest) -> Completion:
        """A reply as the model gives it. Waits for the model; raises ModelError."""
        self.wait_ready()
        return Completion(request, self._engine, self._current.spec)

    def send(
        self,
        conversation_id: str,
        text: str,
        *,
        level: Level | None = None,
        reply_language: ReplyChoice | None = None,
        expected_revision: int | None = None,
    ) -> Generator[ChatEvent, None, None]:
        """Store `text` and answer it; see `Chat.send`."""
        return self._chat(conversation_id, level, reply_language).send(text, expected_revision)

    def edit(self, conversation_id: str, message_id: str, text: str) -> Generator[ChatEvent, None, None]:
        """Answer another version of a person's message; see `Chat.edit`."""
        return self._chat(conversation_id).edit(message_id, text)

    def regenerate(self, conversation_id: str, reply_id: str) -> Generator[ChatEvent, None, None]:
        """Answer a person's message once more; see `Chat.regenerate`."""
        return self._chat(conversation_id).regenerate(reply_id)

    def prepare(self, conversation_id: str | None, draft: str = "", *, level: Level | None = None, reply_language: ReplyChoice | None = None) -> bool:
        """Have the model read what the next turn begins with: the system prompt, what was said, and `draft` as far as it is typed; see `send` for the
        others. Whether it begins now: never while anybody is answered, never for a model on a server; and again with the model that is loaded next.
        Returns at once but for counting tokens, raises nothing."""
        return self._ahead.look(Sight(conversation_id, draft, level, reply_language))

    def undo_change(self, conversation_id: str, reply_id: str) -> None:
        """Take back what the message that this reply answers changed about the conversation. Raises StoreError."""
        undo_change(self.store, conversation_id, reply_id)

    def _chat(self, conversation_id: str, level: Level | None = None, reply_language: ReplyChoice | None = None) -> Chat:
        def start(text: str, history: tuple[Message, ...]) -> Turn:
            return self.turn(self._stored_request(conversation_id, text, history, level, reply_language))

        return Chat(self.store, conversation_id, start)

    def _stored_request(
        self,
        conversation_id: str | None,
        text: str,
        history: tuple[Message, ...],
        level: Level | None,
        reply_language: ReplyChoice | None,
        unfinished: bool = False,
    ) -> TurnRequest:
        """A turn of a stored conversation, or of one that is stored with it."""
        conversation, settings = self.store.get(conversation_id) if conversation_id else None, self.settings.load()
        chosen = level or (conversation and conversation.level)
        request = self.request(
            text,
            # A stored conversation keeps what was asked for in its options, where it can be taken back: its history is not asked again.
            level=chosen or settings.level,
            reply_language=reply_language or (conversation and conversation.reply_language) or settings.reply_language,
            history=history,
            unfinished=unfinished,
        )
        return replace(request, level_reason="choice" if chosen else "setting")

    def _next_request(self, sight: Sight) -> TurnRequest:
        """The turn that `sight` would become if its draft were sent as it is."""
        history = history_of(self.store, sight.conversation_id) if sight.conversation_id else ()
        return self._stored_request(sight.conversation_id, sight.draft, history, sight.level, sight.reply_language, unfinished=True)


def _sampling(settings: Settings, seed: int | None = None) -> Sampling:
    return Sampling(
        temperature=settings.temperature,
        top_p=settings.top_p,
        repetition_penalty=settings.repetition_penalty,
        seed=settings.seed if seed is None else seed,
    )


def _default_language(settings: Settings) -> ReplyLanguage:
    """Where nothing else decides: the language of the interface."""
    return system_language() if settings.interface_language == "auto" else settings.interface_language
