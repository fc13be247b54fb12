"""Keeps a streaming reply in the language and speech level that were asked for; stands between the engine and every door.

`judge` looks at one sentence, `guard` settles a reply sentence by sentence, `loop` has the model write again what cannot be mended. Nothing here
knows prompts, templates or the history.
"""

from solar_chat.guard.guard import Guard
from solar_chat.guard.judge import GuardedSentence, Mending, SlipReason
from solar_chat.guard.loop import Attempt, GuardedReply, Shown

__all__ = ["Attempt", "Guard", "GuardedReply", "GuardedSentence", "Mending", "Shown", "SlipReason"]
