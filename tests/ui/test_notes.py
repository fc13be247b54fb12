"""What stands under a reply."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from solar_chat.conversation import Conversation, StoredMessage
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
    assert '<span class="chip good">합쇼체 2/2 문장</span><button class="chip step inflected good">1문장을 고쳤습니다</button>' in korean
    assert "고치기 전: </span><del>나요 &lt;b&gt;.</del> → <ins>나.</ins> <small>문장 끝을 고쳤습니다.</small>" in korean
    assert "Formal 2/2 sentences" in english
    assert "1 repaired" in english
    assert "1.2 s" in english


def test_a_slip_names_the_level_it_has_become(catalogue: Catalogue) -> None:
    slipped = [*SENTENCES[:1], {"text": "다요.", "level": "polite", "repaired": False, "original": None, "slipped": True}]
    found = text(reply(language="ko", level="mixed", asked_level="formal", sentences=slipped), catalogue)
    assert '<span class="chip warn">섞인 말투 1/2 문장</span><button class="chip step slipped warn">1문장은 말투가 다릅니다</button>' in found
    assert '<li class="mark slipped nth-0"><ins>다요.</ins> <small>이 문장은 해요체로 남았습니다.</small></li>' in found


def sentence(text: str, **what: object) -> dict[str, object]:
    return {"text": text, "level": "casual", "repaired": False, "original": None, "slipped": False, "how": None, "reason": None, **what}


def test_every_kind_of_mark_has_its_own_chip_and_its_row(catalogue: Catalogue) -> None:
    sentences = [
        sentence("응.", repaired=True, original="네.", how="inflected"),
        sentence("응."),
        sentence("- **가**자.", repaired=True, original="- **갑**시다.", how="regenerated"),
        sentence("응.", repaired=True, original="예.", how="inflected"),
        sentence("가세요.", level="polite", slipped=True, reason="level"),
        sentence("Wait.", level=None, slipped=True, reason="language"),
        sentence("待.", level=None, slipped=True, reason="script"),
    ]
    found = text(reply(language="ko", level="mixed", asked_level="casual", sentences=sentences, restarted=True), catalogue)
    chips = ["답변을 처음부터 다시 썼습니다", "2문장을 고쳤습니다", "1문장을 다시 썼습니다", "1문장은 말투가 다릅니다", "2문장은 언어가 다릅니다"]
    places = [found.index(f">{chip}<") for chip in chips]
    assert places == sorted(places)
    assert "섞인 말투 4/5 문장" in found
    assert [found.count(f'<li class="mark {kind}') for kind in ("inflected", "regenerated", "slipped", "strayed")] == [2, 1, 1, 2]
    # Of equal sentences the row says which one is meant; signs of Markdown are not shown.
    assert '<li class="mark inflected nth-2">' in found
    assert "<del>갑시다.</del> → <ins>가자.</ins> <small>모델이 이 문장을 다시 썼습니다.</small>" in found


def test_replies_of_older_versions_know_no_how(catalogue: Catalogue) -> None:
    old = [{"text": "가.", "level": "formal", "repaired": True, "original": "가요."}, {"text": "나요.", "level": "polite", "slipped": True}]
    found = text(reply(language="ko", level="mixed", asked_level="formal", sentences=old), catalogue)
    assert "1문장을 고쳤습니다" in found
    assert "1문장은 말투가 다릅니다" in found


def conversation(level: Any = None, reply_language: Any = None) -> Conversation:
    return Conversation("conversation", "owner", "", level, reply_language, 0.0, 0.0, None, 0, "id")


CHANGE = {"level": ["formal", "casual"], "reply_language": [None, "ko"]}


def test_a_change_says_what_it_is_now_and_offers_the_way_back(catalogue: Catalogue) -> None:
    message = reply(changed_options=CHANGE)
    shown = entries([message], partial(catalogue.tr, "ko"), conversation("casual", "ko"))[0]["content"][1]["text"]
    assert "이 대화를 반말로 바꿨습니다. 이 대화에서는 이제 한국어로 답합니다." in shown
    assert '<button class="undo-change">되돌리기</button>' in shown
    english = entries([message], partial(catalogue.tr, "en"), conversation("casual", "ko"))[0]["content"][1]["text"]
    assert "This conversation is now in casual Korean. This conversation is now answered in Korean." in english


@pytest.mark.parametrize(
    ("meta", "now"),
    [
        ({"changed_options": CHANGE, "change_undone": True}, conversation("formal")),
        ({"changed_options": CHANGE}, conversation("plain", "ko")),
        ({"changed_options": CHANGE}, None),
    ],
)
def test_there_is_no_way_back_from_what_stands_no_more(catalogue: Catalogue, meta: dict[str, object], now: Conversation | None) -> None:
    shown = entries([reply(**meta)], partial(catalogue.tr, "ko"), now)[0]["content"][1]["text"]
    assert "이 대화를 반말로 바꿨습니다." in shown
    assert "button" not in shown
    assert ("그 뒤에 되돌렸습니다." in shown) == ("change_undone" in meta)


def test_only_the_newest_change_can_be_undone(catalogue: Catalogue) -> None:
    older, newer = reply(changed_options={"level": ["formal", "casual"]}), reply(changed_options={"level": ["polite", "casual"]})
    shown = [entry["content"][1]["text"] for entry in entries([older, newer], partial(catalogue.tr, "ko"), conversation("casual"))]
    assert ["undo-change" in note for note in shown] == [False, True]


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


@pytest.mark.parametrize(("lang", "said"), [("ko", "답변이 나오기 전에 중지했습니다"), ("en", "stopped before an answer came")])
def test_a_reply_that_never_came_is_a_note_alone(catalogue: Catalogue, lang: InterfaceLanguage, said: str) -> None:
    (shown,) = entries([replace(reply("stopped"), content="")], partial(catalogue.tr, lang))
    (block,) = shown["content"]
    assert (shown["role"], block["text"]) == ("assistant", f'<div class="reply-note unanswered"><span class="chip warn">{said}</span></div>')


def test_a_reply_that_is_still_to_come_is_waited_for(catalogue: Catalogue) -> None:
    (shown,) = entries([replace(reply("partial"), content="")], partial(catalogue.tr, "ko"))
    assert "답변을 준비하고 있습니다…" in shown["content"][0]["text"]


def test_nothing_known_is_nothing_shown_and_broken_metadata_does_no_harm(catalogue: Catalogue) -> None:
    assert text(reply(), catalogue) == ""
    assert text(reply(sentences="x", seconds="y", dropped_messages="z", level=7, restarted="w", changed_options="v"), catalogue) == ""


def test_entries_keep_the_order_of_messages(catalogue: Catalogue) -> None:
    question = StoredMessage("q", "conversation", None, "user", "질문", "complete", {}, 0.0, 1, 1)
    shown = entries([question, reply("stopped")], partial(catalogue.tr, "ko"))
    assert [(entry["role"], len(entry["content"])) for entry in shown] == [("user", 1), ("assistant", 2)]
