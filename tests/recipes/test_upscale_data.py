"""What may be trained on, what is refused with a clear line, and that a prompt is the app's own to the token."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models

from recipes.upscale.chat import IGNORED, ChatTokens
from recipes.upscale.data import DataError, Preference, conversations, preferences, texts
from solar_chat.engine.tokenizer import TextTokenizer
from solar_chat.messages import Message
from solar_chat.prompts import TEMPLATES, ChatTemplate
from tests.engine.conftest import byte_level_tokenizer, train_tokenizer

TALK = (
    Message("system", "한국어로 답하십시오."),
    Message("user", "안녕?"),
    Message("assistant", "안녕하세요, 오늘은 날씨가 좋네요."),
    Message("user", "무엇을 확인하나요?"),
    Message("assistant", "설정을 확인하십시오."),
)
GOOD = {"messages": [{"role": turn.role, "content": turn.content} for turn in TALK]}


def _file(folder: Path, *rows: object, name: str = "data.jsonl") -> Path:
    path = folder / name
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return path


def test_texts_from_lines_jsonl_and_parquet(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"text": ["셋", "넷"], "other": [1, 2]}), tmp_path / "c.parquet")
    files = [_file(tmp_path, "하나", "", "  둘 ", name="a.txt"), _file(tmp_path, {"text": "두 줄\n글"}), tmp_path / "c.parquet"]
    assert list(texts(files)) == ["하나", "둘", "두 줄\n글", "셋", "넷"]


def test_conversations_and_preferences(tmp_path: Path) -> None:
    assert list(conversations([_file(tmp_path, GOOD)])) == [TALK]
    rows = (
        {"prompt": "안녕?", "chosen": "안녕하세요.", "rejected": "응"},
        {"prompt": GOOD["messages"][:2], "chosen": [{"role": "assistant", "content": "네."}], "rejected": "응"},
    )
    assert list(preferences([_file(tmp_path, *rows)])) == [
        Preference((Message("user", "안녕?"),), "안녕하세요.", "응"),
        Preference(TALK[:2], "네.", "응"),
    ]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("{", "row 2: not JSON"),
        ([1], "row 2: a row must be an object"),
        ({}, 'row 2: the field "messages" must be a list'),
        ({"messages": []}, 'row 2: the field "messages" must be a list'),
        ({"messages": [{"role": "tool", "content": "x"}]}, "not 'tool'"),
        ({"messages": [{"role": "user", "content": " "}]}, 'the field "content" must be a text'),
        ({"messages": [{"role": "user", "content": "x"}]}, "must end with a message of the assistant"),
        ({"messages": [{"role": "system", "content": "x"}]}, "must end with a message of the assistant"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "expected a message of the user"),
        ({"messages": [{"role": "user", "content": "x"}, {"role": "system", "content": "x"}]}, "found one of the system"),
    ],
)
def test_a_bad_conversation_is_named(tmp_path: Path, row: object, why: str) -> None:
    with pytest.raises(DataError, match=r"data\.jsonl, row 2") as caught:
        list(conversations([_file(tmp_path, GOOD, row)]))
    assert why in str(caught.value)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"chosen": "a", "rejected": "b"}, '"prompt" must be a list'),
        ({"prompt": "x", "chosen": "a"}, '"rejected" must be a list'),
        ({"prompt": "x", "chosen": "a", "rejected": "a"}, "the same"),
        ({"prompt": "x", "chosen": [{"role": "user", "content": "a"}], "rejected": "b"}, "one message of the assistant"),
        ({"prompt": GOOD["messages"], "chosen": "a", "rejected": "b"}, "must end with a message of the user"),
    ],
)
def test_a_bad_pair_is_named(tmp_path: Path, row: object, why: str) -> None:
    with pytest.raises(DataError, match=r"data\.jsonl, row 1") as caught:
        list(preferences([_file(tmp_path, row)]))
    assert why in str(caught.value)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "cp949.txt").write_bytes("안녕".encode("cp949"))
    (tmp_path / "half.parquet").write_bytes(b"PAR1 and then nothing")
    for path, why in (
        (tmp_path / "cp949.txt", "cp949.txt cannot be read"),
        (tmp_path / "half.parquet", "no whole Parquet file"),
        (tmp_path / "gone.jsonl", "gone.jsonl cannot be read"),
        (_file(tmp_path, name="empty.txt"), "empty.txt has no rows"),
        (_file(tmp_path, "x", name="a.csv"), "none of .txt, .jsonl and .parquet"),
        (_file(tmp_path, "[" * 100_000, name="deep.jsonl"), "deep.jsonl, row 1"),
    ):
        with pytest.raises(DataError, match=why):
            list(texts([path]))


@pytest.fixture(scope="module", params=["starter", "solar", "eeve", "kullm", "chatml"])
def chat(request: pytest.FixtureRequest) -> ChatTokens:
    template = TEMPLATES[request.param]
    if template.name == "chatml":
        tokenizer = byte_level_tokenizer()
        return ChatTokens(TextTokenizer(tokenizer, bos_id=None), template, _id(tokenizer, "<|im_end|>"))
    tokenizer = train_tokenizer()
    end = "<|end|>" if template.name == "starter" else "</s>"
    return ChatTokens(TextTokenizer(tokenizer, bos_id=_id(tokenizer, "<s>")), template, _id(tokenizer, end))


def _id(tokenizer: Tokenizer, token: str) -> int:
    number = tokenizer.token_to_id(token)
    assert number is not None
    return number


def _read(chat: ChatTokens, ids: Sequence[int]) -> str:
    return str(chat.tokenizer.tokenizer.decode(list(ids), skip_special_tokens=False))


def test_a_prompt_is_what_the_engine_builds_and_only_replies_count(chat: ChatTokens) -> None:
    tokens = chat.conversation(TALK)
    assert tokens is not None
    for place in (2, 4):
        prompt = chat.tokenizer.encode_prompt(chat.template.render(TALK[:place]))
        assert tokens.ids[: len(prompt)] == prompt
        # The reply begins right behind the prompt, and is all that counts.
        assert tokens.labels[len(prompt) - 1] == IGNORED
        assert tokens.labels[len(prompt)] == tokens.ids[len(prompt)]
    counted = _read(chat, [label for label in tokens.labels if label != IGNORED])
    for mark in (*chat.template.stop, *TALK[0].content.split(), TALK[3].content):
        if mark not in ("</s>", "<|end|>", "<|im_end|>"):
            assert mark not in counted
    for reply in (TALK[2].content, TALK[4].content):
        assert reply in counted
    # The last thing that is learned is to end.
    assert tokens.ids[-1] in chat.ends
    assert tokens.labels[-1] == tokens.ids[-1]


def test_both_replies_stand_behind_the_same_prompt(chat: ChatTokens) -> None:
    pair = chat.preference(Preference(TALK[:2], "설정을 확인하십시오.", "Hello there"))
    assert pair is not None
    prompt, chosen, rejected = pair
    assert prompt == chat.tokenizer.encode_prompt(chat.template.render(TALK[:2]))
    assert chosen[-1] == rejected[-1] == chat.end_id
    assert "설정을 확인하십시오." in _read(chat, chosen)
    assert "Hello there" in _read(chat, rejected)


def test_a_reply_that_would_swallow_the_prompts_last_token_is_left_out() -> None:
    # "ab" is one token here, so a reply that begins with b changes the prompt that ends with a.
    tokenizer = Tokenizer(models.BPE({"a": 0, "b": 1, "ab": 2, "e": 3}, [("a", "b")]))
    template = ChatTemplate("t", {"user": "", "assistant": ""}, {"user": "", "assistant": "e"}, "", ())
    chat = ChatTokens(TextTokenizer(tokenizer, bos_id=None), template, 3)
    assert chat.conversation([Message("user", "a"), Message("assistant", "b")]) is None
    assert chat.preference(Preference((Message("user", "a"),), "a", "b")) is None
    kept = chat.conversation([Message("user", "a"), Message("assistant", "a")])
    assert kept is not None
    assert (kept.ids, kept.labels) == ([0, 0, 3], [IGNORED, 0, 3])
