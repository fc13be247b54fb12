"""One turn: from a person's text and what was said before to a guarded reply, as a stream of events.

Stateless: it reads no store and keeps nothing. Language and level are decided, the prompt is fitted into the model's context, the engine streams,
the guard settles sentence by sentence. `Stop` is closing the iterator.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field

from solar_chat.assistant.decide import reply_language, since_switch, written_language
from solar_chat.assistant.events import Answer, Decided, Draft, Reading, ReplySentence, TurnEvent
from solar_chat.engine import Engine, Finished, GenerationRequest, Prefilled, Sampling, TextPiece
from solar_chat.errors import InputError
from solar_chat.guard import Guard, GuardedSentence
from solar_chat.language import Level
from solar_chat.messages import Message
from solar_chat.models import ModelSpec
from solar_chat.prompts import TEMPLATES, ReplyLanguage, fit, system_prompt
from solar_chat.settings import GuardMode, ReplyChoice

# A message of this length is a pasted book, not a question: every model in the catalogue reads far less.
LONGEST_MESSAGE = 200_000


def check_message(text: str) -> None:
    """Raises InputError where `text` cannot be a message."""
    if not text.strip():
        raise InputError("empty_message")
    if len(text) > LONGEST_MESSAGE:
        raise InputError("message_too_long", characters=len(text), limit=LONGEST_MESSAGE)


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """What is asked, and how the answer shall be. Raises InputError as `check_message` does."""

    text: str
    level: Level
    history: tuple[Message, ...] = ()
    reply_language: ReplyChoice = "follow"
    default_language: ReplyLanguage = "ko"
    guard: GuardMode = "keep"
    sampling: Sampling = field(default_factory=Sampling)
    max_reply_tokens: int = 512

    def __post_init__(self) -> None:
        check_message(self.text)


class Turn:
    """One reply in the making. `stream` it; `answer` is what there is, also after a Stop in the middle."""

    def __init__(self, request: TurnRequest, engine: Engine, spec: ModelSpec) -> None:
        """Raises InputError where the message does not fit into the model's context, ModelError where no model is loaded."""
        backend = engine.require_backend()
        template = TEMPLATES[spec.template]
        # The reply may take at most half of a small context, so that there is something left to answer.
        reply_tokens = min(request.max_reply_tokens, backend.context_tokens // 2)
        self.language, self.language_reason = reply_language(request.text, request.history, request.reply_language, request.default_language)
        history = since_switch(request.history, self.language) if spec.copies_language else request.history
        self._unread = len(request.history) - len(history)
        self._window = fit(
            system_prompt(self.language, request.level),
            [*history, Message("user", request.text)],
            template=template,
            count_tokens=backend.count_tokens,
            context_tokens=backend.context_tokens,
            reply_tokens=reply_tokens,
        )
        self._generation = GenerationRequest(self._window.prompt, reply_tokens, template.stop, request.sampling, messages=self._window.messages)
        self._engine = engine
        self._model = backend.name
        self._level = request.level
        self._guard = Guard(request.level if self.language == "ko" else None, request.guard)
        self._finished: Finished | None = None

    @property
    def decided(self) -> Decided:
        return Decided(self.language, self.language_reason, self._level, self._unread + self._window.dropped_messages, self._window.free_tokens)

    def stream(self) -> Generator[TurnEvent, None, None]:
        """Decided, Reading …, Draft …, Answer. Closing it stops the model within one token."""
        yield self.decided
        with closing(self._engine.stream(self._generation)) as events:
            for event in events:
                match event:
                    case Prefilled():
                        yield Reading(event.done_tokens, event.prompt_tokens)
                    case TextPiece():
                        self._guard.feed(event.text)
                        self._finished = Finished("cancelled", self._window.prompt_tokens, event.reply_tokens, 0.0)
                        yield Draft(self._guard.text, len(self._guard.settled))
                    case Finished():
                        self._finished = event
        yield self.answer()

    def answer(self) -> Answer:
        """The reply as far as it got, judged as a whole."""
        self._guard.close()
        finished = self._finished or Finished("cancelled", self._window.prompt_tokens, 0, 0.0)
        reply = self._guard.text.strip()
        levels = {sentence.level for sentence in self._guard.sentences} - {"none"}
        return Answer(
            reply=reply,
            language=written_language(reply),
            level=levels.pop() if len(levels) == 1 else ("mixed" if levels else "none"),
            asked_level=self._level,
            sentences=tuple(_shown(sentence) for sentence in self._guard.sentences if sentence.text.strip()),
            model=self._model,
            prompt_tokens=finished.prompt_tokens,
            reply_tokens=finished.reply_tokens,
            seconds=round(finished.seconds, 3),
            finish=finished.reason,
        )


def _shown(sentence: GuardedSentence) -> ReplySentence:
    return ReplySentence(
        text=sentence.text.strip(),
        level=None if sentence.level == "none" else sentence.level,
        repaired=sentence.repaired,
        original=sentence.original.strip() if sentence.original else None,
        slipped=sentence.slipped,
    )
