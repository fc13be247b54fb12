"""The system prompts are written in the level they ask for, by the same reading that judges replies."""

from __future__ import annotations

import pytest

from solar_chat.language import LEVELS, Level, identify, sentences
from solar_chat.prompts import TEMPLATES, firmer, system_prompt
from solar_chat.prompts.system import MAKERS


@pytest.mark.parametrize("level", LEVELS)
def test_every_sentence_is_in_the_level_it_asks_for(level: Level) -> None:
    for text in (system_prompt("ko", level), firmer("ko", level)):
        assert {sentence.level for sentence in sentences(text)} == {level}
        assert identify(text).matrix == "ko"


@pytest.mark.parametrize("level", LEVELS)
def test_english_knows_no_level(level: Level) -> None:
    assert system_prompt("en", level) == system_prompt("en", "formal")
    assert identify(system_prompt("en", level)).language == "en"
    assert identify(firmer("en", level)).language == "en"


def test_each_level_has_words_of_its_own() -> None:
    assert len({system_prompt("ko", level) for level in LEVELS}) == 4
    assert len({firmer("ko", level) for level in LEVELS}) == 4


def test_what_its_makers_trained_a_family_with_stands_in_front() -> None:
    ours, theirs = system_prompt("ko", "polite"), system_prompt("ko", "polite", "kullm")
    assert theirs == f"{MAKERS['kullm']}\n{ours}"
    assert all(system_prompt("en", "formal", template) == system_prompt("en", "formal") for template in set(TEMPLATES) - set(MAKERS))
