"""Replies made together are what they would be alone, and nobody waits for them who wants the model for themselves."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from solar_chat.engine import Engine, Event, Finished, GenerationRequest, Prefilled, Sampling, TextPiece, load_model
from solar_chat.engine.batch import MOST_SEATS, Batch, Guest, seats_for
from solar_chat.engine.local import LocalBackend
from solar_chat.errors import ModelError
from solar_chat.hardware import detect
from solar_chat.messages import Message
from solar_chat.models import STARTER
from solar_chat.prompts import TEMPLATES

QUESTIONS = [
    "안녕하세요?", "오늘 뭐 해?", "설정은 어디에 저장돼?", "Where are my chats stored?", "반말로 말해 줘.", "고마워!", "너는 누구야?",
    "한 문장으로 자기소개를 해 주세요.", "What can you do?", "파일을 어떻게 지웁니까?", "점심 메뉴 추천해 줘", "지금 몇 시예요?",
    "모델을 바꾸려면 어떻게 합니까?", "How do I share this page?", "잘 자.", "English로 대답해 줘.", "비밀번호를 잊었어요.", "1 더하기 1은?",
    "서울은 어떤 도시입니까?", "책을 추천해 주세요.",
]  # fmt: skip


@pytest.fixture(scope="module")
def box() -> Iterator[LocalBackend]:
    """The model in the box, with its seats."""
    with pytest.MonkeyPatch.context() as patch:
        # Fewer than there are questions.
        patch.setattr("solar_chat.engine.batch.MOST_SEATS", 8)
        backend = load_model(STARTER, detect())
    assert isinstance(backend, LocalBackend)
    yield backend
    backend.close()


def asked(question: str, **more: object) -> GenerationRequest:
    template = TEMPLATES[STARTER.template]
    messages = (Message("user", question),)
    fields = {"max_reply_tokens": 24, "stop": template.stop, "sampling": Sampling(temperature=0), **more}
    return GenerationRequest(template.render(messages), messages=messages, together=True, **fields)  # type: ignore[arg-type]  # a test's own fields


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextPiece))


def alone(backend: LocalBackend, request: GenerationRequest) -> list[Event]:
    return list(backend.stream(request, threading.Event()))


def seated(batch: Batch, request: GenerationRequest) -> tuple[Guest, list[object]]:
    told: list[object] = []
    guest = Guest(request, threading.Event(), told.append)
    batch.sit(guest)
    return guest, told


def run(batch: Batch, requests: list[GenerationRequest]) -> list[list[object]]:
    """What each is told, as many at a time as there are seats, the next one as soon as one has left."""
    waiting, inside = list(requests), list[Guest]()
    told: list[list[object]] = []
    while waiting or inside:
        while waiting and len(inside) < batch.seats:
            guest, heard = seated(batch, waiting.pop(0))
            inside.append(guest)
            told.append(heard)
        batch.step()
        inside = [guest for guest in inside if not guest.over]
    return told


@pytest.fixture
def batch(box: LocalBackend) -> Batch:
    batch = box.batch()
    assert batch is not None
    return batch


@pytest.mark.parametrize("penalty", [1.0, 1.1])
def test_greedy_replies_are_those_of_the_model_alone(box: LocalBackend, batch: Batch, penalty: float) -> None:
    requests = [asked(question, sampling=Sampling(temperature=0, repetition_penalty=penalty)) for question in QUESTIONS]
    assert len(requests) > batch.seats
    for request, told in zip(requests, run(batch, requests), strict=True):
        expected = alone(box, request)
        assert told[-1] is None
        events = [event for event in told if isinstance(event, Prefilled | TextPiece | Finished)]
        assert text_of(events) == text_of(expected)
        last, wanted = events[-1], expected[-1]
        assert isinstance(last, Finished)
        assert isinstance(wanted, Finished)
        assert (last.reason, last.prompt_tokens, last.reply_tokens) == (wanted.reason, wanted.prompt_tokens, wanted.reply_tokens)


def test_a_seed_draws_the_same_in_company(box: LocalBackend, batch: Batch) -> None:
    requests = [asked(question, sampling=Sampling(temperature=0.7, top_p=0.9, seed=number)) for number, question in enumerate(QUESTIONS[:8])]
    together = [text_of([event for event in told if isinstance(event, TextPiece)]) for told in run(batch, requests)]
    assert together == [text_of(alone(box, request)) for request in requests]


def test_scores_stop_strings_and_limits_are_each_ones_own(box: LocalBackend, batch: Batch) -> None:
    whole = text_of(alone(box, asked(QUESTIONS[0])))
    requests = [
        asked(QUESTIONS[0], logprobs=2),
        asked(QUESTIONS[0], stop=(whole[2:4],)),
        asked(QUESTIONS[0], max_reply_tokens=1),
        asked(QUESTIONS[0], max_reply_tokens=0),
        asked(QUESTIONS[1]),
    ]
    scored, stopped, short, nothing, other = ([event for event in told if event is not None] for told in run(batch, requests))
    mine, theirs = (
        [token for event in events if isinstance(event, TextPiece) for token in event.scored] for events in (scored, alone(box, requests[0]))
    )
    assert [token.chosen.spelling for token in mine] == [token.chosen.spelling for token in theirs]
    assert [token.chosen.logprob for token in mine] == pytest.approx([token.chosen.logprob for token in theirs], abs=1e-3)
    assert text_of(stopped) == whole[:2]  # type: ignore[arg-type]  # events alone are left
    assert [events[-1].reason for events in (stopped, short, nothing)] == ["stop", "length", "length"]  # type: ignore[attr-defined]
    assert [events[-1].reply_tokens for events in (short, nothing)] == [1, 0]  # type: ignore[attr-defined]
    assert text_of(other) == text_of(alone(box, requests[4]))  # type: ignore[arg-type]


def test_what_is_known_already_is_not_read_again(batch: Batch) -> None:
    first = run(batch, [asked("이것은 다른 어디에도 없는 아주 긴 질문의 앞부분이며 끝이 다릅니다. 하나입니까?")])[0]
    # Two at once: one in the seat that knows it, one with its rows copied.
    again = [
        asked("이것은 다른 어디에도 없는 아주 긴 질문의 앞부분이며 끝이 다릅니다. 둘입니까?"),
        asked("이것은 다른 어디에도 없는 아주 긴 질문의 앞부분이며 끝이 다릅니다. 셋?"),
    ]
    heard = run(batch, again)
    read = [told[0] for told in (first, *heard)]
    assert all(isinstance(event, Prefilled) for event in read)
    assert [event.reused_tokens > 16 for event in read] == [False, True, True]  # type: ignore[attr-defined]


def test_a_guest_who_leaves_makes_room_and_disturbs_nobody(box: LocalBackend, batch: Batch) -> None:
    staying, told = seated(batch, asked(QUESTIONS[2]))
    leaving, heard = seated(batch, asked(QUESTIONS[3]))
    for _ in range(4):
        batch.step()
    leaving.stop.set()
    while not staying.over:
        batch.step()
    assert leaving.over
    assert heard[-1] is None
    assert isinstance(heard[-2], Finished)
    assert heard[-2].reason == "cancelled"
    assert text_of([event for event in told if isinstance(event, TextPiece)]) == text_of(alone(box, asked(QUESTIONS[2])))


def test_what_is_wrong_is_told_to_its_guest_alone(batch: Batch) -> None:
    long, empty, unknown, fine = run(
        batch,
        [asked("말 " * 2000), GenerationRequest("", together=True), GenerationRequest("", prompt_ids=(10**9,), together=True), asked(QUESTIONS[0])],
    )
    errors = [told[-1] for told in (long, empty, unknown)]
    assert [error.key for error in errors if isinstance(error, ModelError)] == ["prompt_too_long", "prompt_empty", "prompt_unknown_token"]
    assert fine[-1] is None


def test_a_model_that_breaks_is_told_to_all_and_can_be_used_again(box: LocalBackend, batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    both = [seated(batch, asked(question)) for question in QUESTIONS[:2]]
    batch.step()
    with monkeypatch.context() as patch:
        patch.setattr("solar_chat.engine.token_step.TokenStep.through_layers", lambda *_: 1 / 0)
        batch.step()
    for guest, told in both:
        assert guest.over
        assert isinstance(told[-1], ModelError)
        assert told[-1].key == "generation_failed"
    assert text_of([event for event in run(batch, [asked(QUESTIONS[0])])[0] if isinstance(event, TextPiece)]) == text_of(
        alone(box, asked(QUESTIONS[0]))
    )


def test_a_seed_that_is_none_is_told_to_its_guest_alone(box: LocalBackend, batch: Batch) -> None:
    wrong, fine = run(batch, [asked(QUESTIONS[0], sampling=Sampling(seed=2**80)), asked(QUESTIONS[1])])
    assert isinstance(wrong[-1], ModelError)
    assert text_of([event for event in fine if isinstance(event, TextPiece)]) == text_of(alone(box, asked(QUESTIONS[1])))


def test_rows_that_cannot_be_copied_are_told_to_their_guest(box: LocalBackend, batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    question = "여기서만 쓰는, 다른 어디에도 없는 아주 긴 질문의 앞부분이며 끝이 다릅니다. 하나입니까?"
    first, _ = seated(batch, asked(question))
    batch.step()
    with monkeypatch.context() as patch:
        patch.setattr("solar_chat.engine.batch._SeatCache.copy_rows", lambda *_: 1 / 0)
        guest, told = seated(batch, asked(question))
        assert guest.over
        assert isinstance(told[-1], ModelError)
    while not first.over:
        batch.step()
    assert text_of([event for event in run(batch, [asked(question)])[0] if isinstance(event, TextPiece)]) == text_of(alone(box, asked(question)))


def test_what_was_no_number_spoils_nobody_who_sits_there_next(box: LocalBackend) -> None:
    two = Batch(
        box._model, box._encoded_apart, box._tokenizer, name="two", context_tokens=box.context_tokens, end_ids=box._end_ids, seats=2, chunk_tokens=64
    )
    prompt = asked("뷁 " + "말을 합니다. " * 20)
    unusual = next(token for token in box._encoded_apart(prompt) if token not in box._encoded_apart(asked("말을 합니다. ")))
    weight = box._model.get_input_embeddings().weight
    with torch.inference_mode():
        was = weight[unusual].clone()
        weight[unusual] = float("nan")
        try:
            (broken,) = run(two, [prompt])
        finally:
            weight[unusual] = was
    assert isinstance(broken[-1], ModelError)
    # The first sits where that was, and a step looks at as many rows as the second one has.
    requests = [asked("고마워!"), asked("안녕하세요. " * 12)]
    for request, told in zip(requests, run(two, requests), strict=True):
        assert told[-1] is None
        assert text_of([event for event in told if isinstance(event, TextPiece)]) == text_of(alone(box, request))


def test_seats_are_as_many_as_there_is_memory(box: LocalBackend) -> None:
    model = box._model
    seat = 2 * 12 * 2 * 64 * 768 * 4
    assert seats_for(model, 768, 10**12) == MOST_SEATS
    assert seats_for(model, 768, seat * 4 * 5) == 5
    assert seats_for(model, 768, seat * 4) == 0


@pytest.fixture
def engine(box: LocalBackend, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    engine = Engine()
    monkeypatch.setattr(box, "close", lambda: None)
    engine.load(lambda: box)
    yield engine
    engine.close()


def test_the_engine_answers_many_at_once(engine: Engine, box: LocalBackend) -> None:
    assert engine.most_together == 8
    with ThreadPoolExecutor(len(QUESTIONS)) as pool:
        found = list(pool.map(lambda question: text_of(list(engine.stream(asked(question)))), QUESTIONS))
    assert engine.queue_length == 0
    assert found == [text_of(alone(box, asked(question))) for question in QUESTIONS]


def test_whoever_wants_the_model_alone_waits_for_no_reply(engine: Engine, batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("solar_chat.engine.worker.TURN_TOGETHER_S", 0.0)
    one_asks, looked = threading.Event(), threading.Event()
    step, steps = batch.step, list[int]()

    def held() -> None:
        # The first step ends once somebody asks who wants the model alone, and the second begins once that is over, however busy the machine is.
        if len(steps) == 1:
            looked.wait(30)
        steps.append(1)
        step()
        one_asks.wait(30)

    monkeypatch.setattr(batch, "step", held)
    many = [engine.stream(asked(question)) for question in QUESTIONS[:8]]
    alone_one = engine.stream(GenerationRequest("<|user|>안녕?<|end|><|assistant|>", 8, sampling=Sampling(temperature=0)))
    one_asks.set()
    assert isinstance(list(alone_one)[-1], Finished)
    # None of the others is done: they gave way.
    assert engine.queue_length >= 8
    looked.set()
    for stream in many:
        stream.close()
    end = time.monotonic() + 10
    while engine.queue_length and time.monotonic() < end:
        time.sleep(0.01)
    assert engine.queue_length == 0


def test_those_who_give_way_are_not_forgotten(engine: Engine) -> None:
    together = engine.stream(asked(QUESTIONS[2]))
    busy = threading.Event()
    answered = []

    def keep_busy() -> None:
        while not busy.is_set():
            answered.append(list(engine.stream(GenerationRequest("<|user|>안녕?<|end|><|assistant|>", 8, sampling=Sampling(temperature=0)))))

    others = [threading.Thread(target=keep_busy) for _ in range(3)]
    for other in others:
        other.start()
    events = list(together)
    busy.set()
    for other in others:
        other.join()
    assert isinstance(events[-1], Finished)
    assert events[-1].reason != "cancelled"
    assert answered


def test_a_model_is_changed_when_those_before_it_have_their_replies(engine: Engine, box: LocalBackend) -> None:
    before = [engine.stream(asked(question)) for question in QUESTIONS]
    done = engine.load_soon(lambda: box)
    after = engine.stream(asked(QUESTIONS[0]))
    assert [isinstance(list(stream)[-1], Finished) for stream in before] == [True] * len(before)
    done.result(30)
    assert isinstance(list(after)[-1], Finished)


def test_closing_the_engine_fails_who_is_answered(box: LocalBackend, batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine()
    monkeypatch.setattr(box, "close", lambda: None)
    engine.load(lambda: box)
    step = batch.step

    def held() -> None:
        # The reply cannot be over before the engine is closed, however busy the machine is.
        for work in engine._together:
            work.stop.wait(30)
        step()

    monkeypatch.setattr(batch, "step", held)
    stream = engine.stream(asked(QUESTIONS[0]))
    next(stream)
    engine.close()
    with pytest.raises(ModelError, match="engine_closed"):
        for _ in stream:
            pass
