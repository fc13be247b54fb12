"""Thoughts in front of an answer never reach a reader, however they are cut into pieces, and answers are left alone."""

from __future__ import annotations

import itertools
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solar_chat.engine import Engine, Event, Finished, GenerationRequest, Prefilled, ScriptedBackend, TextPiece
from solar_chat.engine.thinking import ThinkingScanner
from solar_chat.errors import ModelError
from solar_chat.messages import Message
from tests.engine.openai_server import chunk, says, usage
from tests.engine.remote_run import ASKED, Start

CASES = {
    "<think>\n생각 중 <b>\n</think>\n\n안녕하세요.": "안녕하세요.",
    "<think>\n\n</think>\n\n답": "답",
    "\n <think>하나</think> <think>둘</think>답": "답",
    "<thinking>hm </think> hm</thinking>Yes.": "Yes.",
    "[THINK]음[/THINK]답": "답",
    "<|think|>음<|end|><|begin|>assistant<|content|>답": "답",
    "<think>끝이 없다": "",
    "<think>거의 </think": "",
    "<think>": "",
    "": "",
    "\n\n": "\n\n",
    "  앞에 빈칸": "  앞에 빈칸",
    "<thin": "<thin",
    "<": "<",
    "<b>굵게</b>": "<b>굵게</b>",
    "HTML에는 <think> 태그가 없습니다. </think>도요.": "HTML에는 <think> 태그가 없습니다. </think>도요.",
    "<think>a</think>답 <think>b</think>": "답 <think>b</think>",
    "`<think>`는 표시입니다.": "`<think>`는 표시입니다.",
}


def scanned(pieces: list[str]) -> str:
    scanner = ThinkingScanner()
    return "".join(scanner.push(piece) for piece in pieces) + scanner.flush()


@pytest.mark.parametrize(("text", "shown"), list(CASES.items()))
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_every_cut(text: str, shown: str, size: int) -> None:
    assert scanned([text[at : at + size] for at in range(0, len(text), size)]) == shown


@given(st.sampled_from(list(CASES)), st.data())
def test_any_cut(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    edges = [0, *cuts, len(text)]
    assert scanned([text[start:end] for start, end in itertools.pairwise(edges)]) == CASES[text]


@given(st.text(alphabet="<think>/ 가\n|[]TH", max_size=40))
def test_text_that_does_not_begin_with_a_mark_is_untouched(text: str) -> None:
    if not text.lstrip().startswith(("<think>", "<thinking>", "[THINK]", "<|think|>")):
        assert scanned(list(text)) == text


def test_nothing_waits_longer_than_it_must() -> None:
    scanner = ThinkingScanner()
    assert [scanner.push(piece) for piece in ("<", "t", "able>", "<think>")] == ["", "", "<table>", "<think>"]


def run(pieces: list[str], *, limit: int = 100, messages: tuple[Message, ...] = ()) -> list[Event]:
    engine = Engine()
    try:
        engine.load(lambda: ScriptedBackend(pieces, name="생각하는 모델"))
        return list(engine.stream(GenerationRequest("p", limit, messages=messages)))
    finally:
        engine.close()


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextPiece))


def test_the_engine_drops_thoughts_and_shows_signs_of_life() -> None:
    events = run(["<th", "ink>", "음", "…", "</think>", "\n\n", "안녕", "하세요."])
    assert [event.text for event in events if isinstance(event, TextPiece)] == ["안녕", "하세요."]
    first = next(place for place, event in enumerate(events) if isinstance(event, TextPiece))
    # Two of its own, and one for each token of an open block.
    assert events[:first] == [Prefilled(0, 1, 0), *[Prefilled(1, 1, 0)] * 4]
    last = events[-1]
    assert isinstance(last, Finished)
    assert (last.reason, last.reply_tokens) == ("stop", 8)


def test_a_limit_met_while_thinking_is_said() -> None:
    with pytest.raises(ModelError, match="only_reasoning") as caught:
        run(["<think>", "음", "…", "음"], limit=3)
    assert caught.value.params == {"model": "생각하는 모델"}
    # One that ends by itself has said nothing, which the doors know how to tell.
    assert text_of(run(["<think>", "음"])) == ""


