"""One turn: from a person's text and what was said before to a guarded reply, as a stream of events.

Stateless: it reads no store and keeps nothing. Language and level are decided, the prompt is fitted into the model's context, the engine streams,
the guard settles sentence by sentence and says what is to be written once more, and here is how the model is asked for it. `Stop` is closing the
iterator.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field, replace
from functools import partial

from solar_chat.assistant.decide import reply_language, since_switch, speech_level, written_language
from solar_chat.assistant.events import Answer, Decided, Draft, LevelReason, OptionChange, Reading, ReplySentence, TurnEvent
from solar_chat.engine import Engine, Event, Finished, GenerationRequest, Prefilled, Sampling
from solar_chat.errors import InputError
from solar_chat.guard import Attempt, Guard, GuardedReply, GuardedSentence
from solar_chat.language import Expected, Level, names_a_level, wishes
from solar_chat.messages import Message
from solar_chat.models import ModelSpec
from solar_chat.prompts import TEMPLATES, ReplyLanguage, Window, firmly, fit, system_prompt, whole
from solar_chat.settings import GuardMode, ReplyChoice

# A message of this length is a pasted book, not a question: every model in the catalogue reads far less.
LONGEST_MESSAGE = 200_000
# A sentence that is written once more is drawn from at least this temperature and the one above, and warmer the second time.
LEAST_WARMTH = 0.4
WARMER = 0.2
LEAST_TOP_P = 0.95


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
    """What is set; a request in the text beats it, as it beats `reply_language`."""
    level_reason: LevelReason = "choice"
    history: tuple[Message, ...] = ()
    reply_language: ReplyChoice = "follow"
    default_language: ReplyLanguage = "ko"
    guard: GuardMode = "keep"
    sampling: Sampling = field(default_factory=Sampling)
    max_reply_tokens: int = 512
    instructions: str = ""
    """What a program wants of every reply, behind the app's own system prompt."""
    stop: tuple[str, ...] = ()
    """Beside those that end a turn in the model's template."""
    whole_history: bool = False
    """Refuse a history that does not fit, rather than leaving out its oldest turns."""

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
        wish = wishes(request.text)
        self.language, self.language_reason = reply_language(request.text, request.history, request.reply_language, request.default_language, wish)
        level, self._level_reason = speech_level(request.level, request.level_reason, wish)
        self._change = OptionChange(
            level=level if level != request.level else None,
            reply_language=wish.language if wish.language != request.reply_language else None,
        )
        # A text in another level, or examples of it, are what is asked for here: they are marked, and not mended.
        about_levels = wish.level is None and request.guard == "keep" and names_a_level(request.text)
        request = replace(request, level=level, guard="mark" if about_levels else request.guard)
        history = since_switch(request.history, self.language) if spec.copies_language else request.history
        self._unread = len(request.history) - len(history)

        def window(system: str, text: str) -> Window:
            messages = [*history, Message("user", text)]
            if request.instructions:
                # Ours in front is the same in every call, so that it is found in the cache.
                system = f"{system}\n\n{request.instructions}"
            if request.whole_history:
                return whole(system, messages, template=template, count_tokens=backend.count_tokens, context_tokens=backend.context_tokens)
            return fit(
                system,
                messages,
                template=template,
                count_tokens=backend.count_tokens,
                context_tokens=backend.context_tokens,
                reply_tokens=reply_tokens,
            )

        system = system_prompt(self.language, request.level)
        self._window = window(system, request.text)
        self._firmer = partial(window, *firmly(template.name, system, request.text, self.language, request.level))
        self._stop = (*template.stop, *request.stop)
        self._sampling = request.sampling
        self._backend = backend
        self._lease = engine.lease()
        self._level = request.level
        expected = Expected.after(self.language, request.text, (message.content for message in request.history if message.role == "user"))
        self._guard = Guard(request.level if self.language == "ko" else None, request.guard, expected, asks_again=True)
        if request.whole_history:
            reply_tokens = min(request.max_reply_tokens, self._window.free_tokens)
        self._reply = GuardedReply(self._guard, self._generate, reply_tokens, can_continue=backend.can_continue)

    @property
    def decided(self) -> Decided:
        return Decided(
            language=self.language,
            language_reason=self.language_reason,
            level=self._level,
            dropped_messages=self._unread + self._window.dropped_messages,
            free_tokens=self._window.free_tokens,
            level_reason=self._level_reason,
            change=self._change,
        )

    def stream(self) -> Generator[TurnEvent, None, None]:
        """Decided, Reading …, Draft …, Answer; Reading and Draft again where the reply is begun anew. Closing it stops the model within one token."""
        yield self.decided
        with self._lease:
            for event in self._reply.stream():
                if isinstance(event, Prefilled):
                    yield Reading(event.done_tokens, event.prompt_tokens)
                else:
                    yield Draft(event.text, event.settled)
        yield self.answer()

    def stop(self) -> None:
        """End it within one token, from any thread; `stream` goes on to its `Answer`."""
        self._lease.close()

    def answer(self) -> Answer:
        """The reply as far as it got, judged as a whole."""
        self._guard.finish()
        reply = self._guard.text.strip()
        levels = {sentence.level for sentence in self._guard.sentences} - {"none"}
        return Answer(
            reply=reply,
            language=written_language(reply),
            level=levels.pop() if len(levels) == 1 else ("mixed" if levels else "none"),
            asked_level=self._level,
            sentences=tuple(_shown(sentence) for sentence in self._guard.sentences if sentence.text.strip()),
            model=self._backend.name,
            prompt_tokens=self._reply.prompt_tokens or self._window.prompt_tokens,
            reply_tokens=self._reply.reply_tokens,
            seconds=round(self._reply.seconds, 3),
            finish=self._reply.finish,
            restarted=self._reply.restarted,
        )

    def _generate(self, attempt: Attempt) -> Generator[Event, None, None]:
        """What the guard asks for, as a request to the model."""
        if attempt.firmer:
            self._window = self._firm_window()
        # A model writes a space in front of a word; with the space in the prompt it would have to go on from a token it never ends in.
        said = attempt.said.rstrip(" \t")
        tokens = attempt.tokens
        if said:
            # What was re-inflected may be longer than what the model wrote.
            tokens = min(tokens, self._backend.context_tokens - self._window.prompt_tokens - self._backend.count_tokens(said))
        if tokens < 1:
            return _nothing()
        sampling = _otherwise(self._sampling, attempt.rewrite) if attempt.rewrite else self._sampling
        messages = (*self._window.messages, Message("assistant", said)) if said else self._window.messages
        return self._lease.stream(GenerationRequest(self._window.prompt + said, tokens, self._stop, sampling, attempt.avoid, messages=messages))

    def _firm_window(self) -> Window:
        try:
            return self._firmer()
        except InputError:
            # No room for one more sentence: then the same prompt, which at least is answered from another seed.
            return self._window


def _nothing() -> Generator[Event, None, None]:
    """A generation for which there is no room."""
    yield Finished("length", 0, 0, 0.0)


def _otherwise(sampling: Sampling, rewrite: int) -> Sampling:
    """Sampling that tries other words, and is as repeatable as `sampling`: greedy replies stay the same every time."""
    seed = 0 if sampling.seed is None and sampling.temperature == 0 else sampling.seed
    return replace(
        sampling,
        temperature=max(sampling.temperature, LEAST_WARMTH) + WARMER * rewrite,
        top_p=max(sampling.top_p, LEAST_TOP_P),
        seed=None if seed is None else (seed + rewrite) % 2**32,
    )


def _shown(sentence: GuardedSentence) -> ReplySentence:
    return ReplySentence(
        text=sentence.text.strip(),
        level=None if sentence.level == "none" else sentence.level,
        repaired=sentence.repaired,
        original=sentence.original.strip() if sentence.original else None,
        slipped=sentence.slipped,
        how=sentence.how,
        reason=sentence.reason,
    )
