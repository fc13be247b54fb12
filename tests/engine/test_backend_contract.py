"""What every backend keeps, over the scripted one, a real tiny model in both formats and a server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from solar_chat.engine import Backend, Event, Finished, GenerationRequest, Prefilled, Sampling, ScriptedBackend, TextPiece, connect
from solar_chat.engine.local import LocalBackend
from solar_chat.errors import ModelError
from tests.engine.openai_server import MODEL, OpenAIServer, talks

GREEDY = Sampling(temperature=0)
PIECES = ["안녕", "하세요,", " 오늘은", " 날씨가", " 좋네요!", " 힣", " 😀", " 👩‍💻", " 👍🏽", " 설정을", " 확인", "하십시오.", " 뷁", " done."]


@pytest.fixture
def remote() -> Iterator[Backend]:
    server = OpenAIServer(talks(PIECES), max_model_len=256)
    backend = connect(server.url, MODEL, name="here")
    yield backend
    backend.close()
    server.shutdown()
    server.server_close()


@pytest.fixture(params=["scripted", "local", "llama.cpp", "remote"])
def any_backend(request: pytest.FixtureRequest) -> Backend:
    if request.param == "remote":
        there: Backend = request.getfixturevalue("remote")
        return there
    if request.param == "llama.cpp":
        opened: Backend = request.getfixturevalue("open_gguf")()
        return opened
    if request.param == "local":
        backend: Backend = request.getfixturevalue("backend")
        return backend
    return ScriptedBackend(default=PIECES, context_tokens=256)


def run(backend: Backend, request: GenerationRequest, stop: threading.Event | None = None) -> list[Event]:
    return list(backend.stream(request, stop or threading.Event()))


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextPiece))


def test_prefill_then_text_then_one_finish(any_backend: Backend, prompt: str, answer: str) -> None:
    events = run(any_backend, GenerationRequest(prompt, 200, sampling=GREEDY))
    assert text_of(events) == answer
    kinds = [type(event) for event in events]
    first_text = kinds.index(TextPiece)
    assert set(kinds[:first_text]) == {Prefilled}
    assert set(kinds[first_text:-1]) == {TextPiece}
    last = events[-1]
    assert isinstance(last, Finished)
    assert last.reason == "stop"
    assert last.seconds >= 0
    counts = [event.reply_tokens for event in events if isinstance(event, TextPiece)]
    assert counts == sorted(counts)
    assert last.reply_tokens >= counts[-1]
    read = [event for event in events if isinstance(event, Prefilled)]
    assert read[-1].done_tokens == read[-1].prompt_tokens
    # Before a server has answered there is only an estimate.
    assert last.prompt_tokens == read[-1].prompt_tokens or any_backend.device == "remote"


def test_the_same_prompt_again_reuses_all_but_one_token(any_backend: Backend, prompt: str) -> None:
    if any_backend.device == "remote":
        pytest.skip("what a server reuses is its own business")
    long = f"{prompt} 그리고 설정을 확인하십시오."
    run(any_backend, GenerationRequest(long, 3, sampling=GREEDY))
    events = run(any_backend, GenerationRequest(long, 3, sampling=GREEDY))
    assert isinstance(events[0], Prefilled)
    assert events[0].reused_tokens == events[0].prompt_tokens - 1


def test_the_limit_ends_it(any_backend: Backend, prompt: str, answer: str) -> None:
    events = run(any_backend, GenerationRequest(prompt, 3, sampling=GREEDY))
    last = events[-1]
    assert isinstance(last, Finished)
    assert (last.reason, last.reply_tokens) == ("length", 3)
    assert answer.startswith(text_of(events))


def test_a_limit_of_zero_only_reads_the_prompt(any_backend: Backend, prompt: str) -> None:
    events = run(any_backend, GenerationRequest(prompt, 0))
    assert {type(event) for event in events} == {Prefilled, Finished}
    last = events[-1]
    assert isinstance(last, Finished)
    assert (last.reason, last.reply_tokens) == ("length", 0)


@pytest.mark.parametrize("stops", [("날씨가 좋",), ("씨가", "😀"), ("없는 글", " 날씨")])
def test_stop_strings_over_token_borders(any_backend: Backend, prompt: str, answer: str, stops: tuple[str, ...]) -> None:
    events = run(any_backend, GenerationRequest(prompt, 200, stop=stops, sampling=GREEDY))
    assert text_of(events) == answer[: min(at for stop in stops if (at := answer.find(stop)) >= 0)]
    last = events[-1]
    assert isinstance(last, Finished)
    assert last.reason == "stop"


def test_stop_before_it_begins(any_backend: Backend, prompt: str) -> None:
    stop = threading.Event()
    stop.set()
    events = run(any_backend, GenerationRequest(prompt, 200, sampling=GREEDY), stop)
    last = events[-1]
    assert isinstance(last, Finished)
    assert (last.reason, last.reply_tokens) == ("cancelled", 0)


def test_stop_within_one_token(any_backend: Backend, prompt: str, answer: str) -> None:
    stop = threading.Event()
    events: list[Event] = []
    for event in any_backend.stream(GenerationRequest(prompt, 200, sampling=GREEDY), stop):
        events.append(event)
        if isinstance(event, TextPiece) and event.reply_tokens >= 4:
            stop.set()
    last = events[-1]
    assert isinstance(last, Finished)
    assert last.reason == "cancelled"
    assert last.reply_tokens <= 5
    assert answer.startswith(text_of(events))
    # and it works again
    assert text_of(run(any_backend, GenerationRequest(prompt, 200, sampling=GREEDY))) == answer


def test_closing_the_iterator_leaves_it_usable(any_backend: Backend, prompt: str, answer: str) -> None:
    events = any_backend.stream(GenerationRequest(prompt, 200, sampling=GREEDY), threading.Event())
    while not isinstance(next(events), TextPiece):
        pass
    events.close()  # type: ignore[attr-defined]  # both are generators
    assert text_of(run(any_backend, GenerationRequest(prompt, 200, sampling=GREEDY))) == answer


def test_a_prompt_longer_than_the_context_is_refused(any_backend: Backend, prompt: str, answer: str) -> None:
    with pytest.raises(ModelError) as caught:
        run(any_backend, GenerationRequest(f"{answer} " * 40, 10))
    assert caught.value.key == "prompt_too_long"
    assert caught.value.params["context"] == 256
    # An error is one request's.
    assert text_of(run(any_backend, GenerationRequest(prompt, 200, sampling=GREEDY))) == answer


def test_a_seed_repeats_itself(any_backend: Backend, prompt: str) -> None:
    drawn = GenerationRequest(prompt, 12, sampling=Sampling(temperature=1.5, seed=7))
    first = text_of(run(any_backend, drawn))
    run(any_backend, GenerationRequest(prompt, 3, sampling=Sampling(temperature=1.5, seed=8)))
    assert text_of(run(any_backend, drawn)) == first != ""


def test_a_reused_prefix_says_what_a_fresh_start_says(any_backend: Backend, prompt: str, answer: str) -> None:
    second = GenerationRequest(f"{prompt}{answer}<|end|><|user|>또?<|end|><|assistant|>", 12, sampling=GREEDY)
    other = GenerationRequest("<|system|>아무 상관 없는 글", 1, sampling=GREEDY)
    run(any_backend, other)
    fresh = run(any_backend, second)
    run(any_backend, other)
    run(any_backend, GenerationRequest(prompt, 200, sampling=GREEDY))
    warm = run(any_backend, second)
    assert text_of(warm) == text_of(fresh) != ""
    if any_backend.device != "remote" and not isinstance(any_backend, ScriptedBackend):
        # At most the first token is shared with the other text. The scripted one counts words.
        reused = [events[0].reused_tokens for events in (fresh, warm) if isinstance(events[0], Prefilled)]
        assert reused[0] <= 1
        assert reused[1] > 10


def test_counts_are_those_of_the_prompt(any_backend: Backend, prompt: str) -> None:
    assert any_backend.count_tokens("") == 0
    if any_backend.device == "remote":
        pytest.skip("a server's tokens are estimated")
    last = run(any_backend, GenerationRequest(prompt, 1))[-1]
    assert isinstance(last, Finished)
    assert 0 <= last.prompt_tokens - any_backend.count_tokens(prompt) <= 1


def test_a_closed_backend_says_so(any_backend: Backend, prompt: str) -> None:
    any_backend.close()
    with pytest.raises(ModelError) as caught:
        run(any_backend, GenerationRequest(prompt, 1))
    assert caught.value.key == "engine_closed"


def test_the_reply_ends_where_the_context_does(checkpoint: Path, open_folder: Callable[..., LocalBackend], prompt: str) -> None:
    backend = open_folder(checkpoint, context_tokens=20)
    last = run(backend, GenerationRequest(prompt, 200, sampling=GREEDY))[-1]
    assert isinstance(last, Finished)
    assert last.reason == "length"
    assert last.prompt_tokens + last.reply_tokens == 20


class TestScripted:
    def test_replies_come_in_order_and_requests_are_kept(self) -> None:
        backend = ScriptedBackend(["첫째"])
        backend.enqueue(["둘", "째"])
        requests = [GenerationRequest("하나"), GenerationRequest("둘")]
        assert [text_of(run(backend, request)) for request in requests] == ["첫째", "둘째"]
        assert backend.requests == requests
        with pytest.raises(LookupError):
            run(backend, GenerationRequest("셋"))

    def test_an_error_comes_after_the_pieces(self) -> None:
        backend = ScriptedBackend()
        backend.enqueue(["반"], error=ModelError("generation_failed"))
        seen: list[Event] = []
        with pytest.raises(ModelError):
            seen.extend(backend.stream(GenerationRequest("x"), threading.Event()))
        assert text_of(seen) == "반"
        assert text_of(run(ScriptedBackend("한 조각"), GenerationRequest("x"))) == "한 조각"

    def test_stop_cuts_a_delay_short(self) -> None:
        backend = ScriptedBackend()
        backend.enqueue(["a", "b"], delay_s=30)
        stop = threading.Event()
        threading.Timer(0.05, stop.set).start()
        last = run(backend, GenerationRequest("x"), stop)[-1]
        assert isinstance(last, Finished)
        assert last.reason == "cancelled"
        assert last.seconds < 5