def test_an_answer_that_goes_on_is_not_looked_through() -> None:
    pieces = ["<think>", "는", " 태그입니다."]
    assert text_of(run(pieces, messages=(Message("user", "?"), Message("assistant", "`")))) == "<think>는 태그입니다."
    assert text_of(run(pieces, messages=(Message("user", "?"),))) == ""


def test_stop_while_thinking() -> None:
    engine = Engine()
    engine.load(lambda: ScriptedBackend(["<think>", *["음"] * 50]))
    stream = engine.stream(GenerationRequest("p", 100))
    seen = [next(stream) for _ in range(5)]
    stream.close()
    assert {type(event) for event in seen} == {Prefilled}
    engine.close()


def test_both_ways_of_a_server(start: Start) -> None:
    tags = says("<think>", "생각", "</think>\n\n", "안녕", chunk("", "stop"), usage(11, 4))
    field = says(chunk(None, reasoning="생"), chunk(None, reasoning="각"), "안녕", chunk("", "stop"), usage(11, 4))
    for script in (tags, field):
        backend, _ = start(script)
        engine = Engine()
        engine.load(lambda backend=backend: backend)  # type: ignore[misc]  # mypy infers no type for a default
        events = list(engine.stream(ASKED))
        engine.close()
        assert text_of(events) == "안녕"
        assert sum(isinstance(event, Prefilled) for event in events) >= 4
        last = events[-1]
        assert isinstance(last, Finished)
        assert (last.reason, last.reply_tokens) == ("stop", 4)


def replies(*scripts: list[str], limits: tuple[int, ...] = ()) -> list[str]:
    """Of one model, one after the other."""
    engine = Engine()
    engine.load(lambda: ScriptedBackend(*scripts, name="생각하는 모델"))
    try:
        asked = [*limits, *[100] * len(scripts)][: len(scripts)]
        return [text_of(list(engine.stream(GenerationRequest("p", limit)))) for limit in asked]
    finally:
        engine.close()


def test_a_block_that_somebody_else_opened_is_remembered() -> None:
    thought = ["음, ", "글쎄.", "\n</thi", "nk>\n", "\n안녕", "하세요."]
    # By the time its end comes, the first has been shown.
    assert replies(thought, thought, thought) == ["".join(thought), "안녕하세요.", "안녕하세요."]


def test_an_answer_without_a_thought_is_not_lost_and_ends_the_habit() -> None:
    thought, plain = ["음.", "\n</think>\n", "답."], ["곧바로 ", "말하는 답입니다."]
    assert replies(thought, plain, plain) == ["".join(thought), "".join(plain), "".join(plain)]


def test_a_mark_inside_a_sentence_teaches_nothing() -> None:
    about = ["`</think>`는 생각의 끝입니다. ", "다음 줄\n", "</think> 뒤에 글이 있습니다."]
    assert replies(about, ["답."]) == ["".join(about), "답."]


def test_a_limit_met_in_a_block_that_somebody_else_opened_is_said() -> None:
    thought = ["음.", "\n</think>\n", "답."]
    with pytest.raises(ModelError, match="only_reasoning"):
        replies(thought, ["음. ", "또 ", "음."], limits=(100, 2))


def test_the_habit_of_one_model_is_not_the_next_ones() -> None:
    thought, plain = ["음.", "\n</think>\n", "답."], ["곧바로 ", "말하는 ", "답입니다."]
    engine = Engine()
    engine.load(lambda: ScriptedBackend(thought))
    list(engine.stream(GenerationRequest("p", 100, together=True)))
    asked = threading.Event()

    def load() -> ScriptedBackend:
        asked.wait(10)
        return ScriptedBackend(plain)

    engine.load_soon(load)
    # Asked while the old model is there, answered by the new one.
    stream = engine.stream(GenerationRequest("p", 2, together=True))
    asked.set()
    try:
        assert text_of(list(stream)) == "곧바로 말하는 "
    finally:
        engine.close()


def test_the_next_turn_equals_a_fresh_start() -> None:
    """What was thought is in no prompt, so that nothing of it is reused."""
    scripted = ScriptedBackend(["<think>", "음", "</think>", "답"], ["둘"])
    engine = Engine()
    engine.load(lambda: scripted)
    list(engine.stream(GenerationRequest("하나 둘", 100)))
    events = list(engine.stream(GenerationRequest("하나 둘 답 셋", 100)))
    assert events[0] == Prefilled(2, 4, 2)
    engine.close()
