"""What the next turn will begin with, read before it is sent: the first answer of a slow machine waits for nothing but the last words.

Remembered is only what is in sight, and only in memory, so that a model that has just been loaded begins with it. The rule: nothing here is in
anybody's way, and no text that was not sent leaves this process; the engine sees to both. What goes wrong is logged, never shown.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from solar_chat.assistant.plan import TurnRequest, plan_turn
from solar_chat.engine import Engine, GenerationRequest
from solar_chat.errors import SolarChatError
from solar_chat.language import Level
from solar_chat.models import ModelSpec
from solar_chat.settings import ReplyChoice

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sight:
    """What a person has before them."""

    conversation_id: str | None
    """None: a new conversation."""
    draft: str
    level: Level | None
    """As chosen beside the box; None for the conversation's, else the app's."""
    reply_language: ReplyChoice | None


class ReadingAhead:
    """Of one engine. Safe to call from any thread; where several people type, the last one counts."""

    def __init__(self, engine: Engine, spec: Callable[[], ModelSpec], request: Callable[[Sight], TurnRequest]) -> None:
        """`spec` is the loaded model; `request` is the turn that a sight would become, and may raise SolarChatError."""
        self._engine = engine
        self._spec = spec
        self._request = request
        self._sight: Sight | None = None

    def look(self, sight: Sight) -> bool:
        """Begin to read what is known of the next turn; whether it was begun."""
        self._sight = sight
        return self.look_again()

    def look_again(self) -> bool:
        """The same for what was in sight last, with another model, say."""
        sight = self._sight
        # First of all: deciding and counting take time that a reply can use.
        if sight is None or not self._engine.reads_ahead:
            return False
        try:
            plan = plan_turn(self._request(sight), self._engine.require_backend(), self._spec())
        except SolarChatError as error:
            # The conversation was deleted, the draft is longer than the context, the model was closed.
            log.info("nothing was read ahead: %s", error.key)
            return False
        except Exception:
            # A bug, but in a convenience: nobody waits for it, and the turn itself will meet and say it.
            log.exception("nothing was read ahead")
            return False
        return self._engine.prefill(GenerationRequest(plan.beginning, 0))
