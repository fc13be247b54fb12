"""A sentence that the rewriter leaves alone, whatever it has learnt meanwhile."""

from __future__ import annotations

import pytest

from solar_chat.guard import Guard

# Moods and dialects without an honest form in 합쇼체.
_HARD = ("어서 가려무나. ", "어서 오시구려. ", "뭐 하는겨? ", "그랬구먼유. ", "자네가 하게. ", "그러든지. ", "아이고, 그랬당께. ")


@pytest.fixture(scope="session")
def unmendable() -> str:
    """A sentence that slips out of 합쇼체 and is not safe to re-inflect."""
    for text in _HARD:
        guard = Guard("formal", "keep")
        guard.feed(text + "끝")
        if guard.sentences[0].slipped:
            return text
    raise AssertionError("the rewriter mends all of them: find a harder one")
