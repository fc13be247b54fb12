"""One turn: from a person's text and what was said before to a guarded reply, as a stream of events.

Stateless: it reads no store and keeps nothing. `plan` decides language, level and prompt, the engine streams, the guard settles sentence by sentence
and says what is to be written once more, and here is how the model is asked for it. `Stop` is closing the iterator.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from functools import partial

from solar_chat.assistant.decide import written_language
from solar_chat.assistant.events import Answer, Decided, Draft, Reading, ReplySentence, TurnEvent
from solar_chat.assistant.plan import TurnRequest, plan_turn
from solar_chat.engine import Engine, Event, Finished, GenerationRequest, Prefilled, Sampling
from solar_chat.errors import InputError
from solar_chat.guard import Attempt, Guard, GuardedReply, GuardedSentence
from solar_chat.language import Expected, names_a_level
from solar_chat.messages import Message
from solar_chat.models import ModelSpec
from solar_chat.prompts import Window, firmly

# A sentence that is written once more is drawn from at least this temperature and the one above, and warmer the second time.
LEAST_WARMTH = 0.4
WARMER = 0.2
LEAST_TOP_P = 0.95


class Turn:
    """One reply in the making. `stream` it; `answer` is what there is, also after a Stop in the middle."""

    def __init__(self, request: TurnRequest, engine: Engine, spec: ModelSpec) -> None:
        """Raises InputError where the message does not fit into the model's context, ModelError where no model is loaded."""
        backend = engine.require_backend()
        plan = plan_turn(request, backend, spec)
        # A text in another level, or examples of it, are what is asked for here: they are marked, and not mended.
        about_levels = plan.wish.level is None and request.guard == "keep" and names_a_level(request.text)
        self.language, self.language_reason = plan.language, plan.language_reason
        self._plan = plan
        self._window = plan.window
        self._firmer = partial(plan.fit, *firmly(plan.template.name, plan.system, request.text, plan.language, plan.level))
        self._stop = (*plan.template.stop, *request.stop)
        self._sampling = request.sampling
        self._backend = backend
        self._lease = engine.lease()
        expected = Expected.after(plan.language, request.text, (message.content for message in request.history if message.role == "user"))
        level = plan.level if plan.language == "ko" else None
        self._guard = Guard(level, "mark" if about_levels else request.guard, expected, asks_again=True)
        self._reply = GuardedReply(self._guard, self._generate, plan.reply_tokens, can_continue=backend.can_continue)

    @property
    def decided(self) -> Decided:
        return Decided(
            language=self.language,
            language_reason=self.language_reason,
            level=self._plan.level,
            dropped_messages=self._plan.unread + self._window.dropped_messages,
            free_tokens=self._window.free_tokens,
            level_reason=self._plan.level_reason,
            change=self._plan.change,
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
            asked_level=self._plan.level,
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
