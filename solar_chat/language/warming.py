"""What the first message would otherwise wait for."""

from __future__ import annotations

from solar_chat.language.parsing.analyser import kiwi
from solar_chat.language.requests.wishes import wishes


def warm() -> None:
    """Compile what finds requests and load Kiwi, now. Safe from any thread; quick where it was done."""
    # A language that is named and not asked for is looked at by every pattern there is.
    wishes("in Korean please")
    kiwi()
