"""Stored turns: what a person sends, edits or asks for again, and what becomes of it in the history.

The store is written before the model is asked, while it answers (at most twice a second) and when it stops, so that a killed process loses at most
the last half second. A turn that was stopped before a word was said keeps its question, with an empty reply that says so; one that fails there leaves
no trace: the caller still has the person's text. It decides nothing about language or prompts (`turn`) and holds no conversation in memory.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, wait
from dataclasses import replace

from solar_chat.assistant.events import Answer, ChatEvent, Draft, Saved, Waiting
from solar_chat.assistant.options import Changed, change_options, restore_options
from solar_chat.assistant.plan import check_message
from solar_chat.assistant.turn import Turn
from solar_chat.conversation import MessageStatus, Store, StoredMessage
from solar_chat.errors import InputError, ModelError, SolarChatError, StoreError
from solar_chat.messages import Message

SAVE_EVERY_S = 0.5
# How soon a Stop is noticed while a model loads.
LOOK_UP_EVERY_S = 0.2
# More messages than any model in the catalogue can read; a longer conversation is not read from the disk for every turn.
MOST_HISTORY = 256
TITLE_CHARACTERS = 40

StartTurn = Callable[[str, tuple[Message, ...]], Turn]
"""Makes the turn for a text and what was said before it."""


def history_of(store: Store, conversation_id: str, question_id: str | None = None) -> tuple[Message, ...]:
    """What was said before the question `question_id`; None for one that is not asked yet. Raises StoreError."""
    stored = store.tail(conversation_id, MOST_HISTORY if question_id else MOST_HISTORY - 1, leaf_id=question_id)
    return tuple(Message(message.role, message.content) for message in stored if message.id != question_id and message.content)


class Halt:
    """A Stop that a turn hears at once, also while its model says nothing: a first long piece of a prompt, a server that is slow."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turn: Turn | None = None
        self.called = False

    def __call__(self) -> None:
        """Any thread may call it, also again, and before there is a turn."""
        with self._lock:
            self.called = True
            turn = self._turn
        if turn is not None:
            turn.stop()

    def hold(self, turn: Turn) -> None:
        """`turn` is what a call ends from now on."""
        with self._lock:
            self._turn = turn
            called = self.called
        if called:
            turn.stop()


class Chat:
    """The stored turns of one conversation."""

    def __init__(
        self, store: Store, conversation_id: str, start_turn: StartTurn, ready: Callable[[], Future[None]], halt: Halt | None = None
    ) -> None:
        """`ready` is done once a model can be asked."""
        self._store = store
        self._id = conversation_id
        self._start_turn = start_turn
        self._ready = ready
        self._halt = halt or Halt()

    def send(self, text: str, expected_revision: int | None = None) -> Generator[ChatEvent, None, None]:
        """Append a message and answer it. Raises StaleWrite where the conversation has moved on since `expected_revision`."""
        check_message(text)
        conversation = self._store.get(self._id)
        yield from self._ask(text, conversation.leaf, expected_revision, title="" if conversation.title else _title(text))

    def edit(self, message_id: str, text: str) -> Generator[ChatEvent, None, None]:
        """Put another version of a person's message beside the old one and answer it."""
        check_message(text)
        old = self._store.message(message_id)
        if old.conversation_id != self._id or old.role != "user":
            raise InputError("not_a_question")
        yield from self._ask(text, old.parent_id, None)

    def regenerate(self, reply_id: str) -> Generator[ChatEvent, None, None]:
        """Put another version of a reply beside the old one."""
        reply = self._store.message(reply_id)
        if reply.conversation_id != self._id or reply.role != "assistant" or reply.parent_id is None:
            raise InputError("not_a_reply")
        yield from self._answer(self._store.message(reply.parent_id))

    def _ask(self, text: str, parent_id: str | None, expected_revision: int | None, title: str = "") -> Generator[ChatEvent, None, None]:
        active = self._store.get(self._id).leaf
        question = self._store.append(self._id, "user", text, parent_id, expected_revision=expected_revision)
        if title:
            self._store.rename(self._id, title)
        try:
            yield from self._answer(question)
        except SolarChatError:
            # Does nothing where something was said: then both stay, and the reply is marked as failed.
            if self._store.discard(question.id):
                if active is not None:
                    self._store.select(active)
                if title:
                    self._untitle(title)
            raise

    def _untitle(self, title: str) -> None:
        """The next message gives the title, unless a person has written one since."""
        # They may as well have deleted the conversation; what is to be told is why the turn failed.
        with contextlib.suppress(StoreError):
            if self._store.get(self._id).title == title:
                self._store.rename(self._id, "")

    def _answer(self, question: StoredMessage) -> Generator[ChatEvent, None, None]:
        reply = _Reply(self._store, question)
        try:
            yield Saved(question)
            yield from self._until_ready()
            if self._halt.called:
                reply.stop()
                return
            turn = self._start_turn(question.content, history_of(self._store, self._id, question.id))
            reply.begin(turn)
            self._halt.hold(turn)
            for event in turn.stream():
                if isinstance(event, Draft):
                    reply.take(event)
                elif isinstance(event, Answer):
                    if self._halt.called:
                        reply.stop()
                        return
                    if not event.reply:
                        raise ModelError("empty_reply", model=event.model)
                    yield event
                    yield Saved(reply.finish(event))
                    return
                yield event
        except GeneratorExit:
            reply.stop()
            raise
        except Exception:
            # Whatever it was: the history must not keep a reply that looks finished or still running.
            reply.fail()
            raise

    def _until_ready(self) -> Generator[ChatEvent, None, None]:
        """Or until a Stop. Raises the SolarChatError that kept the model from loading."""
        ready = self._ready()
        while not (self._halt.called or wait([ready], LOOK_UP_EVERY_S).done):
            yield Waiting()
        if not self._halt.called:
            ready.result()


