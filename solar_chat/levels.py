"""The speech levels that a person may ask for, apart from the language room: who only names one need not wait for that to be imported."""

from __future__ import annotations

from typing import Literal, get_args

Level = Literal["formal", "polite", "casual", "plain"]
"""합쇼체, 해요체, 해체, 해라체."""

LEVELS: tuple[Level, ...] = get_args(Level)
