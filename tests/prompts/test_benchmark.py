"""The arithmetic of `benchmarks.prompts`, and that it asks what it says it asks."""

from __future__ import annotations

import pytest

from benchmarks.prompts.asking import EXAMPLES, Asked, Bench, in_level
from benchmarks.prompts.report import TABLES, difference, page, share, whole
from recipes.starter.evaluate import Judged, Prompt, read_prompts
from solar_chat.engine import ScriptedBackend
from solar_chat.language import LEVELS, Level, sentences
from solar_chat.messages import Message
from solar_chat.settings import Settings


def asked(condition: str, number: int, seed: int, exact: bool, level: Level = "formal") -> Asked:
    prompt = Prompt(str(number), "own", "?", "ko", level)
    judged = Judged(prompt, "네.", 3, True, exact, exact, True, False, False)
    return Asked(condition, level, seed, 1, judged, 1, int(exact), int(not exact), 0, False, 40, 10, 0.02)


def test_a_share_is_one_over_questions() -> None:
    sure = [asked("zero", number, seed, True) for number in range(64) for seed in range(3)]
    percent, around = share(sure, whole)
    assert percent == 100
    # Wilson with 64 questions, not 192 replies.
    assert around == pytest.approx(2.83, abs=0.01)
    half = [asked("zero", number, 0, number % 2 == 0) for number in range(64)]
    assert share(half, whole) == pytest.approx((50, 11.90), abs=0.01)


def test_a_difference_is_paired_by_question_level_and_seed() -> None:
    before = [asked("raw", number, 0, False, level) for number in range(4) for level in LEVELS]
    after = [asked("moved", number, 0, level == "plain", level) for number in range(4) for level in LEVELS]
    assert difference(after, before, whole) == (25, 0)
    assert difference(before, before, whole) == (0, 0)


def test_the_examples_are_in_their_level_and_not_among_the_questions() -> None:
    prompts = {prompt.prompt for prompt in read_prompts()}
    for level, pairs in EXAMPLES.items():
        assert len(pairs) == 2
        for question, answer in pairs:
            assert question not in prompts
            passing = {level, "plain"} if level == "casual" else {level}
            assert {sentence.level for sentence in sentences(answer)} <= passing


def test_an_answer_is_asked_for_as_the_app_does_and_counted() -> None:
    backend = ScriptedBackend(context_tokens=2000)
    backend.enqueue("설정에서 바꿔요. 아주 쉽습니다.")
    bench = Bench(backend)
    earlier = in_level([Message("user", "안녕?"), Message("assistant", "안녕하세요. 반갑습니다.")], "formal")
    bench.ask("moved", Prompt("1", "own", "어디서 바꿔?", "ko", None), "formal", 7, earlier, 1)
    [one] = bench.asked
    assert (one.sentences, one.in_level, one.off_level, one.repairable, one.copied) == (2, 1, 1, 1, False)
    assert not one.judged.exact_level
    assert "<|user|>어디서 바꿔?<|end|><|assistant|>" in backend.requests[0].prompt
    assert backend.requests[0].sampling.seed == 7


def test_the_page_has_every_table() -> None:
    conditions = [condition for table in TABLES for condition in table.conditions] + ["zero cold", "one cold", "two cold"]
    replies = [asked(condition, number, 0, True) for condition in conditions for number in range(2)]
    replies += [
        Asked(condition, "formal", 0, turns, replies[0].judged, 1, 1, 0, 0, False, 40, 10, 0.02)
        for condition in ("raw", "moved", "none")
        for turns in (2, 3, 8)
    ]
    text = page(replies, Settings(), "the model in the box")
    assert text.count("\n## ") == 4
    assert "| formal | zero | 2 | 100.0 | 100.0 ±" in text
