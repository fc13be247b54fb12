"""How the door is opened; decided where the program is put together."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ApiOptions:
    """Where it listens and who may ask."""

    host: str = "127.0.0.1"
    """The address it is bound to."""
    shared: bool = False
    """Whether a public tunnel leads here."""
    key: str | None = field(default=None, repr=False)
    """What every request must bring; None lets all of this computer's programs ask."""
    fall_back: bool = False
    """Whether the model in the box answers where the wanted one cannot be loaded."""
