"""What the first message would wait for is done before it."""

from __future__ import annotations

from solar_chat.language import warm
from solar_chat.language.requests import english, korean


def test_every_pattern_that_is_compiled_late_is_compiled() -> None:
    late = [korean._verbs, korean._forbidden, korean._manner_verbs, english._patterns, english._bare]
    for patterns in late:
        patterns.cache_clear()
    warm()
    assert [patterns.cache_info().currsize for patterns in late] == [1] * len(late)
