"""Expansion over speech levels: what is written in one level is learned in four, and only where every sentence checks out."""

from __future__ import annotations

from recipes.starter.data import Record, Source
from recipes.starter.levels import expand, in_level
from solar_chat.levels import Level
from solar_chat.messages import Message
from solar_chat.prompts import ReplyLanguage


def _record(answer: str, level: Level | None, source: Source = "own", language: ReplyLanguage = "ko") -> Record:
    return Record("r", "t", source, language, level, (Message("user", "질문"), Message("assistant", answer)))


def _answers(record: Record) -> dict[Level | None, str]:
    return {one.level: one.turns[1].content for one in expand([record])}


def test_a_formal_record_of_our_own_becomes_four() -> None:
    assert _answers(_record("설정에서 바꿉니다. 저는 계산을 하지 못합니다.", "formal")) == {
        "formal": "설정에서 바꿉니다. 저는 계산을 하지 못합니다.",
        "polite": "설정에서 바꿔요. 저는 계산을 하지 못해요.",
        "casual": "설정에서 바꿔. 나는 계산을 하지 못해.",
        "plain": "설정에서 바꾼다. 나는 계산을 하지 못한다.",
    }


def test_chatbot_data_grows_from_its_own_level() -> None:
    assert set(_answers(_record("그럴 수 있어요.", "polite", "chatbot"))) == {"formal", "polite", "casual", "plain"}


def test_other_levels_and_english_stay_as_they_are() -> None:
    assert set(_answers(_record("그럴 수 있어.", "casual"))) == {"casual"}
    assert _answers(_record("Hello!", None, language="en")) == {None: "Hello!"}


def test_a_record_that_slips_is_dropped() -> None:
    assert _answers(_record("그럴 수 있어요. 그렇지?", "casual")) == {}
    assert not in_level("애잔한 기억.", "polite")
