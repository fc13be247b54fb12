"""A reply on its way: its place in the queue, the thread that runs it, and the client's end in the event loop.

The rule: whoever stops reading stops the model, within a token, and gives the place back; a reader that is only slow holds nobody up, for a reply is
small and waits here. An error crosses over as an item, never as silence.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from concurrent.futures import Executor

from solar_chat.api.pieces import Begun, Reply, ReplyEvent
from solar_chat.api.turnstile import Place

Job = Callable[[], Reply]
"""Makes a reply; runs in a thread, may take seconds and raise any SolarChatError."""

Item = ReplyEvent | BaseException | None


class Running:
    """One reply, from the moment its request was accepted."""

    def __init__(self, place: Place, ready: Callable[[], Awaitable[None]], job: Job, threads: Executor) -> None:
        self._place = place
        self._ready = ready
        self._job = job
        self._threads = threads
        self._loop = asyncio.get_running_loop()
        self._items: asyncio.Queue[Item] = asyncio.Queue()
        self._ahead: list[Item] = []
        self._lock = threading.Lock()
        self._reply: Reply | None = None
        self._stopped = False
        self._in_thread = False
        self._task = asyncio.create_task(self._produce())

    async def begun(self, timeout_s: float | None = None) -> bool:
        """Wait until the model has been asked; False where that takes longer than `timeout_s`. Raises what kept it from being asked."""
        try:
            item = await asyncio.wait_for(self._items.get(), timeout_s)
        except TimeoutError:
            return False
        if isinstance(item, BaseException):
            raise item
        self._ahead.append(item)
        return True

    async def events(self, silence_s: float | None = None) -> AsyncGenerator[ReplyEvent | None, None]:
        """What is left of the reply; None each time nothing came for `silence_s`. Ends early once it was closed; raises what broke it off."""
        while True:
            try:
                item = self._ahead.pop() if self._ahead else await asyncio.wait_for(self._items.get(), silence_s)
            except TimeoutError:
                yield None
                continue
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            if not isinstance(item, Begun):
                yield item

    def close(self) -> None:
        """The client is gone, or has all it wants. Can be called again."""
        with self._lock:
            self._stopped = True
            reply = self._reply
        if reply is not None:
            reply.stop()
        if not self._in_thread:
            # It waits for its place or for the model.
            self._task.cancel()

    async def _produce(self) -> None:
        last: BaseException | None = None
        try:
            async with self._place:
                await self._ready()
                self._in_thread = True
                await self._loop.run_in_executor(self._threads, self._work)
        except asyncio.CancelledError:
            # By `close`, or because the server ends: nobody reads any more.
            self.close() if self._in_thread else None
        except Exception as error:  # carried to the reader, who raises it
            last = error
        finally:
            if last is not None:
                self._items.put_nowait(last)
            self._items.put_nowait(None)

    def _work(self) -> None:
        """Runs in a thread."""
        if self._stopped:
            return
        reply = self._job()
        with self._lock:
            self._reply = reply
            stopped = self._stopped
        if stopped:
            reply.stop()
        with contextlib.closing(reply.pieces()) as pieces:
            for event in pieces:
                # The loop is gone only when the whole server is.
                with contextlib.suppress(RuntimeError):
                    self._loop.call_soon_threadsafe(self._items.put_nowait, event)
