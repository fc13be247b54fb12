"""What stands under a reply."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from solar_chat.conversation import StoredMessage
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.ui.notes import entries, note


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue.load()


def reply(status: Any = "complete", **meta: object) -> StoredMessage:
    return StoredMessage("id", "conversation", "parent", "assistant", "text", status, meta, 0.0, 1, 1)


def text(message: StoredMessage, catalogue: Catalogue, lang: InterfaceLanguage = "ko") -> str:
    return note(message, partial(catalogue.tr, lang))


SENTENCES = [
    {"text": "가.", "level": "formal", "repaired": False, "original": None, "slipped": False},
    {"text": "나.", "level": "formal", "repaired": True, "original": "나요 <b>.", "slipped": False},
    {"text": "- 목록", "level": None, "repaired": False, "original": None, "slipped": False},
]


def test_kept_and_repaired_sentences_are_counted_and_the_original_is_escaped(catalogue: Catalogue) -> None:
    message = reply(language="ko", level="formal", asked_level="formal", sentences=SENTENCES, seconds=1.25)
    korean, english = text(message, catalogue), text(message, catalogue, "en")
    assert '<span class="chip good">합쇼체 2/2 문장</span><span class="chip good">1문장을 고쳤습니다</span>' in korean
    assert "<del>나요 &lt;b&gt;.</del> → 나." in korean
    assert "Formal 2/2 sentences" in english
    assert "1 repaired" in english
    assert "1.2 s" in english


def test_a_slip_names_the_level_it_has_become(catalogue: Catalogue) -> None:
    slipped = [*SENTENCES[:1], {"text": "다요.", "level": "polite", "repaired": False, "original": None, "slipped": True}]
    found = text(reply(language="ko", level="mixed", asked_level="formal", sentences=slipped), catalogue)
    assert '<span class="chip warn">섞인 말투 1/2 문장</span><span class="chip warn">1문장은 말투가 다릅니다</span>' in found


def test_accepted_borrowings_count_as_the_asked_level(catalogue: Catalogue) -> None:
    borrowed = [{"text": "하세요.", "level": "polite", "repaired": False, "slipped": False}]
    assert "합쇼체 1/1 문장" in text(reply(language="ko", level="mixed", asked_level="formal", sentences=borrowed), catalogue)


@pytest.mark.parametrize(
    ("status", "meta", "expected"),
    [
        ("stopped", {}, "중지했습니다"),
        ("failed", {}, "오류로 끊겼습니다"),
        ("complete", {"finish": "length"}, "길이 제한에서 끝났습니다"),
        ("complete", {"dropped_messages": 4}, "앞의 메시지 4개는 읽지 못했습니다"),
        ("complete", {"language": "en"}, "영어"),
    ],
)
def test_what_happened_is_said(catalogue: Catalogue, status: str, meta: dict[str, object], expected: str) -> None:
    assert expected in text(reply(status, **meta), catalogue)


def test_nothing_known_is_nothing_shown_and_broken_metadata_does_no_harm(catalogue: Catalogue) -> None:
    assert text(reply(), catalogue) == ""
    assert text(reply(sentences="x", seconds="y", dropped_messages="z", level=7), catalogue) == ""


def test_entries_keep_the_order_of_messages(catalogue: Catalogue) -> None:
    question = StoredMessage("q", "conversation", None, "user", "질문", "complete", {}, 0.0, 1, 1)
    shown = entries([question, reply("stopped")], partial(catalogue.tr, "ko"))
    assert [(entry["role"], len(entry["content"])) for entry in shown] == [("user", 1), ("assistant", 2)]