class _Reply:
    """The reply as it stands in the store: empty and partial from the start, then complete, stopped or failed."""

    def __init__(self, store: Store, question: StoredMessage) -> None:
        self._store = store
        self._id = question.conversation_id
        self._before = store.get(self._id).leaf
        self._stored = store.append(self._id, "assistant", "", question.id, status="partial")
        self._saved_at = 0.0
        self._drafted = False
        self._turn: Turn | None = None
        self._changed: Changed = {}

    def begin(self, turn: Turn) -> None:
        """The turn is decided: what its message asks for counts for the conversation from now on."""
        self._turn = turn
        self._changed = change_options(self._store, self._id, turn.decided.change)
        if self._changed:
            self._store.update(self._stored.id, "", "partial", self._change_meta())

    def take(self, draft: Draft) -> None:
        """Keep what has been said so far, not more often than every `SAVE_EVERY_S`."""
        self._drafted = True
        now = time.monotonic()
        if now - self._saved_at >= SAVE_EVERY_S:
            self._saved_at = now
            self._store.update(self._stored.id, draft.text, "partial")

    def finish(self, answer: Answer, status: MessageStatus = "complete") -> StoredMessage:
        meta = answer.as_dict() | self._change_meta()
        if self._turn is not None:
            decided = self._turn.decided
            meta |= {
                "language_reason": decided.language_reason,
                "level_reason": decided.level_reason,
                "dropped_messages": decided.dropped_messages,
            }
        self._store.update(self._stored.id, answer.reply, status, meta)
        return self._store.message(self._stored.id)

    def stop(self) -> None:
        """A person pressed Stop, or the page went away: what was said stays. Where nothing was, the Stop stays, unless there is another version."""
        if self._end("stopped"):
            return
        if self._stored.versions == 1:
            self._store.update(self._stored.id, "", "stopped")
        else:
            self._discard()

    def fail(self) -> None:
        """The model broke off: what was said stays, and says that it is not whole. Where nothing was, nothing has changed."""
        if not self._end("failed"):
            self._discard()

    def _end(self, status: MessageStatus) -> bool:
        """Keep what was said, if anything was. The draft does not say so: it is empty while the first sentence is written again."""
        answer = self._turn.answer() if self._turn is not None and self._drafted else None
        if answer is None or not answer.reply:
            return False
        self.finish(replace(answer, finish="cancelled"), status)
        return True

    def _discard(self) -> None:
        """Leave the conversation as it was before this reply."""
        self._store.discard(self._stored.id)
        if self._before is not None:
            self._store.select(self._before)
        restore_options(self._store, self._id, self._changed)

    def _change_meta(self) -> dict[str, object]:
        return {"changed_options": self._changed} if self._changed else {}


def _title(text: str) -> str:
    """The first line of the first message, as much of it as a list shows."""
    line = " ".join(text.split("\n", 1)[0].split())
    return line if len(line) <= TITLE_CHARACTERS else line[: TITLE_CHARACTERS - 1].rstrip() + "…"
