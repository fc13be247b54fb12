"""What training reads: the records on disk, what is held out of them, and the rows they become."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from recipes.starter.data import DATA, HELDOUT, HeldOut, Mix, Record, load_records, pack, perturb, read_chatbot, read_own, save_records, turn_ids
from recipes.starter.tokenizer import train_tokenizer
from solar_chat.messages import Message
from solar_chat.prompts import TEMPLATES, system_prompt

REPLIES_ONLY = Mix(own_share=1.0, english_share=0.5, with_system=1.0, replies_only=True, perturbed=False)


def _record(number: int, question: str, answer: str, **changes: object) -> Record:
    fields: dict[str, object] = {"topic": "talk", "source": "own", "language": "ko", "level": "formal"}
    return Record(id=f"r{number}", turns=(Message("user", question), Message("assistant", answer)), **(fields | changes))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def own() -> list[Record]:
    return read_own()


def test_own_records_are_well_formed_and_distinct(own: list[Record]) -> None:
    assert len(own) > 1000
    assert max(Counter(record.id for record in own).values()) == 1
    for record in own:
        for turn in record.turns:
            if turn.role == "assistant":
                assert turn.content[-1] in ".?!", record.id


def test_a_malformed_line_is_named(tmp_path: Path) -> None:
    line = {"id": "x", "topic": "t", "language": "ko", "level": "formal", "turns": [["user", "안녕"], ["user", "안녕"]]}
    (tmp_path / "bad.jsonl").write_text(json.dumps(line), encoding="utf-8")
    with pytest.raises(ValueError, match=r"bad\.jsonl:1"):
        read_own(tmp_path)
    line |= {"turns": [["user", "hi"], ["assistant", "Hello!"]], "language": "en"}
    (tmp_path / "bad.jsonl").write_text(json.dumps(line), encoding="utf-8")
    with pytest.raises(ValueError, match="English ones none"):
        read_own(tmp_path)


def test_two_hundred_prompts_are_held_out_and_none_is_trained_on(own: list[Record]) -> None:
    prompts = [json.loads(line) for line in HELDOUT.read_text(encoding="utf-8").splitlines()]
    assert Counter(prompt["source"] for prompt in prompts) == {"chatbot": 100, "own": 100}
    assert {prompt["level"] for prompt in prompts if prompt["language"] == "ko"} == {"formal", "polite", "casual", "plain"}

    def letters(text: str) -> str:
        return "".join(char for char in text.lower() if char.isalnum())

    # The held-out chatbot-data questions stand for their records; their answers are never read here.
    chatbot = [
        Record(prompt["id"], "t", "chatbot", "ko", "polite", (Message("user", prompt["prompt"]), Message("assistant", "네.")))
        for prompt in prompts
        if prompt["source"] == "chatbot"
    ]
    held_out = HeldOut.read(HELDOUT, own, chatbot)
    kept = held_out.keep_out([*own, *chatbot])
    held = {letters(prompt["prompt"]) for prompt in prompts}
    assert len(own) - len(kept) >= 100
    assert not held & {letters(turn.content) for record in kept for turn in record.turns if turn.role == "user"}


def test_near_duplicates_go_too() -> None:
    held_out = HeldOut((), (_record(0, "말투는 어디서 바꾸나요?", "위에서 바꿉니다."),))
    near, far = _record(1, "그 말투는 어디서 바꾸나요", "."), _record(2, "모델은 어떻게 불러오나요?", ".")
    follow_up = Record("r3", "t", "own", "ko", "formal", (*far.turns, Message("user", "말투는 어디서 바꾸나요"), Message("assistant", ".")))
    assert held_out.keep_out([near, far, follow_up]) == [far]


def test_the_choice_depends_on_letters_only_and_spares_greetings() -> None:
    records = [_record(number, f"{number}번째 질문을 합니다", "네.") for number in range(300)] + [_record(999, "안녕?", "안녕하세요.")]
    chosen = {record.question for record in HeldOut.choose(records, []).own}
    spoken = [_record(number, record.question.replace(" ", "") + "!!", "네.") for number, record in enumerate(records)]
    again = {record.question for record in HeldOut.choose(spoken, []).own}
    assert len(chosen) == 100
    assert "안녕?" not in chosen
    assert again == {question.replace(" ", "") + "!!" for question in chosen}


def test_chatbot_csv(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text('Q,A,label\n안녕,반가워요,0\n헤어졌어,"힘들죠, 정말.",1\n좋아해,멋져요!,2 \n', encoding="utf-8")
    records = read_chatbot(path)
    assert [record.turns[1].content for record in records] == ["반가워요.", "힘들죠, 정말.", "멋져요!"]
    assert records[0].weight > records[2].weight > records[1].weight


def test_records_survive_the_cache(tmp_path: Path, own: list[Record]) -> None:
    save_records(own[:50], tmp_path / "cache.jsonl")
    assert load_records(tmp_path / "cache.jsonl") == own[:50]


def test_perturbed_text_keeps_its_letters_but_for_what_stands_between_two_spaces() -> None:
    rng = random.Random(0)
    seen = {perturb("Solar Chat 말투는 어디서 바꿔?", rng) for _ in range(300)}
    assert len(seen) > 20
    words = ["solar", "chat", "말투는", "어디서", "바꿔"]
    # Two words that lost the space between them leave as one.
    allowed = {"".join(words[:start] + words[stop:]) for start in range(5) for stop in (start, start + 1, start + 2)}
    for text in seen:
        kept = "".join(char for char in text.lower() if char.isalnum())
        assert kept.rstrip("ㅋㅎㅠ") in allowed


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    texts = [turn.content for record in read_own()[:300] for turn in record.turns] + [system_prompt("en", "formal")]
    return train_tokenizer(texts, 1200)


def _rows_records() -> list[Record]:
    levels = ("formal", "polite", "casual", "plain") * 3
    korean = [_record(number, f"질문 {number}", f"답변 {number}입니다.", level=level) for number, level in enumerate(levels)]
    return korean + [_record(100 + number, f"question {number}", f"Answer {number}.", language="en", level=None) for number in range(5)]


def test_rows_are_what_the_template_would_render(tokenizer: Tokenizer) -> None:
    def encode(text: str) -> list[int]:
        return list(tokenizer.encode(text, add_special_tokens=False).ids)

    turns = [Message("system", system_prompt("ko", "plain")), Message("user", "안녕? 😀 123"), Message("assistant", "반갑다.")]
    template = TEMPLATES["starter"]
    assert [token for turn in turns for token in turn_ids(turn, encode)] + encode(template.cue) == encode(template.render(turns))


def test_loss_counts_replies_and_their_ends_only(tokenizer: Tokenizer) -> None:
    def encode(text: str) -> list[int]:
        return list(tokenizer.encode(text, add_special_tokens=False).ids)

    rows = pack(_rows_records(), REPLIES_ONLY, encode, rows=6, row_tokens=500, seed=1)
    assert rows.tokens.shape == (6, 501) == rows.scored.shape
    for tokens, scored in zip(rows.tokens, rows.scored, strict=True):
        pieces = tokenizer.decode(tokens[scored].tolist(), skip_special_tokens=False).split("<|end|>")
        assert pieces[-1] == ""
        assert len(pieces) > 2
        assert all(piece.strip().startswith(("답변 ", "Answer ")) and piece.endswith(".") for piece in pieces[:-1])
        text = tokenizer.decode(tokens.tolist(), skip_special_tokens=False)
        # A conversation never mixes languages: what follows an English system prompt is English.
        for conversation in text.split("<|system|>")[1:]:
            assert ("You are" in conversation) == ("Answer" in conversation.split("<|assistant|>", 1)[1])


def test_what_users_say_can_be_tokenized_in_other_ways(tokenizer: Tokenizer) -> None:
    def encode(text: str) -> list[int]:
        return list(tokenizer.encode(text, add_special_tokens=False).ids)

    plain = pack(_rows_records(), REPLIES_ONLY, encode, rows=2, row_tokens=500, seed=5)
    loose = pack(_rows_records(), REPLIES_ONLY, encode, rows=2, row_tokens=500, seed=5, vary=lambda text, rng: [7] * rng.randrange(1, 9))
    assert 7 not in plain.tokens
    assert 7 in loose.tokens
    assert 7 not in loose.tokens[loose.scored]


def test_packing_is_a_function_of_its_seed(tokenizer: Tokenizer) -> None:
    def encode(text: str) -> list[int]:
        return list(tokenizer.encode(text, add_special_tokens=False).ids)

    first, second, other = (pack(_rows_records(), REPLIES_ONLY, encode, rows=2, row_tokens=500, seed=seed) for seed in (5, 5, 6))
    assert np.array_equal(first.tokens, second.tokens)
    assert not np.array_equal(first.tokens, other.tokens)


def test_data_folder_is_complete() -> None:
    names = {path.stem for path in DATA.glob("*.jsonl")}
    assert names >= {"app_ko", "talk_ko", "chat_en", "cross", "guide", "heldout"}
